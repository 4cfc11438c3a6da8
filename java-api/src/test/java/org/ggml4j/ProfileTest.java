package org.ggml4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.ggml4j.eval.Profile;
import org.ggml4j.eval.ProfileRow;
import org.ggml4j.eval.Profiler;
import org.ggml4j.eval.SpeedOptions;
import org.ggml4j.eval.SpeedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The profile of a whole model, by a clock that goes on by one whenever it is looked at. */
class ProfileTest {
  @TempDir Path folder;

  private static SpeedOptions options() {
    SpeedOptions.Clock ticking =
        new SpeedOptions.Clock() {
          private long now;

          @Override
          public long nanos() {
            return now++;
          }

          @Override
          public long compilationNanos() {
            return 0;
          }
        };
    return SpeedOptions.defaults().withRepetitions(1).withWarmUp(false).withClock(ticking);
  }

  private static long count(List<ProfileRow> rows, String operation) {
    return rows.stream()
        .filter(row -> row.operation().equals(operation))
        .mapToLong(ProfileRow::count)
        .sum();
  }

  @Test
  void allNodesOfEachStepAreTimed() throws IOException {
    try (Model model = Model.load(TinyGguf.small().write(folder));
        Session session =
            model.newSession(SessionOptions.defaults().withThreads(1).withContext(64))) {
      int nLayer = model.hparams().nLayer();
      Profile profile = Profiler.run(session, SpeedTest.generation(3).atDepth(5), options());
      List<ProfileRow> rows = profile.nodes();
      assertThat(count(rows, "MUL_MAT")).isEqualTo(3L * (7 * nLayer + 1));
      assertThat(count(rows, "FLASH_ATTN_EXT")).isEqualTo(3L * nLayer);
      assertThat(count(rows, "RMS_NORM+MUL")).isEqualTo(3L * (2 * nLayer + 1));
      assertThat(count(rows, "SET_ROWS")).isEqualTo(3L * 2 * nLayer);
      // Each part takes one look; a step one more, and the whole one.
      long parts = rows.stream().mapToLong(ProfileRow::count).sum();
      assertThat(profile.nodeNanos()).isEqualTo(parts);
      assertThat(profile.profiledNanos()).containsExactly(parts + 3 + 1);
      assertThat(profile.plainNanos()).containsExactly(1L);
      assertThat(profile.by(Profile.Grouping.KIND).stream().map(ProfileRow::name))
          .contains("attn_q", "ffn_down", "attn_norm", "cache_k", "cache_v", "l_out", "token_embd");
      assertThat(profile.by(Profile.Grouping.NODE).stream().map(ProfileRow::name))
          .contains("blk.1.ffn_down.weight", "cache_k_l0", "l_out-1");
      assertThat(session.nPast()).isZero();
    }
  }

  @Test
  void aPromptIsOneStepOfABatch() throws IOException {
    try (Model model = Model.load(TinyGguf.small().write(folder));
        Session session =
            model.newSession(
                SessionOptions.defaults().withThreads(1).withContext(64).withBatch(8))) {
      Profile profile = Profiler.run(session, SpeedTest.prompt(16), options());
      int nLayer = model.hparams().nLayer();
      assertThat(count(profile.nodes(), "FLASH_ATTN_EXT")).isEqualTo(2L * nLayer);
      ProfileRow query =
          profile.by(Profile.Grouping.NODE).stream()
              .filter(row -> row.name().equals("blk.0.attn_q.weight"))
              .findFirst()
              .orElseThrow();
      long nEmbd = model.hparams().nEmbd();
      assertThat(query.count()).isEqualTo(2);
      assertThat(query.flops()).isEqualTo(2 * nEmbd * nEmbd * 16);
      assertThat(query.bytes())
          .isEqualTo(2 * query.type().rowSize(nEmbd) * nEmbd + 2 * nEmbd * 16 * 4);
      SpeedTest tooLong = SpeedTest.prompt(100_000);
      assertThatThrownBy(() -> Profiler.run(session, tooLong, options()))
          .hasMessageContaining("100000");
    }
  }
}
