package org.ggml4j;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Records the fixtures of the test rows from llama.cpp, which {@link Reference} says how to call:
 *
 * <pre>FixtureRecorder FOLDER [REGEX]</pre>
 *
 * <p>FOLDER is {@code java-api/src/test/resources/arch}; REGEX limits it to rows whose names match.
 */
public final class FixtureRecorder {
  private FixtureRecorder() {}

  /** See the class. */
  public static void main(String[] args) throws IOException {
    PrintStream out = System.out;
    if (args.length < 1 || args.length > 2) {
      out.println("usage: FixtureRecorder FOLDER [REGEX]");
      return;
    }
    Path folder = Path.of(args[0]).toAbsolutePath();
    Pattern names = Pattern.compile(args.length > 1 ? args[1] : ".*");
    Path temporary = Files.createTempDirectory("toys");
    for (Toy toy : Toys.all()) {
      if (names.matcher(toy.name()).matches()) {
        Path model = toy.write(temporary);
        Path to = folder.resolve(toy.name() + ".f32");
        Reference.write(model, Logit.tokens(ParityTest.N, toy.nVocab()), to);
        Files.delete(model);
        out.println(toy.name() + ": " + Files.size(to) + " bytes");
      }
    }
    for (Toy toy : EncoderToys.all()) {
      if (names.matcher(toy.name()).matches()) {
        Path model = toy.write(temporary);
        Path to = folder.resolve(toy.name() + ".f32");
        Reference.writeEmbeddings(model, Logit.tokens(ParityTest.N, toy.nVocab()), to);
        Files.delete(model);
        out.println(toy.name() + ": " + Files.size(to) + " bytes");
      }
    }
    Files.delete(temporary);
  }
}
