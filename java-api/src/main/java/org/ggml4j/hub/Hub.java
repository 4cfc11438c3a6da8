package org.ggml4j.hub;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Collectors;

/**
 * Fetches models into a {@link ModelFolder}.
 *
 * <pre>{@code
 * Hub hub = Hub.of(HubOptions.ofEnvironment(System.getenv()), ModelFolder.ofEnvironment(System.getenv()));
 * StoredModel model = hub.pull(ModelName.of("hf:owner/repository:Q4_K_M"), progress -> true);
 * try (Model m = Model.load(model.file())) { ... }
 * }</pre>
 *
 * <p>A file arrives under a hidden name, in ranges over several connections, and gets its own when
 * it is whole and its checksum is the one that the hub names. A pull that ends before that leaves
 * what has arrived, and the next one asks for the rest; if the server's file has changed, it begins
 * anew. Safe for use by several threads and processes: of two that pull the same file the second
 * fails at once.
 */
public final class Hub {
  private final HubOptions options;
  private final ModelFolder folder;
  private final Tuning tuning;

  private Hub(HubOptions options, ModelFolder folder, Tuning tuning) {
    this.options = options;
    this.folder = folder;
    this.tuning = tuning;
  }

  /** A hub that fetches into that folder. */
  public static Hub of(HubOptions options, ModelFolder folder) {
    return of(options, folder, Tuning.standard());
  }

  static Hub of(HubOptions options, ModelFolder folder, Tuning tuning) {
    return new Hub(options, folder, tuning);
  }

  /** A file to fetch and where it goes. */
  private record Job(Source source, Path target) {}

