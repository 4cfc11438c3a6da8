package org.ggml4j.ggml;

/**
 * A native call reported failure: an allocation that did not succeed, a computation that failed or
 * was aborted.
 */
public final class GgmlException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What the native side reported; the names follow {@code enum ggml_status} of ggml.h. */
  public enum Status {
    /** Memory could not be had. */
    ALLOC_FAILED,
    /** A backend failed. */
    FAILED,
    /** The computation was cancelled through its abort callback. */
    ABORTED
  }

  private final transient Status status;
  private final long bytes;

  /**
   * @param status what was reported
   * @param bytes the size that was asked for in bytes, 0 when that is not what failed
   * @param message what was attempted and what to do
   */
  public GgmlException(Status status, long bytes, String message) {
    super(message);
    this.status = status;
    this.bytes = bytes;
  }

  public Status status() {
    return status;
  }

  /** The bytes that were asked for, 0 when no allocation failed. */
  public long bytes() {
    return bytes;
  }
}
