package org.ggml4j.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufWriter;

/**
 * Records the tokens of {@link RecordedTokensTest}. Run by hand when a new release of llama.cpp is
 * pinned:
 *
 * <pre>ReferenceRecorder MODELS_FOLDER OUTPUT COMMAND ARGUMENT...</pre>
 *
 * <p>The command is one that {@link Reference} can run.
 */
final class ReferenceRecorder {
  private final Reference reference;
  private final List<String> lines = new ArrayList<>();

  private ReferenceRecorder(Reference reference) {
    this.reference = reference;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length < 3) {
      System.err.println("usage: ReferenceRecorder MODELS_FOLDER OUTPUT COMMAND ARGUMENT...");
      System.exit(2);
    }
    ReferenceRecorder recorder =
        new ReferenceRecorder(new Reference(Arrays.asList(args).subList(2, args.length)));
    recorder.recordFolder(Path.of(args[0]));
    recorder.recordSynthetic();
    Files.write(Path.of(args[1]), recorder.lines);
  }

  private void recordFolder(Path models) throws IOException, InterruptedException {
    List<Path> vocabs;
    try (Stream<Path> files = Files.list(models)) {
      vocabs = files.filter(p -> p.toString().endsWith(".gguf")).sorted().toList();
    }
    for (Path vocab : vocabs) {
      ReferenceCases.Digests digests = digests(vocab, ReferenceCases.texts());
      lines.add(vocab.getFileName() + "\t" + digests.all() + "\t" + digests.each());
    }
  }

  private void recordSynthetic() throws IOException, InterruptedException {
    Path vocab = Files.createTempFile("vocab", ".gguf");
    try {
      for (Map.Entry<String, GgufMetadata> e : SyntheticVocabularies.all().entrySet()) {
        GgufWriter writer = GgufWriter.create().metadata(e.getValue());
        for (String key : e.getValue().keys()) {
          if (key.endsWith("_token_id")) {
            writer.remove(key).putUint32(key, e.getValue().getInt(key));
          }
        }
        writer.write(vocab);
        lines.add(e.getKey() + "\t" + digests(vocab, ReferenceCases.fewerTexts()).all());
      }
    } finally {
      Files.deleteIfExists(vocab);
    }
  }

  private ReferenceCases.Digests digests(Path vocab, List<String> texts)
      throws IOException, InterruptedException {
    return new ReferenceCases.Digests(
        reference.tokens(vocab, texts, false), reference.tokens(vocab, texts, true));
  }
}
