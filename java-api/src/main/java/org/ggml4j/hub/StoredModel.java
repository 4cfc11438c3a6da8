package org.ggml4j.hub;

import java.nio.file.Path;
import java.util.List;

/**
 * A model in the model folder.
 *
 * @param name what it is called: a name that can be pulled, or the path in the folder if it came
 *     there in another way
 * @param files its files in order, one unless it is split; of one that is not complete, those that
 *     are to be
 * @param size bytes on disk
 * @param complete whether all of it is there; if not, pulling it again goes on
 * @param checked whether each file was compared with a checksum that the server named
 */
public record StoredModel(
    String name, List<Path> files, long size, boolean complete, boolean checked) {
  /** Copies the list. */
  public StoredModel {
    files = List.copyOf(files);
  }

  /** The file to open; that of a split model opens all. */
  public Path file() {
    return files.get(0);
  }
}
