package org.ggml4j.arch;

import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.ggml4j.gguf.GgufFormatException;
import org.ggml4j.gguf.GgufMetadata;
import org.ggml4j.gguf.GgufValueType;

/**
 * The metadata keys below an architecture's name, such as {@code attention.sliding_window} for
 * {@code gemma2.attention.sliding_window}: how an architecture reads what only it knows.
 *
 * <p>A key that is missing, of another type or out of range is an UncheckedIOException around the
 * {@link GgufFormatException} that names it; loading a model gives that out. So weight maps can
 * read keys anywhere, in lambdas too.
 */
public final class Keys {
  private static final int MAX_SIZE = 1 << 24;

  private final Optional<GgufMetadata> metadata;
  private final String arch;
  private final Set<String> asked = ConcurrentHashMap.newKeySet();

  private Keys(Optional<GgufMetadata> metadata, String arch) {
    this.metadata = metadata;
    this.arch = arch;
  }

  /** The keys of a file. */
  public static Keys of(GgufMetadata metadata, String arch) {
    return new Keys(Optional.of(metadata), arch);
  }

  /** No keys at all: every one has its default. */
  public static Keys none(String arch) {
    return new Keys(Optional.empty(), arch);
  }

  private interface Reading<T> {
    T read(GgufMetadata metadata, String key) throws GgufFormatException;
  }

  private <T> T read(String key, Reading<T> reading) {
    if (!has(key)) {
      throw problem("missing, the architecture needs it", full(key));
    }
    return readFull(full(key), reading);
  }

  private <T> T readFull(String fullKey, Reading<T> reading) {
    try {
      return reading.read(metadata.orElseThrow(), fullKey);
    } catch (GgufFormatException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A complaint about a value, to be thrown. */
  public UncheckedIOException bad(String key, Object found, String expected) {
    return problem("expected " + expected + ", found " + found, full(key));
  }

  private static UncheckedIOException problem(String text, String fullKey) {
    return new UncheckedIOException(new GgufFormatException(text, null, -1, fullKey));
  }

  /** The key with the architecture's name before it. */
  String full(String key) {
    return arch + "." + key;
  }

  /** Whether the file has this key. */
  public boolean has(String key) {
    asked.add(key);
    return metadata.isPresent() && metadata.get().contains(full(key));
  }

  /**
   * States that keys of the file are not needed, for a reason to be told beside it; any other key
   * that nobody asked for and that says more than its default is an error.
   */
  public void ignore(String... keys) {
    asked.addAll(List.of(keys));
  }

  /** Whether somebody asked for the key, or stated that it is not needed. */
  boolean isAsked(String key) {
    return asked.contains(key);
  }

  /** The file's keys below the architecture's name, without that name. */
  List<String> names() {
    String prefix = arch + ".";
    return metadata.stream()
        .flatMap(m -> m.keys().stream())
        .filter(k -> k.startsWith(prefix))
        .map(k -> k.substring(prefix.length()))
        .toList();
  }

  /** A value of any type, as {@link GgufMetadata#get} gives it. */
  Object value(String key) {
    return read(key, GgufMetadata::get);
  }

  /** Whether the value is an array. */
  boolean isArray(String key) {
    return read(key, (m, k) -> m.type(k) == GgufValueType.ARRAY);
  }

  /** A number of something, 1 or more; the key must be there. */
  public int size(String key) {
    return checked(full(key), read(key, GgufMetadata::getLong), 1);
  }

  /** A number of something, 0 or more. */
  public int size(String key, int fallback) {
    return has(key) ? checked(full(key), read(key, GgufMetadata::getLong), 0) : fallback;
  }

  private static int checked(String fullKey, long value, int min) {
    if (value < min || value > MAX_SIZE) {
      throw problem("expected " + min + " to " + MAX_SIZE + ", found " + value, fullKey);
    }
    return (int) value;
  }

  /** A number of something, 0 or more, whose key does not begin with the architecture's name. */
  public int sharedSize(String fullKey, int fallback) {
    if (metadata.isEmpty() || !metadata.get().contains(fullKey)) {
      return fallback;
    }
    return checked(fullKey, readFull(fullKey, GgufMetadata::getLong), 0);
  }

  /** An integer of any sign and size. */
  public long integer(String key, long fallback) {
    return has(key) ? read(key, GgufMetadata::getLong) : fallback;
  }

  /** How many strings an array has. */
  public int count(String key, int fallback) {
    return has(key) ? read(key, (m, k) -> m.getStringArray(k).size()) : fallback;
  }

  /**
   * A number, 0 or more, for each of {@code n} layers: an array in the file, or one number for all.
   */
  public int[] sizes(String key, int n, int fallback) {
    int[] sizes = new int[n];
    if (!has(key) || !isArray(key)) {
      Arrays.fill(sizes, size(key, fallback));
      return sizes;
    }
    long[] found = read(key, GgufMetadata::getLongArray);
    checkLength(key, found.length, n);
    Arrays.setAll(sizes, i -> checked(full(key), found[i], 0));
    return sizes;
  }

  private void checkLength(String key, int found, int n) {
    if (found != n) {
      throw bad(key, "an array of " + found, "one number for each of " + n + " layers");
    }
  }

  /** Integers, as many as there are. */
  public int[] integers(String key) {
    return read(key, GgufMetadata::getIntArray);
  }

  /** A finite number; the key must be there. */
  public float number(String key) {
    float value = read(key, GgufMetadata::getFloat);
    if (!Float.isFinite(value)) {
      throw bad(key, value, "a finite number");
    }
    return value;
  }

  /** A finite number. */
  public float number(String key, float fallback) {
    return has(key) ? number(key) : fallback;
  }

  /** A finite number above 0; the key must be there. */
  public float positive(String key) {
    float value = number(key);
    if (value <= 0) {
      throw bad(key, value, "a number above 0");
    }
    return value;
  }

  /** A finite number above 0. */
  public float positive(String key, float fallback) {
    return has(key) ? positive(key) : fallback;
  }

  /** A finite number for each of {@code n} layers: an array in the file, or one for all. */
  public float[] numbers(String key, int n, float fallback) {
    float[] numbers = new float[n];
    if (!has(key) || !isArray(key)) {
      Arrays.fill(numbers, number(key, fallback));
      return numbers;
    }
    float[] found = read(key, GgufMetadata::getFloatArray);
    checkLength(key, found.length, n);
    for (float value : found) {
      if (!Float.isFinite(value)) {
        throw bad(key, value, "finite numbers");
      }
    }
    return found;
  }

  /** True or false. */
  public boolean flag(String key, boolean fallback) {
    return has(key) ? read(key, GgufMetadata::getBoolean) : fallback;
  }

  /**
   * True or false for each of {@code n} layers: an array of booleans or of integers, of which 0 is
   * false.
   */
  public boolean[] flags(String key, int n) {
    boolean booleans = read(key, (m, k) -> m.elementType(k) == GgufValueType.BOOL);
    boolean[] flags = booleans ? read(key, GgufMetadata::getBooleanArray) : nonZero(integers(key));
    checkLength(key, flags.length, n);
    return flags;
  }

  private static boolean[] nonZero(int[] numbers) {
    boolean[] flags = new boolean[numbers.length];
    for (int i = 0; i < flags.length; i++) {
      flags[i] = numbers[i] != 0;
    }
    return flags;
  }

  /** A string. */
  public String text(String key, String fallback) {
    return has(key) ? read(key, GgufMetadata::getString) : fallback;
  }
}
