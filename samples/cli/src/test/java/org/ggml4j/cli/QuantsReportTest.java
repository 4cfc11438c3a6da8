package org.ggml4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.ggml4j.eval.Estimate;
import org.junit.jupiter.api.Test;

/** What is made of figures: rows, verdicts, and where things stand in a chart. */
class QuantsReportTest {
  private static QuantsRow row(String level, long mib, double decode, double divergence) {
    Estimate none = new Estimate(0, 0);
    boolean reference = divergence == 0;
    return new QuantsRow(
        level,
        reference,
        mib << 20,
        8.5,
        Optional.empty(),
        1.5,
        0.25,
        OptionalLong.of(mib << 21),
        new Estimate(10 * decode, 2),
        new Estimate(decode, 1),
        Optional.of(
            new QuantsRow.Quality(
                new Estimate(6, 0.1),
                new Estimate(divergence, divergence / 20),
                new Estimate(0.98, 0.001),
                none)));
  }

  private static final List<QuantsRow> ROWS =
      List.of(
          row("F16", 200, 10, 0),
          row("Q8_0", 106, 18, 0.001),
          row("Q5_1", 75, 21, 0.02),
          row("Q5_K_M", 71, 20, 0.011),
          row("Q4_K_M", 60, 24, 0.031),
          row("Q4_0", 56, 30, 0.072),
          row("Q2_K", 39, 22, 0.7));

  @Test
  void rowsSurviveJson() throws Exception {
    for (QuantsRow row : ROWS) {
      assertThat(QuantsRow.of(Json.parse(Json.text(row.fields())))).isEqualTo(row);
    }
    QuantsRow bare =
        new QuantsRow(
            "Q4_0",
            false,
            1,
            4.5,
            Optional.of(new Fallbacks(3, 15, 0.25, "Q5_0 or F16")),
            0,
            0,
            OptionalLong.empty(),
            new Estimate(1, 0),
            new Estimate(1, 0),
            Optional.empty());
    assertThat(QuantsRow.of(Json.parse(Json.text(bare.fields())))).isEqualTo(bare);
  }

  @Test
  void verdictsSayHowNearHowLargeHowFastAndWhatIsBetter() {
    assertThat(QuantsVerdict.of(ROWS.get(1), ROWS))
        .isEqualTo("as good as the original; 53% of the size; decodes at 1.80 of the speed");
    assertThat(QuantsVerdict.of(ROWS.get(2), ROWS))
        .startsWith("close; 38% of the size")
        .endsWith("; Q5_K_M is no larger, and nearer to the original");
    assertThat(QuantsVerdict.of(ROWS.get(6), ROWS)).startsWith("broken; ");
    assertThat(QuantsVerdict.advice(ROWS))
        .containsExactly(
            "The smallest level that is close to the original: Q4_K_M, 60.0 MiB",
            "The fastest to decode: Q4_0, 30.0 tokens/s",
            "The fastest to read a prompt: Q4_0, 300.0 tokens/s");
  }

  @Test
  void matricesOfAnotherTypeAreTold() {
    QuantsRow q = ROWS.get(4);
    QuantsRow row =
        new QuantsRow(
            q.level(),
            false,
            q.fileBytes(),
            q.bitsPerWeight(),
            Optional.of(new Fallbacks(30, 211, 0.125, "Q5_0 or Q8_0")),
            0,
            0,
            q.peakBytes(),
            q.prefill(),
            q.decode(),
            q.quality());
    String told =
        "; 30 of 211 matrices (13% of the weights) don't fit its blocks and are Q5_0 or Q8_0";
    assertThat(QuantsVerdict.of(row, ROWS)).isEqualTo(QuantsVerdict.of(q, ROWS) + told);
    assertThat(QuantsVerdict.of(row, List.of(row))).endsWith("the largest of these" + told);
    QuantsReport report = new QuantsReport("x", Map.of(), List.of(ROWS.get(0), row));
    assertThat(QuantsPage.of(report)).contains("30 of 211 matrices");
  }