  /**
   * Fetches a model, or what is missing of it. One that is there, and is what the server has now,
   * is left alone.
   *
   * @param listener is told how far it is, and may end it
   * @throws HubException if the model can't be had, or arrived damaged
   * @throws CancellationException if the listener, or an interruption of this thread, ended it;
   *     what has arrived is kept
   * @throws IOException if the folder can't be written
   */
  public StoredModel pull(ModelName name, PullProgress.Listener listener) throws IOException {
    if (options.offline()) {
      return folder
          .find(name)
          .filter(StoredModel::complete)
          .orElseThrow(
              () ->
                  new HubException(
                      name + " is not in " + folder.root() + ", and the network is switched off"));
    }
    // In a thread of its own: an interruption would close the files under the writers.
    Stop stop = new Stop();
    FutureTask<StoredModel> task = new FutureTask<>(() -> pull(name, listener, stop));
    Thread.ofPlatform().daemon().name("ggml4j-pull").start(task);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
          stop.request();
        }
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException io) {
        throw io;
      }
      if (e.getCause() instanceof CancellationException c) {
        throw c;
      }
      throw new IllegalStateException("pulling " + name, e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private StoredModel pull(ModelName name, PullProgress.Listener listener, Stop stop)
      throws IOException {
    try (Http http = new Http(options, tuning)) {
      List<Job> jobs =
          name instanceof ModelName.Hub hub
              ? hubJobs(hub, http, stop)
              : urlJobs((ModelName.Url) name);
      OptionalLong total = total(jobs);
      requireSpace(jobs, total);
      long before = 0;
      for (Job job : jobs) {
        long begin = before;
        Object turn = new Object();
        Download.Watcher watcher =
            (phase, done, size) -> {
              OptionalLong all = total;
              if (all.isEmpty() && size >= 0 && jobs.size() == 1) {
                all = OptionalLong.of(size);
              }
              String file = String.valueOf(job.target.getFileName());
              synchronized (turn) {
                if (!listener.at(new PullProgress(phase, file, begin + done, all))) {
                  stop.request();
                }
              }
            };
        fetch(job, http, watcher, stop);
        stop.check();
        before += Files.size(job.target);
      }
      Path first = jobs.get(0).target;
      return folder
          .ofFile(first)
          .orElseThrow(() -> new HubException(first + " was removed by somebody meanwhile"));
    }
  }

  private List<Job> hubJobs(ModelName.Hub name, Http http, Stop stop) throws IOException {
    HubApi api = new HubApi(http, options.endpoint(), tuning, stop);
    HubApi.Listing listing = api.list(name);
    List<String> paths = listing.files().stream().map(HubApi.Entry::path).toList();
    String first = FileChoice.choose(paths, name.choice()).orElseThrow(() -> notThere(name, paths));
    List<Job> jobs = new ArrayList<>();
    for (String path : FileChoice.files(first)) {
      HubApi.Entry entry =
          listing.files().stream()
              .filter(e -> e.path().equals(path))
              .findFirst()
              .orElseThrow(
                  () -> new HubException(name + " is not whole: the hub has no file " + path));
      OptionalLong size = entry.size() < 0 ? OptionalLong.empty() : OptionalLong.of(entry.size());
      URI uri = api.file(name, listing.commit(), path);
      jobs.add(new Job(new Source(uri, size, entry.checksum()), folder.target(name, path)));
    }
    return jobs;
  }

  private static HubException notThere(ModelName.Hub name, List<String> paths) {
    List<String> models = paths.stream().filter(FileChoice::isFirstOfModel).toList();
    if (models.isEmpty()) {
      return new HubException(name + " has no GGUF file: look for a repository that has");
    }
    String has =
        models.stream()
            .map(path -> FileChoice.level(path).orElse(path))
            .collect(Collectors.toCollection(TreeSet::new))
            .stream()
            .limit(24)
            .collect(Collectors.joining(", "));
    return new HubException(
        "there is no "
            + name.choice().orElse("model")
            + " in hf:"
            + name.owner()
            + "/"
            + name.repository()
            + "; it has "
            + has);
  }

  private List<Job> urlJobs(ModelName.Url name) throws IOException {
    String raw = name.uri().getRawPath();
    List<Job> jobs = new ArrayList<>();
    for (String path : FileChoice.files(FileChoice.first(raw))) {
      URI uri = URI.create(name.uri().toString().replace(raw, path));
      jobs.add(
          new Job(
              new Source(uri, OptionalLong.empty(), Optional.empty()),
              folder.target(new ModelName.Url(uri))));
    }
    return jobs;
  }

  private static OptionalLong total(List<Job> jobs) {
    return jobs.stream().allMatch(j -> j.source.size().isPresent())
        ? OptionalLong.of(jobs.stream().mapToLong(j -> j.source.size().orElse(0)).sum())
        : OptionalLong.empty();
  }

  private static void requireSpace(List<Job> jobs, OptionalLong total) throws IOException {
    long present = 0;
    for (Job job : jobs) {
      Files.createDirectories(job.target.getParent());
      if (Files.exists(job.target)) {
        present += Files.size(job.target);
      }
      present +=
          PullRecord.read(PullRecord.journal(job.target)).stream()
              .flatMap(j -> j.finished().stream())
              .mapToLong(Ranges.Range::length)
              .sum();
    }
    if (total.isPresent()) {
      PartFile.requireSpace(jobs.get(0).target, total.getAsLong() - present);
    }
  }

  @SuppressWarnings("try") // held, not used
  private void fetch(Job job, Http http, Download.Watcher watcher, Stop stop) throws IOException {
    try (PullLock lock = PullLock.take(job.target)) {
      if (!isCurrent(job, http, watcher, stop)) {
        new Download(http, tuning, stop, options.connections(), job.source, job.target, watcher)
            .run();
      }
    }
  }

  /** Whether the file is there, and is what the server has. */
  private boolean isCurrent(Job job, Http http, Download.Watcher watcher, Stop stop)
      throws IOException {
    if (!Files.isRegularFile(job.target)) {
      return false;
    }
    long size = Files.size(job.target);
    if (size != job.source.size().orElse(size)) {
      return false;
    }
    Optional<PullRecord> known =
        PullRecord.read(PullRecord.besideFile(job.target)).filter(r -> r.size() == size);
    Optional<Checksum> expected = job.source.checksum();
    if (expected.isEmpty()) {
      return known.isPresent() && new Freshness(http, tuning, stop).isSame(job.source, known.get());
    }
    if (known.isPresent() && known.get().checksum().isPresent()) {
      return known.get().checksum().equals(expected);
    }
    // It came here in another way, or its record got lost.
    try (FileChannel channel = FileChannel.open(job.target, StandardOpenOption.READ)) {
      Checksum found =
          Checksum.compute(
              expected.get().kind(),
              channel,
              done -> {
                stop.check();
                watcher.at(PullProgress.Phase.CHECKING, done, size);
              });
      if (!found.equals(expected.get())) {
        return false;
      }
    }
    new PullRecord(job.source.shown(), size, "", expected, List.of())
        .write(PullRecord.besideFile(job.target));
    return true;
  }
}
