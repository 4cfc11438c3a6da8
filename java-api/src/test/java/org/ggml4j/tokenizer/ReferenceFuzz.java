package org.ggml4j.tokenizer;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.ggml4j.gguf.GgufFile;

/**
 * Compares the tokens of random strings with those of a reference, such as a small program on
 * llama.cpp's library. Run by hand:
 *
 * <pre>ReferenceFuzz VOCAB.gguf COUNT SEED COMMAND ARGUMENT...</pre>
 *
 * <p>The command is one that {@link Reference} can run. Prints what differs; exit status 1 if
 * anything does.
 */
final class ReferenceFuzz {
  private static final int BATCH = 20_000;
  private static final int SHOWN = 20;

  private final Tokenizer tokenizer;
  private final Path vocab;
  private final Reference reference;
  private final PrintStream out;
  private int different;

  private ReferenceFuzz(Tokenizer tokenizer, Path vocab, Reference reference, PrintStream out) {
    this.tokenizer = tokenizer;
    this.vocab = vocab;
    this.reference = reference;
    this.out = out;
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length < 4) {
      System.err.println("usage: ReferenceFuzz VOCAB.gguf COUNT SEED COMMAND ARGUMENT...");
      System.exit(2);
    }
    Path vocab = Path.of(args[0]);
    int count = Integer.parseInt(args[1]);
    long seed = Long.parseLong(args[2]);
    Reference reference = new Reference(Arrays.asList(args).subList(3, args.length));
    try (GgufFile file = GgufFile.open(vocab)) {
      Tokenizer tokenizer = Tokenizer.of(file.metadata());
      ReferenceFuzz fuzz = new ReferenceFuzz(tokenizer, vocab, reference, System.out);
      int different = fuzz.run(count, seed);
      System.out.println(
          vocab.getFileName() + ": " + count + " strings twice, " + different + " different");
      System.exit(different == 0 ? 0 : 1);
    }
  }

  private int run(int count, long seed) throws IOException, InterruptedException {
    TextGenerator generator = new TextGenerator(seed, specialTexts(tokenizer.vocab()));
    for (int done = 0; done < count; done += BATCH) {
      List<String> texts = new ArrayList<>();
      for (int i = done; i < Math.min(count, done + BATCH); i++) {
        texts.add(generator.next());
      }
      compare(texts, false);
      compare(texts, true);
    }
    return different;
  }

  static List<String> specialTexts(Vocab vocab) {
    List<String> texts = new ArrayList<>();
    for (int id = 0; id < vocab.size(); id++) {
      if (vocab.type(id).isAdded() && !vocab.text(id).contains("\0")) {
        texts.add(vocab.text(id));
      }
    }
    return texts;
  }

  private void compare(List<String> texts, boolean special)
      throws IOException, InterruptedException {
    List<int[]> expected = reference.tokens(vocab, texts, special);
    EncodeOptions options = EncodeOptions.plain().withParseSpecial(special);
    for (int i = 0; i < texts.size(); i++) {
      int[] ids = tokenizer.encode(texts.get(i), options);
      if (!Arrays.equals(ids, expected.get(i)) && different++ < SHOWN) {
        out.println((special ? "special " : "plain ") + escaped(texts.get(i)));
        out.println("  expected " + shown(expected.get(i)));
        out.println("  found    " + shown(ids));
      }
    }
  }

  private String shown(int[] ids) {
    return Arrays.stream(ids)
        .mapToObj(id -> id + "=" + (id < 0 ? "?" : escaped(tokenizer.vocab().text(id))))
        .collect(Collectors.joining(" "));
  }

  private static String escaped(String text) {
    StringBuilder s = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            cp -> {
              if (cp >= ' ' && cp < 0x7F && cp != '"' && cp != '\\') {
                s.append((char) cp);
              } else {
                s.append("\\u{").append(Integer.toHexString(cp)).append('}');
              }
            });
    return s.append('"').toString();
  }
}