  @Test
  void theFrontHasNoLevelThatAnotherBeats() {
    List<String> front =
        QuantsPage.front(ROWS.subList(1, 7), r -> -r.quality().orElseThrow().divergence().value());
    assertThat(front).containsExactly("Q2_K", "Q4_0", "Q4_K_M", "Q5_K_M", "Q8_0");
  }

  @Test
  void pointsStandWhereTheirValuesAre() {
    List<ScatterChart.Point> points =
        List.of(
            new ScatterChart.Point("a", 1, 0.001, 0, "k", "a"),
            new ScatterChart.Point("b", 2, 0.01, 0.002, "iq", "b"),
            new ScatterChart.Point("c<d", 3, 0.1, 0, "plain", "c"));
    String svg =
        ScatterChart.of(
            ScatterChart.Size.BROAD,
            "t",
            new ScatterChart.Axis("x", false),
            new ScatterChart.Axis("y", true),
            false,
            points,
            List.of("a", "c<d"));
    List<double[]> dots = new ArrayList<>();
    Matcher m = Pattern.compile("<circle [^>]*cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"").matcher(svg);
    while (m.find()) {
      dots.add(new double[] {Double.parseDouble(m.group(1)), Double.parseDouble(m.group(2))});
    }
    assertThat(dots).hasSize(3);
    assertThat(dots.get(1)[0] - dots.get(0)[0])
        .isCloseTo(dots.get(2)[0] - dots.get(1)[0], within(0.2));
    assertThat(dots.get(0)[1] - dots.get(1)[1])
        .isPositive()
        .isCloseTo(dots.get(1)[1] - dots.get(2)[1], within(0.2));
    assertThat(svg).contains("c&lt;d", "class=\"error iq\"", ">0.01<", ">2<").doesNotContain("c<d");
  }

  @Test
  void namesDoNotCoverEachOther() {
    List<ScatterChart.Point> points = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      points.add(new ScatterChart.Point("Q" + i + "_K_M", 1 + 0.3 * i, 5 + i % 2, 0, "k", ""));
    }
    points.add(new ScatterChart.Point("far", 20, 20, 0, "k", ""));
    String svg =
        ScatterChart.of(
            ScatterChart.Size.BROAD,
            "t",
            new ScatterChart.Axis("x", false),
            new ScatterChart.Axis("y", false),
            true,
            points,
            List.of());
    Matcher m =
        Pattern.compile("class=\"name\"[^>]* x=\"([0-9.]+)\" y=\"([0-9.]+)\">([^<]+)").matcher(svg);
    List<double[]> boxes = new ArrayList<>();
    while (m.find()) {
      double x = Double.parseDouble(m.group(1));
      double y = Double.parseDouble(m.group(2));
      boxes.add(new double[] {x, y - 10, x + 7 * m.group(3).length(), y + 3});
    }
    assertThat(boxes).hasSize(7);
    for (int i = 0; i < boxes.size(); i++) {
      for (int k = 0; k < i; k++) {
        double[] a = boxes.get(i);
        double[] b = boxes.get(k);
        boolean meet = a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
        assertThat(meet).as(i + " and " + k).isFalse();
      }
    }
  }

  @Test
  void aPageWithoutQualityHasTwoCharts() {
    List<QuantsRow> rows =
        ROWS.stream()
            .map(
                r ->
                    new QuantsRow(
                        r.level(),
                        false,
                        r.fileBytes(),
                        r.bitsPerWeight(),
                        r.fallbacks(),
                        0,
                        0,
                        r.peakBytes(),
                        r.prefill(),
                        r.decode(),
                        Optional.empty()))
            .toList();
    QuantsReport report = new QuantsReport("x & y", Map.of("threads", 2), rows);
    String page = QuantsPage.of(report);
    assertThat(page.split("<svg class=\"broad\"", -1)).hasSize(3);
    assertThat(page.split("<svg class=\"narrow\"", -1)).hasSize(3);
    assertThat(page).contains("x &amp; y").doesNotContain("perplexity</th>", "x & y");
    assertThat(report.header()).hasSize(7);
    assertThat(QuantsVerdict.of(rows.get(0), rows)).isEqualTo("the largest of these");
    assertThat(QuantsVerdict.of(rows.get(5), rows))
        .isEqualTo("28% of the size of F16; decodes at 3.00 of its speed");
  }
}
