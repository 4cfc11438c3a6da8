package org.ggml4j.bindings;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Puts the libraries of an index into a folder of the user's cache, once.
 *
 * <p>The folder's name holds the content's hash, and it appears whole or not at all: the files are
 * written into a folder of another name, which is then renamed. So any number of processes may do
 * this at the same time; the first one's folder stays. A folder whose files were changed since is
 * found out and replaced.
 */
final class Extraction {
  /** Lists, per library, size and time of last change at which its content was right. */
  private static final String VERIFIED = "verified.txt";

  private static final Duration ABANDONED = Duration.ofDays(1);

  /** Where a library's bytes come from. */
  interface Source {
    InputStream open(String name) throws IOException;
  }

  private final LibraryIndex index;
  private final Source source;
  private final Path cache;
  private final Path folder;

  /**
   * @param cache folder that holds the folders of all versions; made if it is not there
   */
  Extraction(LibraryIndex index, Source source, Path cache, Platform platform) {
    this.index = index;
    this.source = source;
    this.cache = cache;
    this.folder = cache.resolve(platform.name() + "-" + index.content().substring(0, 32));
  }

  /**
   * The folder that holds the libraries, extracted now if that has not been done, or has been
   * undone.
   */
  Path folder() throws IOException {
    if (isIntact(folder)) {
      return folder;
    }
    Files.createDirectories(cache);
    removeAbandoned(cache);
    Path fresh = cache.resolve("extracting-" + UUID.randomUUID());
    boolean kept = false;
    try {
      Files.createDirectory(fresh);
      for (LibraryIndex.Library library : index.libraries()) {
        extract(library, fresh.resolve(library.name()));
      }
      Files.writeString(fresh.resolve(VERIFIED), stamp(fresh));
      Path result = publish(fresh);
      kept = result.equals(fresh);
      return result;
    } finally {
      if (!kept) {
        deleteTree(fresh);
      }
    }
  }

  private void extract(LibraryIndex.Library library, Path target) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = source.open(library.name());
        DigestOutputStream out = new DigestOutputStream(Files.newOutputStream(target), digest)) {
      in.transferTo(out);
    }
    String hash = HexFormat.of().formatHex(digest.digest());
    if (!hash.equals(library.hash())) {
      throw new IOException(
          "The packed "
              + library.name()
              + " is damaged: its SHA-256 is "
              + hash
              + ", and the index says "
              + library.hash()
              + "; build or download the jar again");
    }
  }

  /**
   * Renames {@code fresh} to its lasting name, or takes the intact folder that another process put
   * there.
   */
  private Path publish(Path fresh) throws IOException {
    for (int attempt = 0; attempt < 100; attempt++) {
      try {
        Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
        return folder;
      } catch (AtomicMoveNotSupportedException e) {
        return fresh;
      } catch (FileSystemException e) {
        if (isIntact(folder)) {
          return folder;
        }
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
          moveAway(folder);
        } else if (attempt > 50) {
          throw e;
        }
      }
    }
    // Windows does not let go of a damaged folder while another process has a library of it loaded.
    return fresh;
  }

  private static void moveAway(Path damaged) throws IOException {
    Path away = damaged.resolveSibling("extracting-" + UUID.randomUUID());
    try {
      Files.move(damaged, away, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      return; // another process was quicker, or it is in use; the caller tries again
    }
    deleteTree(away);
  }

  /**
   * Whether {@code folder} holds all libraries as the index says. Cheap if nobody changed a file
   * since it was last compared: then size and time of change tell.
   */
  private boolean isIntact(Path folder) throws IOException {
    String stamp;
    try {
      stamp = stamp(folder);
      if (stamp.equals(readOrNull(folder.resolve(VERIFIED)))) {
        return sizesFit(folder);
      }
      for (LibraryIndex.Library library : index.libraries()) {
        if (!hash(folder.resolve(library.name())).equals(library.hash())) {
          return false;
        }
      }
    } catch (FileSystemException e) {
      return false;
    }
    Path written = Files.createTempFile(folder, "verified", ".tmp");
    Files.writeString(written, stamp);
    Files.move(
        written,
        folder.resolve(VERIFIED),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    return true;
  }

  private boolean sizesFit(Path folder) throws IOException {
    for (LibraryIndex.Library library : index.libraries()) {
      if (Files.size(folder.resolve(library.name())) != library.size()) {
        return false;
      }
    }
    return true;
  }

  private String stamp(Path folder) throws IOException {
    StringBuilder stamp = new StringBuilder();
    for (LibraryIndex.Library library : index.libraries()) {
      BasicFileAttributes attributes =
          Files.readAttributes(folder.resolve(library.name()), BasicFileAttributes.class);
      stamp
          .append(library.name())
          .append(' ')
          .append(attributes.size())
          .append(' ')
          .append(attributes.lastModifiedTime().toInstant())
          .append('\n');
    }
    return stamp.toString();
  }

  private static @Nullable String readOrNull(Path file) throws IOException {
    return Files.isRegularFile(file) ? Files.readString(file) : null;
  }

  private static String hash(Path file) throws IOException {
    MessageDigest digest = sha256();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }

  /** Removes what processes left behind that were ended while they extracted. */
  private static void removeAbandoned(Path cache) throws IOException {
    FileTime limit = FileTime.from(Instant.now().minus(ABANDONED));
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(cache, "extracting-*")) {
      for (Path folder : folders) {
        if (isOlder(folder, limit)) {
          deleteTree(folder);
        }
      }
    }
  }

  private static boolean isOlder(Path folder, FileTime limit) throws IOException {
    try {
      return Files.getLastModifiedTime(folder).compareTo(limit) < 0;
    } catch (NoSuchFileException e) {
      return false; // another process removed it
    }
  }

  /** Deletes as much as it can: what is left is removed another time. */
  private static boolean deleteTree(Path folder) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      return Files.deleteIfExists(folder);
    } catch (IOException | DirectoryIteratorException e) {
      return false;
    }
  }
}
