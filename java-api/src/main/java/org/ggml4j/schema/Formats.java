package org.ggml4j.schema;

import java.util.Map;
import java.util.Set;

/**
 * The formats of JSON Schema (draft 2020-12, validation, section 7) as regular expressions. Each
 * lets through what is usual of its kind, and only what is valid.
 */
final class Formats {
  static final String DATE =
      "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
          + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
          + "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
          + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";
  static final String LOCAL_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?";
  private static final String TIME = LOCAL_TIME + "(?:Z|[+-](?:0[0-9]|1[0-7]):[0-5][0-9])";
  private static final String LABEL = "[a-z][a-z0-9]{0,15}(?:-[a-z0-9]{1,16}){0,2}";
  private static final String HOST = "(?:" + LABEL + "\\.){0,3}[a-z][a-z0-9]{1,15}";

  /** Top-level domains that exist, since some validators look: all countries', some others. */
  private static final String TOP_LEVEL =
      "(?:com|org|net|edu|gov|int|info|name|app|dev|a[c-gilmoq-uwxz]|b[abd-jmnorstvwyz]"
          + "|c[acdf-ik-oru-z]|d[ejkmoz]|e[cegr-u]|f[ijkmor]|g[abd-ilmnp-uwy]|h[kmnrtu]"
          + "|i[del-oq-t]|j[emop]|k[eg-imnprwyz]|l[abcikr-vy]|m[acdeghk-z]|n[acefgilopruz]|om"
          + "|p[ae-hk-nrstwy]|qa|r[eosuw]|s[a-eg-ort-vxyz]|t[cdfghj-ortvwz]|u[agksyz]|v[aceginu]"
          + "|w[fs]|y[et]|z[amw])";

  private static final String EMAIL =
      "[A-Za-z0-9]{1,20}(?:[._+-][A-Za-z0-9]{1,20}){0,2}@(?:" + LABEL + "\\.){1,2}" + TOP_LEVEL;
  private static final String OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  private static final String H = "[0-9a-f]{1,4}";
  private static final String SEGMENT = "(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2}){1,64}";
  private static final String PATH = "(?:/" + SEGMENT + "){0,8}/?";
  private static final String TAIL =
      "(?:\\?(?:" + SEGMENT + "=" + SEGMENT + ")?)?(?:#" + SEGMENT + ")?";
  private static final String URI =
      "[a-z][a-z0-9+.-]{1,11}:(?://"
          + HOST
          + "(?::[1-9][0-9]{0,3})?|"
          + SEGMENT
          + ")"
          + PATH
          + TAIL;
  private static final String REFERENCE = "(?:" + URI + "|/?" + SEGMENT + PATH + TAIL + ")";
  private static final String POINTER = "(?:/(?:[^~/#\\x00-\\x1F]|~[01])*)*";
  private static final String CLOCK =
      "T(?:[0-9]{1,4}H(?:[0-9]{1,4}M(?:[0-9]{1,4}S)?)?|[0-9]{1,4}M(?:[0-9]{1,4}S)?|[0-9]{1,4}S)";

  /** By name; each matches the whole of a text. */
  static final Map<String, String> REGEX =
      Map.ofEntries(
          Map.entry("date", DATE),
          Map.entry("time", TIME),
          Map.entry("date-time", DATE + "T" + TIME),
          Map.entry(
              "duration",
              "P(?:[0-9]{1,4}W|"
                  + CLOCK
                  + "|(?:[0-9]{1,4}Y(?:[0-9]{1,4}M(?:[0-9]{1,4}D)?)?|[0-9]{1,4}M(?:[0-9]{1,4}D)?"
                  + "|[0-9]{1,4}D)(?:"
                  + CLOCK
                  + ")?)"),
          Map.entry("email", EMAIL),
          Map.entry("idn-email", EMAIL),
          Map.entry("hostname", HOST),
          Map.entry("idn-hostname", HOST),
          Map.entry("ipv4", OCTET + "(?:\\." + OCTET + "){3}"),
          Map.entry("ipv6", ipv6()),
          Map.entry("uri", URI),
          Map.entry("uri-reference", REFERENCE),
          Map.entry("iri", URI),
          Map.entry("iri-reference", REFERENCE),
          Map.entry("uri-template", REFERENCE),
          Map.entry("uuid", "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
          Map.entry("json-pointer", POINTER),
          Map.entry("relative-json-pointer", "(?:0|[1-9][0-9]{0,3})(?:#|" + POINTER + ")"),
          Map.entry("regex", "[A-Za-z0-9 _:;,<>=-]*"),
          Map.entry(
              "byte",
              "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?"));

  /** Names that say nothing about which values are valid. */
  static final Set<String> ANNOTATIONS = Set.of("password", "binary", "float", "double", "decimal");

  private Formats() {}

  /** Eight groups, or up to six with two colons in place of the others (RFC 4291). */
  private static String ipv6() {
    StringBuilder all = new StringBuilder("(?:" + H + ":){7}" + H + "|::|:(?::" + H + "){1,6}");
    for (int before = 1; before <= 5; before++) {
      String start = "|(?:" + H + ":){" + before + "}";
      all.append(start).append(":").append(start);
      all.append("(?::").append(H).append("){1,").append(6 - before).append("}");
    }
    return all.toString();
  }
}
