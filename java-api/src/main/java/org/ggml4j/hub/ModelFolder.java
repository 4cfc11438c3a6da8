package org.ggml4j.hub;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The folder that keeps the user's models: {@code hf/OWNER/REPOSITORY/...} and {@code
 * url/HOST/...}. It is plain files: GGUF files that were put there in another way are found too.
 * Needs no network.
 */
public final class ModelFolder {
  private static final String HUB = "hf";
  private static final String URL = "url";
  private static final String SUFFIX = ".gguf";
  private static final String PART_SUFFIX = ".gguf.part";

  private final Path root;

  private ModelFolder(Path root) {
    this.root = root.toAbsolutePath().normalize();
  }

  /** That folder; it need not exist yet. */
  public static ModelFolder of(Path root) {
    return new ModelFolder(root);
  }

  /**
   * The user's folder: {@code GGML4J_MODELS} if it is set, else {@code ggml4j/models} in {@code
   * XDG_DATA_HOME}, or where the system keeps such data: {@code ~/.local/share}, {@code
   * ~/Library/Application Support} or {@code %LOCALAPPDATA%}.
   */
  public static ModelFolder ofEnvironment(Map<String, String> environment) {
    String own = environment.getOrDefault("GGML4J_MODELS", "");
    if (!own.isBlank()) {
      return of(Path.of(own));
    }
    return of(
        data(
                environment,
                System.getProperty("os.name", ""),
                Path.of(System.getProperty("user.home", ".")))
            .resolve("ggml4j")
            .resolve("models"));
  }

  static Path data(Map<String, String> environment, String system, Path home) {
    String xdg = environment.getOrDefault("XDG_DATA_HOME", "");
    if (!xdg.isBlank() && Path.of(xdg).isAbsolute()) { // others are to be ignored, says the XDG
      return Path.of(xdg);
    }
    if (system.startsWith("Windows")) {
      String local = environment.getOrDefault("LOCALAPPDATA", "");
      return local.isBlank() ? home.resolve("AppData").resolve("Local") : Path.of(local);
    }
    return system.startsWith("Mac")
        ? home.resolve("Library").resolve("Application Support")
        : home.resolve(".local").resolve("share");
  }

  /** Where it is. */
  public Path root() {
    return root;
  }

  Path target(ModelName.Hub name, String path) throws HubException {
    return SafeName.resolve(repository(name), path);
  }

  Path target(ModelName.Url name) throws HubException {
    return SafeName.resolve(root.resolve(URL), name.place());
  }

  private Path repository(ModelName.Hub name) {
    return root.resolve(HUB).resolve(name.owner()).resolve(name.repository());
  }

  /** All models by name, also those that are not complete. */
  public List<StoredModel> list() throws IOException {
    TreeSet<String> firsts = new TreeSet<>();
    for (String path : paths(root)) {
      firsts.add(FileChoice.first(path));
    }
    List<StoredModel> models = new ArrayList<>();
    for (String first : firsts) {
      ofFile(root.resolve(first)).ifPresent(models::add);
    }
    models.sort(Comparator.comparing(StoredModel::name));
    return models;
  }

