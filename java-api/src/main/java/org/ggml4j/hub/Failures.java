package org.ggml4j.hub;

import java.io.IOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What an HTTP status that is no success means, in words that help. */
final class Failures {
  private static final Set<Integer> PASSING = Set.of(408, 425, 429, 500, 502, 503, 504);

  private Failures() {}

  /**
   * The exception for an answer that is not what was asked for.
   *
   * @param what that was asked for, as it is shown
   * @param hub whether the hub itself answered
   */
  static IOException of(Http.Reply reply, String what, boolean hub, InstantSource clock) {
    int status = reply.status();
    String said = reply.header("X-Error-Message").map(m -> ": " + SafeName.printable(m)).orElse("");
    String who = Origin.of(reply.uri()).host();
    if (PASSING.contains(status)) {
      String reason = status == 429 ? " has had too many requests" : " has a problem";
      return new TransientException(
          who + reason + " (status " + status + said + ")", wait(reply, clock));
    }
    String message =
        switch (status) {
          case 401, 403 ->
              hub
                  ? "the hub does not give "
                      + what
                      + " (status "
                      + status
                      + said
                      + "): it does not exist, or is private, or its terms must be accepted on its"
                      + " page first; set HF_TOKEN to a token that may read it"
                  : who + " does not give " + what + " (status " + status + said + ")";
          case 404, 410 -> "there is no " + what + " (status " + status + said + ")";
          default -> who + " answered status " + status + " to the request for " + what + said;
        };
    return new HubException(message, status);
  }

  private static @Nullable Duration wait(Http.Reply reply, InstantSource clock) {
    String text = reply.header("Retry-After").orElse("").strip();
    if (text.matches("\\d{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(text));
    }
    try {
      Duration until =
          Duration.between(
              clock.instant(),
              ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
      return until.isNegative() ? Duration.ZERO : until;
    } catch (DateTimeException e) {
      return null;
    }
  }
}
