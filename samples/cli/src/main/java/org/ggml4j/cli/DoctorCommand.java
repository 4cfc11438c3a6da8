package org.ggml4j.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code doctor}: what the command runs on, and why. */
@Command(
    name = "doctor",
    description = {
      "Says what the command runs on and why: libraries, devices, CPU features, Java.",
      "Exit code 1 if models can't be run here; the reason and what to do are then said."
    },
    sortOptions = false,
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DoctorCommand implements Callable<Integer> {
  private final Streams streams;

  @Option(names = "--json", description = "Write one JSON object.")
  private boolean json;

  @Mixin private Common common;

  DoctorCommand(Streams streams) {
    this.streams = streams;
  }

  @Override
  public Integer call() throws IOException {
    Diagnosis diagnosis = Diagnosis.make();
    if (json) {
      try (Json lines = new Json(streams.out())) {
        lines.line(
            o -> {
              o.writeBooleanField("ok", diagnosis.ok());
              for (Diagnosis.Section section : diagnosis.sections()) {
                o.writeObjectFieldStart(key(section.name()));
                for (Diagnosis.Fact fact : section.facts()) {
                  o.writeStringField(key(fact.name()), fact.value());
                  if (!fact.why().isEmpty()) {
                    o.writeStringField(key(fact.name()) + "_why", fact.why());
                  }
                }
                o.writeEndObject();
              }
            });
      }
    } else {
      for (Diagnosis.Section section : diagnosis.sections()) {
        streams.out().println(section.name());
        Table table = new Table(2);
        for (Diagnosis.Fact fact : section.facts()) {
          String name = fact.name();
          for (String line : fact.value().lines().toList()) {
            table.row(name, line.strip());
            name = "";
          }
        }
        table.print(streams.out(), "  ");
        for (Diagnosis.Fact fact : section.facts()) {
          if (!fact.why().isEmpty()) {
            streams.out().println("  - " + fact.name() + ": " + fact.why());
          }
        }
        streams.out().println();
      }
    }
    if (common.verbose) {
      diagnosis.failure().ifPresent(e -> e.printStackTrace(streams.err()));
    }
    if (!diagnosis.ok()) {
      streams.err().println("ggml4j: models can't be run here; see above for what to do");
      return Errors.FAILED;
    }
    return 0;
  }

  private static String key(String name) {
    return name.replace(' ', '_').replace('-', '_');
  }
}
