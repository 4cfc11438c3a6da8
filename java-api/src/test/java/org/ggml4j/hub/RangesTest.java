package org.ggml4j.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.ggml4j.hub.Ranges.Range;

class RangesTest {
  @Property
  void areTheBytesThatWereAdded(
      @ForAll @Size(max = 20) List<@IntRange(max = 9_999) Integer> adds,
      @ForAll @IntRange(min = 1, max = 120) int size,
      @ForAll @IntRange(min = 1, max = 50) int piece) {
    Ranges ranges = new Ranges();
    BitSet bits = new BitSet();
    for (int add : adds) {
      int from = add / 100;
      int to = from + 1 + add % 100 / 5;
      int before = bits.cardinality();
      bits.set(from, to);
      assertThat(ranges.add(from, to)).isEqualTo(bits.cardinality() - before);
    }
    assertThat(ranges.total()).isEqualTo(bits.cardinality());
    BitSet listed = new BitSet();
    long end = -1;
    for (Range r : ranges.list()) {
      assertThat(r.from()).as("neither overlaps nor touches").isGreaterThan(end);
      end = r.to();
      listed.set((int) r.from(), (int) r.to());
    }
    assertThat(listed).isEqualTo(bits);

    BitSet missing = new BitSet();
    for (Range r : ranges.missing(size, piece)) {
      assertThat(r.length()).isLessThanOrEqualTo(piece);
      assertThat(missing.get((int) r.from(), (int) r.to()).isEmpty()).isTrue();
      missing.set((int) r.from(), (int) r.to());
    }
    bits.flip(0, size);
    bits.clear(size, Math.max(size, bits.length()));
    assertThat(missing).isEqualTo(bits);
  }

  @Example
  void haveAPositiveLength() {
    assertThatThrownBy(() -> new Range(3, 3)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Range(-1, 3)).isInstanceOf(IllegalArgumentException.class);
  }
}
