package org.ggml4j.cli;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Files that a command writes. */
final class Outputs {
  private Outputs() {}

  /**
   * A name beside a file to be written; the complete file then gets its own. Also finds out early
   * that it could not.
   */
  static Path temporary(Path output) throws IOException {
    requireWritable(output);
    Path folder = Objects.requireNonNull(output.toAbsolutePath().getParent());
    return folder.resolve(
        "." + output.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
  }

  /**
   * @throws FileSystemException if the file could not be written there, for a reason that is known
   *     now
   */
  static void requireWritable(Path output) throws FileSystemException {
    Path folder = output.toAbsolutePath().getParent();
    if (Files.isDirectory(output) || folder == null) {
      throw new FileSystemException(output.toString(), null, "is a folder, a file was expected");
    }
    if (!Files.isDirectory(folder)) {
      throw new FileSystemException(output.toString(), null, "there is no folder " + folder);
    }
    if (!Files.isWritable(folder)) {
      throw new FileSystemException(output.toString(), null, "the folder can't be written to");
    }
  }
}
