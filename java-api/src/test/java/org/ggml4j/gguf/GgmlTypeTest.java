package org.ggml4j.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgmlTypeTest {
  /**
   * Recorded from a C program over ggml 0.25.1's headers: number, elements and bytes of a block.
   */
  private static final String FROM_THE_C_COMPILER =
      """
      F32 0 1 4, F16 1 1 2, Q4_0 2 32 18, Q4_1 3 32 20, Q5_0 6 32 22, Q5_1 7 32 24, Q8_0 8 32 34,
      Q8_1 9 32 36, Q2_K 10 256 84, Q3_K 11 256 110, Q4_K 12 256 144, Q5_K 13 256 176,
      Q6_K 14 256 210, Q8_K 15 256 292, IQ2_XXS 16 256 66, IQ2_XS 17 256 74, IQ3_XXS 18 256 98,
      IQ1_S 19 256 50, IQ4_NL 20 32 18, IQ3_S 21 256 110, IQ2_S 22 256 82, IQ4_XS 23 256 136,
      I8 24 1 1, I16 25 1 2, I32 26 1 4, I64 27 1 8, F64 28 1 8, IQ1_M 29 256 56, BF16 30 1 2,
      TQ1_0 34 256 54, TQ2_0 35 256 66, MXFP4 39 32 17, NVFP4 40 64 36, Q1_0 41 128 18,
      Q2_0 42 64 18
      """;

  @Test
  void tableIsThatOfGgml() {
    Map<String, String> expected =
        Arrays.stream(FROM_THE_C_COMPILER.strip().split(",\\s+"))
            .map(row -> row.split(" ", 2))
            .collect(Collectors.toMap(r -> r[0], r -> r[1]));
    Map<String, String> actual = new TreeMap<>();
    for (GgmlType t : GgmlType.values()) {
      actual.put(t.name(), t.id() + " " + t.blockSize() + " " + t.typeSize());
    }
    assertThat(actual).containsExactlyInAnyOrderEntriesOf(expected);
  }

  @ParameterizedTest
  @EnumSource
  void isFoundByItsNumber(GgmlType type) {
    assertThat(GgmlType.byId(type.id())).contains(type);
    assertThat(type.isQuantized()).isEqualTo(type.blockSize() > 1);
    assertThat(type.rowSize(256)).isEqualTo(256L / type.blockSize() * type.typeSize());
    assertThat(type.sizeOf(512, 3, 1, 2)).isEqualTo(6 * type.rowSize(512));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 4, 5, 31, 32, 33, 36, 37, 38, 43, Integer.MAX_VALUE, Integer.MIN_VALUE})
  void retiredAndUnknownNumbersAreNoType(int id) {
    assertThat(GgmlType.byId(id)).isEmpty();
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    assertThatThrownBy(() -> GgmlType.Q4_0.rowSize(33))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a row of 33 elements is no multiple of the 32 in a Q4_0 block");
    assertThatThrownBy(() -> GgmlType.F32.rowSize(-1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> GgmlType.F32.sizeOf()).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> GgmlType.F32.sizeOf(4, 0))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> GgmlType.F64.sizeOf(1L << 60, 2))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> GgmlType.F32.sizeOf(1L << 40, 1L << 40))
        .isInstanceOf(ArithmeticException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "0,UINT8,1,u8", "1,INT8,1,i8", "2,UINT16,2,u16", "3,INT16,2,i16", "4,UINT32,4,u32",
    "5,INT32,4,i32", "6,FLOAT32,4,f32", "7,BOOL,1,bool", "8,STRING,0,str", "9,ARRAY,0,arr",
    "10,UINT64,8,u64", "11,INT64,8,i64", "12,FLOAT64,8,f64"
  })
  void valueTypesAreThoseOfTheFormat(int id, GgufValueType type, int size, String label) {
    assertThat(GgufValueType.byId(id)).contains(type);
    assertThat(type.id()).isEqualTo(id);
    assertThat(type.size()).isEqualTo(size);
    assertThat(type.label()).isEqualTo(label);
    assertThat(type.isInteger()).isEqualTo(label.matches("[ui]\\d+"));
    assertThat(type.isFloat()).isEqualTo(label.startsWith("f"));
  }

  @Test
  void unknownValueTypesAreNone() {
    assertThat(GgufValueType.byId(13)).isEmpty();
    assertThat(GgufValueType.byId(-1)).isEmpty();
  }

  @Test
  void aTensorPrintsItsNameTypeAndShape() {
    TensorInfo t =
        new TensorInfo("blk.0.attn_q.weight", GgmlType.Q4_0, 576, 576, 1, 1, 2, 0, 64, 186_624);
    assertThat(t).hasToString("blk.0.attn_q.weight Q4_0 [576, 576]");
    assertThat(t.ne()).containsExactly(576, 576, 1, 1);
    assertThat(t.nElements()).isEqualTo(331_776);
    assertThatThrownBy(() -> new TensorInfo("x", GgmlType.F32, 4, 1, 1, 1, 1, 0, 0, 15))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("x: 15 bytes given, but shape and type make 16");
    assertThatThrownBy(() -> new TensorInfo("x", GgmlType.F32, 4, 1, 1, 1, 5, 0, 0, 16))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
