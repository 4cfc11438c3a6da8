package org.ggml4j;

import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.ggml4j.gguf.GgufFile;
import org.ggml4j.gguf.TensorInfo;

/** Tells models apart without reading all of their weights. */
final class ModelIdentity {
  private static final long SAMPLE = 256;

  private ModelIdentity() {}

  /** SHA-256 of all metadata, the tensor table, and the first bytes of each tensor. */
  static byte[] of(GgufFile file) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e); // every Java has it
    }
    for (int split = 0; split < file.paths().size(); split++) {
      update(digest, file.mapping(split), file.dataOffset(split));
    }
    for (TensorInfo tensor : file.tensors()) {
      update(digest, file.data(tensor), Math.min(SAMPLE, tensor.nBytes()));
    }
    return digest.digest();
  }

  private static void update(MessageDigest digest, MemorySegment from, long bytes) {
    digest.update(from.asSlice(0, bytes).asByteBuffer());
  }
}
