package org.ggml4j.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Ranges read exactly the numbers that are in them, as far as they have few enough digits. */
class NumberRangeTest {

  @Provide
  Arbitrary<Long> limits() {
    return Arbitraries.oneOf(
        Arbitraries.longs().between(-150, 150),
        Arbitraries.longs().between(-1_000_000, 1_000_000),
        Arbitraries.longs().between(-2_000_000_000_000_000L, 2_000_000_000_000_000L));
  }

  @Property(tries = 400, seed = "1", edgeCases = EdgeCasesMode.NONE)
  void integersAreExact(@ForAll("limits") long a, @ForAll("limits") long b, @ForAll Random random) {
    NumberRange range = NumberRange.ALL.asInteger();
    BigDecimal low = BigDecimal.valueOf(Math.min(a, b));
    BigDecimal high = BigDecimal.valueOf(Math.max(a, b));
    range = random.nextInt(4) > 0 ? range.withMin(low, random.nextBoolean()) : range;
    range = random.nextInt(4) > 0 ? range.withMax(high, random.nextBoolean()) : range;
    int step = random.nextInt(3) > 0 ? 1 : 1 + random.nextInt(20);
    range = step == 1 ? range : range.withMultipleOf(BigDecimal.valueOf(step));
    Dfa dfa = range.toDfa();
    for (int i = 0; i < 60; i++) {
      BigInteger near = BigInteger.valueOf(random.nextBoolean() ? a : b);
      BigInteger n = near.add(BigInteger.valueOf(random.nextInt(60) - 30));
      n = random.nextInt(3) == 0 ? BigInteger.valueOf((long) (random.nextGaussian() * 500)) : n;
      assertThat(dfa.matches(n.toString()))
          .as("%s in %s", n, range)
          .isEqualTo(contains(range, new BigDecimal(n)));
      assertThat(dfa.matches("0" + n)).isFalse();
      assertThat(dfa.matches(n + ".0")).isFalse();
    }
  }

  @Property(tries = 400, seed = "2", edgeCases = EdgeCasesMode.NONE)
  void decimalsAreExact(@ForAll("limits") long a, @ForAll("limits") long b, @ForAll Random random) {
    int scale = random.nextInt(7);
    BigDecimal low = BigDecimal.valueOf(Math.min(a, b), scale);
    BigDecimal high = BigDecimal.valueOf(Math.max(a, b), scale);
    NumberRange range = NumberRange.ALL;
    range = random.nextInt(4) > 0 ? range.withMin(low, random.nextBoolean()) : range;
    range = random.nextInt(4) > 0 ? range.withMax(high, random.nextBoolean()) : range;
    String[] steps = {"0.1", "0.25", "2.5", "3", "0.007", "100"};
    boolean stepped = random.nextInt(3) == 0;
    BigDecimal step = new BigDecimal(steps[random.nextInt(steps.length)]);
    range = stepped ? range.withMultipleOf(step) : range;
    range = random.nextInt(4) == 0 ? range.asFractional() : range;
    Dfa dfa = range.toDfa();
    for (int i = 0; i < 60; i++) {
      BigDecimal near = random.nextBoolean() ? low : high;
      BigDecimal n =
          near.add(BigDecimal.valueOf(random.nextInt(60) - 30, random.nextInt(scale + 2)));
      if (random.nextInt(3) == 0) {
        n = step.multiply(BigDecimal.valueOf(random.nextInt(200) - 100));
      }
      String text = n.signum() == 0 ? "0" : n.toPlainString();
      boolean tooPrecise = stepped && n.scale() > Math.max(0, step.stripTrailingZeros().scale());
      if (!tooPrecise) {
        assertThat(dfa.matches(text)).as("%s in %s", text, range).isEqualTo(contains(range, n));
      }
    }
  }

  private static boolean contains(NumberRange range, BigDecimal n) {
    boolean above =
        range
            .min()
            .map(l -> n.compareTo(l.value()) > 0 || (n.compareTo(l.value()) == 0 && !l.exclusive()))
            .orElse(true);
    boolean below =
        range
            .max()
            .map(l -> n.compareTo(l.value()) < 0 || (n.compareTo(l.value()) == 0 && !l.exclusive()))
            .orElse(true);
    boolean whole = n.compareTo(n.setScale(0, RoundingMode.DOWN)) == 0;
    return above
        && below
        && !(range.integer() && !whole)
        && !(range.fractional() && whole)
        && range.multipleOf().map(m -> n.remainder(m).signum() == 0).orElse(true);
  }

  @Example
  void multiplesOfSeveralAreMultiplesOfTheirLeastCommonMultiple() {
    NumberRange range =
        NumberRange.ALL
            .withMultipleOf(new BigDecimal("0.6"))
            .withMultipleOf(new BigDecimal("0.45"));
    assertThat(range.multipleOf().orElseThrow()).isEqualByComparingTo("1.8");
  }
}
