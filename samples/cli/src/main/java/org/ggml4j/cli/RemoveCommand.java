package org.ggml4j.cli;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.ggml4j.hub.ModelFolder;
import org.ggml4j.hub.StoredModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code rm}: removes a model from the user's model folder. */
@Command(
    name = "rm",
    description = "Removes a model that was pulled, or what has arrived of one.",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class RemoveCommand implements Callable<Integer> {
  private final Streams streams;
  private final Map<String, String> environment;
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "NAME", description = "A name that \"ggml4j models\" shows.")
  private String name;

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask.")
  private boolean yes;

  @Mixin private Common common;

  RemoveCommand(Streams streams, Map<String, String> environment) {
    this.streams = streams;
    this.environment = environment;
  }

  @Override
  public Integer call() throws IOException {
    ModelFolder folder = ModelFolder.ofEnvironment(environment);
    StoredModel model;
    try {
      model =
          folder
              .find(name)
              .orElseThrow(
                  () ->
                      new FileNotFoundException(
                          "there is no model "
                              + name
                              + " in "
                              + folder.root()
                              + "; \"ggml4j models\" shows those there are"));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    String what = model.name() + " (" + Figures.bytes(model.size()) + ")";
    if (!yes && !confirmed(what)) {
      streams.err().println("nothing was removed");
      return Errors.FAILED;
    }
    folder.remove(model);
    if (common.verbose) {
      model.files().forEach(streams.err()::println);
    }
    streams.err().println("removed " + what);
    return 0;
  }

  private boolean confirmed(String what) throws IOException {
    if (!streams.terminals().in()) {
      throw new ParameterException(
          spec.commandLine(), "would remove " + what + ": say --yes where nobody can be asked");
    }
    streams.err().print("remove " + what + "? [y/N] ");
    streams.err().flush();
    String answer =
        new BufferedReader(new InputStreamReader(streams.in(), StandardCharsets.UTF_8)).readLine();
    return answer != null && Set.of("y", "yes").contains(answer.strip().toLowerCase(Locale.ROOT));
  }
}
