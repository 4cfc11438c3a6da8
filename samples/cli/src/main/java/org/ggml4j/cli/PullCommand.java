package org.ggml4j.cli;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import org.ggml4j.hub.Hub;
import org.ggml4j.hub.HubOptions;
import org.ggml4j.hub.ModelFolder;
import org.ggml4j.hub.ModelName;
import org.ggml4j.hub.StoredModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code pull}: fetches a model into the user's model folder. */
@Command(
    name = "pull",
    description = {
      "Fetches a model into your model folder and prints where it lies. If the name says no level:",
      "Q4_K_M, else Q8_0, else the first. What breaks off goes on with the same command; a model",
      "that is there is only compared with the server's."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    footer = {
      "",
      "Examples:",
      "  ggml4j pull hf:ggml-org/Qwen3-0.6B-GGUF:Q8_0",
      "  ggml4j generate -m hf:ggml-org/Qwen3-0.6B-GGUF:Q8_0 \"Once upon a time\"",
      "",
      "Environment: GGML4J_MODELS (the folder), HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE,"
          + " https_proxy,",
      "http_proxy, all_proxy, no_proxy."
    })
final class PullCommand implements Callable<Integer> {
  /** Java sends no password to a proxy of https unless this is empty. */
  private static final String TUNNELLING = "jdk.http.auth.tunneling.disabledSchemes";

  private final Streams streams;
  private final Map<String, String> environment;
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "NAME",
      description =
          "hf:OWNER/REPOSITORY[:LEVEL] of the Hugging Face hub, where LEVEL may also be a file's"
              + " path, or the URL of a GGUF file. Of a split model all parts are fetched.")
  private String name;

  @Option(
      names = "--connections",
      paramLabel = "N",
      description = "Connections at a time, 1 to 64. Default: ${DEFAULT-VALUE}.")
  private int connections = HubOptions.defaults().connections();

  @Option(names = "--offline", description = "Only look whether it is there.")
  private boolean offline;

  @Mixin private Common common;

  PullCommand(Streams streams, Map<String, String> environment) {
    this.streams = streams;
    this.environment = environment;
  }

  @Override
  public Integer call() throws IOException {
    ModelFolder folder = ModelFolder.ofEnvironment(environment);
    ModelName model;
    HubOptions options;
    try {
      model = ModelName.of(name);
      options = HubOptions.ofEnvironment(environment).withConnections(connections);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    if (System.getProperty(TUNNELLING) == null) {
      System.setProperty(TUNNELLING, "");
    }
    Hub hub = Hub.of(options.withOffline(offline || options.offline()), folder);
    if (common.verbose) {
      streams.err().println("into " + folder.root() + " with " + options);
    }
    try (Interruption interruption = Interruption.begin()) {
      Thread caller = Thread.currentThread();
      interruption.onInterrupt(caller::interrupt);
      return pull(hub, model); // the process ends as soon as the interruption is closed
    }
  }

  private int pull(Hub hub, ModelName model) throws IOException {
    StoredModel stored;
    String summary;
    try (PullDisplay display = new PullDisplay(streams, System::nanoTime)) {
      stored = hub.pull(model, display);
      summary = display.summary(stored);
    } catch (CancellationException e) {
      streams.err().println("ggml4j: stopped; the same command goes on from here");
      return Errors.FAILED;
    }
    streams.err().println(summary);
    streams.out().println(stored.file());
    return 0;
  }
}
