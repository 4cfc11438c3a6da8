package org.ggml4j;

/** Receives the pieces of several texts as they are generated. */
@FunctionalInterface
public interface PieceListener {
  /**
   * @param index which of the texts, from 0
   * @param piece what it goes on with
   */
  void onPiece(int index, Piece piece);
}