  /** Files under a folder, also those that are being fetched, as paths with slashes. */
  private static List<String> paths(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    TreeSet<String> found = new TreeSet<>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String path = slashes(folder.relativize(file));
            int name = path.lastIndexOf('/') + 1;
            if (path.charAt(name) != '.' && path.toLowerCase(Locale.ROOT).endsWith(SUFFIX)) {
              found.add(path);
            } else if (path.charAt(name) == '.' && path.endsWith(PART_SUFFIX)) {
              found.add(
                  path.substring(0, name)
                      + path.substring(name + 1, path.length() - ".part".length()));
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return List.copyOf(found);
  }

  private static String slashes(Path path) {
    List<String> names = new ArrayList<>();
    path.forEach(name -> names.add(name.toString()));
    return String.join("/", names);
  }

  /** The model whose first file this is, if any of it is there. */
  Optional<StoredModel> ofFile(Path first) throws IOException {
    List<Path> files = new ArrayList<>();
    long size = 0;
    boolean complete = true;
    boolean checked = true;
    for (String name : FileChoice.files(String.valueOf(first.getFileName()))) {
      Path file = first.resolveSibling(name);
      files.add(file);
      if (Files.isRegularFile(file)) {
        size += Files.size(file);
        checked &=
            PullRecord.read(PullRecord.besideFile(file)).flatMap(PullRecord::checksum).isPresent();
      } else {
        complete = false;
        size +=
            PullRecord.read(PullRecord.journal(file)).stream()
                .flatMap(j -> j.finished().stream())
                .mapToLong(Ranges.Range::length)
                .sum();
      }
    }
    boolean any = false;
    for (Path file : files) {
      any |= Files.isRegularFile(file) || Files.isRegularFile(PullRecord.part(file));
    }
    return any
        ? Optional.of(new StoredModel(name(first), files, size, complete, complete && checked))
        : Optional.empty();
  }

  /** What a file of this folder is called. */
  private String name(Path first) throws IOException {
    String path = slashes(root.relativize(first));
    String[] parts = path.split("/", 4);
    if (parts[0].equals(HUB) && parts.length == 4) {
      String repository = ModelName.HUB_PREFIX + parts[1] + "/" + parts[2] + ":";
      Optional<String> level = FileChoice.level(parts[3]);
      Optional<String> chosen =
          level.isEmpty()
              ? Optional.empty()
              : FileChoice.choose(
                  paths(root.resolve(HUB).resolve(parts[1]).resolve(parts[2])), level);
      return repository + (chosen.equals(Optional.of(parts[3])) ? level.get() : parts[3]);
    }
    if (parts[0].equals(URL)) {
      Optional<PullRecord> record = PullRecord.read(PullRecord.besideFile(first));
      return record.or(() -> journal(first)).map(PullRecord::url).orElse(path);
    }
    return path;
  }

  private static Optional<PullRecord> journal(Path first) {
    try {
      return PullRecord.read(PullRecord.journal(first));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * The model of that name, if any of it is in the folder. Without a choice the one that a pull
   * would take, of those that are there.
   */
  public Optional<StoredModel> find(ModelName name) throws IOException {
    if (name instanceof ModelName.Url url) {
      Path file = target(url);
      return ofFile(file.resolveSibling(FileChoice.first(String.valueOf(file.getFileName()))));
    }
    ModelName.Hub hub = (ModelName.Hub) name;
    Optional<String> chosen = FileChoice.choose(paths(repository(hub)), hub.choice());
    return chosen.isPresent() ? ofFile(target(hub, chosen.get())) : Optional.empty();
  }

  /**
   * The model that a user means: by a name that can be pulled, with or without {@code hf:}, or by
   * its file's name with or without {@code .gguf}.
   *
   * @throws IllegalArgumentException if several models of the folder are called so, or if it is
   *     meant as a name that can be pulled and is not one
   */
  public Optional<StoredModel> find(String text) throws IOException {
    if (ModelName.isName(text)) {
      return find(ModelName.of(text));
    }
    List<StoredModel> found = list().stream().filter(model -> isCalled(model, text)).toList();
    if (found.size() > 1) {
      throw new IllegalArgumentException(
          "several models are called "
              + SafeName.printable(text)
              + ": "
              + found.stream().map(StoredModel::name).collect(Collectors.joining(", ")));
    }
    if (found.isEmpty() && text.matches("[^/:\\\\]+/[^/:\\\\]+(:[^/\\\\]+)?")) {
      ModelName name;
      try {
        name = ModelName.of(ModelName.HUB_PREFIX + text);
      } catch (IllegalArgumentException e) {
        return Optional.empty(); // it was never a name of the hub
      }
      return find(name);
    }
    return found.stream().findFirst();
  }

  private static boolean isCalled(StoredModel model, String text) {
    String file = String.valueOf(model.file().getFileName());
    return model.name().equals(text)
        || model.name().equals(ModelName.HUB_PREFIX + text)
        || file.equals(text)
        || file.equals(text + SUFFIX);
  }

  /**
   * Removes a model, also one that is not complete, and the folders that are then empty.
   *
   * @throws HubException if it is being pulled
   */
  @SuppressWarnings("try") // held, not used
  public void remove(StoredModel model) throws IOException {
    for (Path file : model.files()) {
      if (!file.startsWith(root)) {
        throw new IllegalArgumentException(file + " is not in " + root);
      }
      Path parent = file.getParent();
      if (parent == null || !Files.isDirectory(parent)) {
        continue;
      }
      try (PullLock lock = PullLock.take(file)) {
        Files.deleteIfExists(file);
        Files.deleteIfExists(PullRecord.part(file));
        Files.deleteIfExists(PullRecord.journal(file));
        Files.deleteIfExists(PullRecord.besideFile(file));
      }
    }
    Path folder = model.file().getParent();
    while (folder != null && !folder.equals(root) && isEmpty(folder)) {
      Files.deleteIfExists(folder);
      folder = folder.getParent();
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return true;
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.findAny().isEmpty();
    }
  }
}
