package org.ggml4j.cli;

import picocli.CommandLine.Option;

/** What every command knows. */
final class Common {
  @Option(
      names = "--verbose",
      description = "Say more on standard error, and where in the program an error comes from.")
  boolean verbose;
}
