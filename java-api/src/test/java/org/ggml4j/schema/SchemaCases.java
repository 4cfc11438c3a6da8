package org.ggml4j.schema;

import java.util.List;
import org.ggml4j.schema.JsonSchemaTest.Case;

/** Schemas with texts that their grammars let through, and others that they do not. */
final class SchemaCases {
  private SchemaCases() {}

  static final List<Case> SCALARS =
      List.of(
          new Case(
              "anything",
              "{}",
              List.of(
                  "null",
                  "true",
                  "-0.5e+10",
                  "\"a\\u00e9\\n\"",
                  "[]",
                  "[1, [\"x\"], {}]",
                  "{\"a\": {\"b\":[null]}}"),
              List.of("", "nul", "01", "1.", ".5", "+1", "1e999", "'a'", "{a:1}", "[1,]", "{,}")),
          new Case("true", "true", List.of("null", "{\"x\":1}"), List.of("x")),
          new Case(
              "a description only",
              "{\"description\": \"whatever\", \"x-order\": 3}",
              List.of("1", "\"a\""),
              List.of("a")),
          new Case(
              "boolean", "{\"type\": \"boolean\"}", List.of("true", "false"), List.of("True", "0")),
          new Case(
              "string",
              "{\"type\": \"string\"}",
              List.of(
                  "\"\"",
                  "\"é🙂\"",
                  "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                  "\"\\u0041\\uD83D\\uDE00\\uffff\""),
              List.of(
                  "a",
                  "\"",
                  "\"\n\"",
                  "\"\t\"",
                  "\"\\x\"",
                  "\"\\u12\"",
                  "\"\\uD83D\"",
                  "\"\\uDE00\"",
                  "\"\\uD83D\\u0041\"",
                  "\"\"\"")),
          new Case(
              "string of a length",
              "{\"type\": \"string\", \"minLength\": 1, \"maxLength\": 3}",
              List.of("\"a\"", "\"🙂🙂🙂\"", "\"\\n\\uD83D\\uDE00\\\"\""),
              List.of("\"\"", "\"abcd\"", "\"🙂🙂🙂🙂\"")),
          new Case(
              "lengths without a type",
              "{\"minLength\": 3}",
              List.of("\"abc\"", "\"abcdefg\""),
              List.of("\"ab\"", "7")),
          new Case(
              "integer",
              "{\"type\": \"integer\"}",
              List.of("0", "7", "-12", "1234567890123456"),
              List.of("01", "1.5", "1e3", "12345678901234567", "--1", "\"1\"")),
          new Case(
              "integer from 0",
              "{\"type\": \"integer\", \"minimum\": 0}",
              List.of("0", "10", "12", "10000"),
              List.of("-1", "-10", "-0", "010", "0.1")),
          new Case(
              "integer from 1",
              "{\"minimum\": 1, \"type\": \"integer\"}",
              List.of("1", "2", "10", "999"),
              List.of("0", "01", "-1")),
          new Case(
              "integer from 9",
              "{\"type\": \"integer\", \"minimum\": 9}",
              List.of("9", "10", "19", "1000"),
              List.of("8", "0", "-9")),
          new Case(
              "integer from 25",
              "{\"type\": \"integer\", \"minimum\": 25}",
              List.of("25", "26", "30", "99", "100", "250"),
              List.of("24", "2", "19", "0", "-25")),
          new Case(
              "integer to 30",
              "{\"type\": \"integer\", \"maximum\": 30}",
              List.of("30", "29", "9", "0", "-5", "-1000"),
              List.of("31", "40", "100", "300")),
          new Case(
              "integer from -5",
              "{\"type\": \"integer\", \"minimum\": -5}",
              List.of("-5", "-1", "0", "1", "99"),
              List.of("-6", "-10", "-50", "-0")),
          new Case(
              "integer from -123",
              "{\"type\": \"integer\", \"minimum\": -123}",
              List.of("-123", "-122", "-99", "-9", "0", "500"),
              List.of("-124", "-130", "-200", "-1000")),
          new Case(
              "integer to -5",
              "{\"type\": \"integer\", \"maximum\": -5}",
              List.of("-5", "-6", "-10", "-1000"),
              List.of("-4", "0", "5", "-05")),
          new Case(
              "integer from 15 to 300",
              "{\"type\": \"integer\", \"minimum\": 15, \"maximum\": 300}",
              List.of("15", "20", "99", "100", "299", "300"),
              List.of("14", "301", "3", "1", "1000", "-15")),
          new Case(
              "integer from -123 to 42",
              "{\"type\": \"integer\", \"minimum\": -123, \"maximum\": 42}",
              List.of("-123", "-11", "0", "42", "9", "39"),
              List.of("-124", "43", "100", "-200")),
          new Case(
              "integer between, both ends out",
              "{\"type\": \"integer\", \"exclusiveMinimum\": 1.5, \"exclusiveMaximum\": 4}",
              List.of("2", "3"),
              List.of("1", "4", "0", "-2")),
          new Case(
              "all of long",
              "{\"type\": \"integer\", \"minimum\": -9223372036854775808,"
                  + " \"maximum\": 9223372036854775807}",
              List.of("-9223372036854775808", "9223372036854775807", "0"),
              List.of("-9223372036854775809", "9223372036854775808")),
          new Case(
              "multiples of 12 from 24 to 120",
              "{\"type\": \"integer\", \"multipleOf\": 12, \"minimum\": 20, \"maximum\": 120}",
              List.of("24", "36", "96", "108", "120"),
              List.of("12", "25", "132", "0")),
          new Case(
              "multiples of 7",
              "{\"type\": \"integer\", \"multipleOf\": 7}",
              List.of("0", "7", "-14", "7007", "999999"),
              List.of("1", "8", "-13", "1000000")),
          new Case(
              "multiples of 2000 and of 1.5",
              "{\"allOf\": [{\"type\": \"integer\", \"multipleOf\": 2000}, {\"multipleOf\": 1.5}]}",
              List.of("0", "6000", "-12000", "600000"),
              List.of("2000", "3000", "600", "6001")),
          new Case(
              "number",
              "{\"type\": \"number\"}",
              List.of("0", "-1.5", "1e10", "1E-7", "0.001", "123.456e+78"),
              List.of("1.", "e5", "1e", "00", "NaN")),
          new Case(
              "number within limits",
              "{\"type\": \"number\", \"minimum\": -0.25, \"exclusiveMaximum\": 12.5}",
              List.of("0", "-0.25", "-0.1", "12.4999", "12", "9.75", "0.0", "-0.2500", "-0.0"),
              List.of("-0.26", "-0.2501", "12.5", "12.50", "13", "-1", "1e1")),
          new Case(
              "number between 1.25 and 1.3",
              "{\"type\": \"number\", \"minimum\": 1.25, \"maximum\": 1.3}",
              List.of("1.25", "1.250", "1.26", "1.3", "1.30", "1.299999"),
              List.of("1.2", "1", "1.24999", "1.31", "1.301", "2", "-1.26")),
          new Case(
              "money",
              "{\"type\": \"number\", \"minimum\": 0, \"multipleOf\": 0.01}",
              List.of("0", "1.5", "1.50", "19.99", "0.07"),
              List.of("1.005", "-1", "1.", "0.001")),
          new Case(
              "quarters",
              "{\"type\": \"number\", \"minimum\": -1, \"maximum\": 1, \"multipleOf\": 0.25}",
              List.of("-1", "-0.75", "0", "0.5", "0.50", "1.00"),
              List.of("0.3", "1.25", "0.05", "-2")),
          new Case(
              "draft 4's exclusive limits",
              "{\"$schema\": \"http://json-schema.org/draft-04/schema#\", \"type\": \"integer\","
                  + " \"minimum\": 1, \"exclusiveMinimum\": true, \"maximum\": 4,"
                  + " \"exclusiveMaximum\": false}",
              List.of("2", "4"),
              List.of("1", "5")),
          new Case(
              "const string with escapes",
              "{\"const\": \" \\r\\n\\\"\\\\/ \"}",
              List.of("\" \\r\\n\\\"\\\\/ \""),
              List.of("\"\"", "\" \\r\\n\\\"\\\\/\"")),
          new Case("const number", "{\"const\": 123}", List.of("123"), List.of("124", "\"123\"")),
          new Case(
              "enum of many kinds",
              "{\"enum\": [\"red\", null, 42, [\"foo\"], {\"a\": {}}, true]}",
              List.of("\"red\"", "null", "42", "[\"foo\"]", "{\"a\":{}}", "true"),
              List.of("\"blue\"", "false", "[]", "\"42\"")),
          new Case(
              "enum within other limits",
              "{\"enum\": [1, 5, 10, \"a\", null, 2.5], \"type\": [\"integer\", \"null\"],"
                  + " \"maximum\": 7}",
              List.of("1", "5", "null"),
              List.of("10", "\"a\"", "2.5")),
          new Case(
              "types, each with its own limits",
              "{\"type\": [\"string\", \"integer\", \"null\"], \"minLength\": 2, \"minimum\": 3}",
              List.of("null", "\"ab\"", "3"),
              List.of("\"a\"", "2", "true", "3.5")),
          new Case(
              "a simple pattern",
              "{\"type\": \"string\", \"pattern\": \"^abc?d*efg+(hij)?kl$\"}",
              List.of("\"abefgkl\"", "\"abcdddefgghijkl\""),
              List.of("\"abcefkl\"", "\"xabefgkl\"", "\"abefgklx\"")),
          new Case(
              "a pattern of escaped characters",
              "{\"pattern\": \"^\\\\[\\\\]\\\\{\\\\}\\\\(\\\\)\\\\|\\\\+\\\\*\\\\?$\"}",
              List.of("\"[]{}()|+*?\""),
              List.of("\"[]\"")),
          new Case(
              "a pattern of characters that JSON escapes",
              "{\"pattern\": \"^\\\"\\\\\\\\\\\\n[\\\\t!]$\"}",
              List.of("\"\\\"\\\\\\n\\t\"", "\"\\\"\\\\\\n!\""),
              List.of("\"\\\"\\\\\\nt\"")),
          new Case(
              "a pattern with anchors in its alternatives",
              "{\"pattern\": \"^A|B|C|D$\"}",
              List.of("\"A\"", "\"Axy\"", "\"xBy\"", "\"C\"", "\"xyD\""),
              List.of("\"xA\"", "\"Dx\"", "\"E\"", "\"\"")),
          new Case(
              "a telephone number",
              "{\"pattern\": \"^(\\\\([0-9]{1,3}\\\\))?[0-9]{3}-[0-9]{4} a{3,5}nd...$\"}",
              List.of("\"(1)555-1234 aaand!!!\"", "\"555-1234 aaaaand\\\"\\\\\\t\""),
              List.of("\"555-1234 aand!!!\"", "\"555-1234 aaand!!\"", "\"555-1234 aaand!\\n!\"")),
          new Case(
              "a pattern that is found anywhere",
              "{\"pattern\": \"[0-9]+\"}",
              List.of("\"5\"", "\"abc5\"", "\"\\\"5\\u0041\""),
              List.of("\"\"", "\"abc\"")),
          new Case(
              "pattern and length",
              "{\"pattern\": \"ab\", \"minLength\": 3, \"maxLength\": 4}",
              List.of("\"abc\"", "\"xab\"", "\"xaby\"", "\"aabb\""),
              List.of("\"ab\"", "\"acb\"", "\"xxaby\"")),
          new Case(
              "groups that are not captured",
              "{\"pattern\": \"^(?:(?:ab)+c)?d$\"}",
              List.of("\"d\"", "\"abcd\"", "\"ababcd\""),
              List.of("\"cd\"", "\"abd\"")),
          new Case(
              "date",
              "{\"format\": \"date\"}",
              List.of("\"2024-02-29\"", "\"1999-12-31\"", "\"2000-02-29\"", "\"2023-04-30\""),
              List.of("\"2023-02-29\"", "\"1900-02-29\"", "\"2023-04-31\"", "\"2023-13-01\"", "1")),
          new Case(
              "time, date-time and uuid",
              "{\"prefixItems\": [{\"format\": \"time\"}, {\"format\": \"date-time\"},"
                  + " {\"format\": \"uuid\"}]}",
              List.of(
                  "[\"23:59:59Z\", \"2024-02-29T00:00:00.123+05:30\","
                      + " \"2b1d4a3c-0000-1111-2222-ABCDEFabcdef\"]"),
              List.of(
                  "[\"24:00:00Z\", \"2024-02-29T00:00:00Z\","
                      + " \"2b1d4a3c-0000-1111-2222-abcdefabcdef\"]",
                  "[\"23:59:59Z\", \"2024-02-30T00:00:00Z\","
                      + " \"2b1d4a3c-0000-1111-2222-abcdefabcdef\"]")),
          new Case(
              "addresses",
              "{\"anyOf\": [{\"format\": \"ipv4\"}, {\"format\": \"ipv6\"}, {\"format\":"
                  + " \"email\"}]}",
              List.of(
                  "\"127.0.0.1\"",
                  "\"255.249.99.0\"",
                  "\"::\"",
                  "\"::1\"",
                  "\"fe80::1:2\"",
                  "\"1:2:3:4:5:6:7:8\"",
                  "\"jane.doe+x@mail.example.com\""),
              List.of("\"256.0.0.1\"", "\"01.1.1.1\"", "\"1::2::3\"", "\"1:2:3\"", "\"a@b\"")),
          new Case(
              "uri and hostname",
              "{\"anyOf\": [{\"format\": \"uri\"}, {\"format\": \"hostname\"}]}",
              List.of(
                  "\"https://example.com/a/b?x=1#top\"",
                  "\"urn:isbn\"",
                  "\"www.example.com\"",
                  "\"localhost\""),
              List.of("\"http://\"", "\"-a.com\"", "\"a b\"")),
          new Case(
              "int32",
              "{\"type\": \"integer\", \"format\": \"int32\"}",
              List.of("2147483647", "-2147483648"),
              List.of("2147483648")));

  static final List<Case> ARRAYS =
      List.of(
          new Case(
              "of strings",
              "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
              List.of("[]", "[ ]", "[\"a\"]", "[\"a\", \"b\",\"c\" ]", "[\n  \"a\"\n]"),
              List.of("[1]", "[\"a\",]", "[\"a\" \"b\"]")),
          new Case(
              "of strings, or null",
              "{\"type\": [\"array\", \"null\"], \"items\": {\"type\": \"string\"}}",
              List.of("null", "[]", "[\"a\"]"),
              List.of("\"a\"", "[null]")),
          new Case(
              "two or more",
              "{\"items\": {\"type\": \"boolean\"}, \"minItems\": 2}",
              List.of("[true,false]", "[true, true, true]"),
              List.of("[]", "[true]")),
          new Case("none", "{\"type\": \"array\", \"maxItems\": 0}", List.of("[]"), List.of("[1]")),
          new Case(
              "one at most",
              "{\"items\": {\"type\": \"boolean\"}, \"maxItems\": 1}",
              List.of("[]", "[true]"),
              List.of("[true,true]")),
          new Case(
              "three to five",
              "{\"items\": {\"type\": [\"number\", \"integer\"]}, \"minItems\": 3, \"maxItems\":"
                  + " 5}",
              List.of("[1,2,3]", "[1, 2.5, 3, 4, 5]"),
              List.of("[1,2]", "[1,2,3,4,5,6]", "[1,2,true]")),
          new Case(
              "of limited integers",
              "{\"items\": {\"type\": \"integer\", \"minimum\": -12, \"maximum\": 207},"
                  + " \"minItems\": 3, \"maxItems\": 5}",
              List.of("[-12, 0, 207]", "[1,2,3,4,5]"),
              List.of("[-13,0,0]", "[208,1,1]")),
          new Case(
              "tuple",
              "{\"prefixItems\": [{\"type\": \"string\"}, {\"type\": \"number\"}]}",
              List.of("[\"a\", 1.5]"),
              List.of("[\"a\"]", "[]", "[\"a\", 1, 2]", "[1, \"a\"]")),
          new Case(
              "tuple, of which some may be missing",
              "{\"prefixItems\": [{\"type\": \"string\"}, {\"type\": \"number\"}], \"minItems\":"
                  + " 1}",
              List.of("[\"a\"]", "[\"a\", 1.5]"),
              List.of("[]", "[\"a\", 1, 2]")),
          new Case(
              "tuple and others",
              "{\"prefixItems\": [{\"type\": \"string\"}], \"items\": {\"type\": \"null\"},"
                  + " \"maxItems\": 3}",
              List.of("[\"a\"]", "[\"a\", null]", "[\"a\",null,null]"),
              List.of("[\"a\",null,null,null]", "[\"a\", 1]", "[null]")),
          new Case(
              "tuple that must be longer than it says",
              "{\"prefixItems\": [{\"type\": \"string\"}], \"minItems\": 2}",
              List.of("[\"a\", {}]"),
              List.of("[\"a\"]")),
          new Case(
              "nothing behind a tuple",
              "{\"prefixItems\": [{\"type\": \"string\"}], \"items\": false}",
              List.of("[\"a\"]"),
              List.of("[\"a\", 1]", "[]")),
          new Case(
              "set of an enum",
              "{\"items\": {\"enum\": [\"a\", \"b\", \"c\"]}, \"uniqueItems\": true, \"minItems\":"
                  + " 2}",
              List.of("[\"a\", \"b\"]", "[\"b\",\"c\"]", "[\"a\", \"b\", \"c\"]"),
              List.of("[\"a\"]", "[\"a\",\"a\"]", "[\"b\",\"b\",\"c\"]")),
          new Case(
              "set of booleans",
              "{\"items\": {\"type\": \"boolean\"}, \"uniqueItems\": true}",
              List.of("[]", "[true]", "[false]", "[true,false]"),
              List.of("[true,true]")),
          new Case(
              "many",
              "{\"items\": {\"const\": 1}, \"minItems\": 2005, \"maxItems\": 2005}",
              List.of("[1" + ",1".repeat(2004) + "]"),
              List.of("[1" + ",1".repeat(2003) + "]", "[1" + ",1".repeat(2005) + "]")));

  static final List<Case> OBJECTS =
      List.of(
          new Case(
              "any",
              "{\"type\": \"object\"}",
              List.of("{}", "{ }", "{\"a\":1}", "{\"a\" : {\"b\":[]}, \"c\":null\n}"),
              List.of("[]", "{\"a\"}", "{\"a\":1,}")),
          new Case(
              "none but empty",
              "{\"type\": \"object\", \"additionalProperties\": false}",
              List.of("{}", "{\n}"),
              List.of("{\"a\":1}")),
          new Case(
              "required in the order of their declaration",
              "{\"properties\": {\"b\": {\"type\": \"string\"}, \"c\": {\"type\": \"string\"},"
                  + " \"a\": {\"type\": \"string\"}}, \"required\": [\"a\", \"b\", \"c\"],"
                  + " \"additionalProperties\": false}",
              List.of(
                  "{\"b\":\"1\",\"c\":\"2\",\"a\":\"3\"}",
                  "{ \"b\": \"\", \"c\": \"\", \"a\": \"\" }"),
              List.of("{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}", "{\"b\":\"1\",\"c\":\"2\"}", "{}")),
          new Case(
              "three that may be missing",
              "{\"properties\": {\"a\": {\"type\": \"null\"}, \"b\": {\"type\": \"null\"},"
                  + " \"c\": {\"type\": \"null\"}}}",
              List.of(
                  "{}",
                  "{\"a\":null}",
                  "{\"b\":null}",
                  "{\"c\":null}",
                  "{\"a\":null,\"b\":null}",
                  "{\"a\":null,\"c\":null}",
                  "{\"b\":null,\"c\":null}",
                  "{\"a\":null,\"b\":null,\"c\":null}"),
              List.of(
                  "{\"b\":null,\"a\":null}",
                  "{\"d\":null}",
                  "{\"a\":null,}",
                  "{,\"a\":null}",
                  "{\"a\":null,\"a\":null}")),
          new Case(
              "some required, some not, as they come",
              "{\"properties\": {\"a\": {\"type\": \"null\"}, \"b\": {\"type\": \"null\"},"
                  + " \"c\": {\"type\": \"null\"}, \"d\": {\"type\": \"null\"}},"
                  + " \"required\": [\"b\", \"d\"]}",
              List.of(
                  "{\"b\":null,\"d\":null}",
                  "{\"a\":null,\"b\":null,\"d\":null}",
                  "{\"b\":null,\"c\":null,\"d\":null}",
                  "{\"a\":null,\"b\":null,\"c\":null,\"d\":null}"),
              List.of("{\"b\":null}", "{\"a\":null,\"d\":null}", "{}")),
          new Case(
              "others of one kind",
              "{\"additionalProperties\": {\"type\": \"array\", \"items\": {\"type\":"
                  + " \"number\"}}}",
              List.of("{}", "{\"a\":[]}", "{\"\":[1], \"b\": [2,3]}"),
              List.of("{\"a\":1}", "{\"a\":[null]}")),
          new Case(
              "declared and others",
              "{\"properties\": {\"and\": {\"type\": \"number\"}, \"also\": {\"type\":"
                  + " \"number\"}}, \"required\": [\"and\"], \"additionalProperties\": {\"type\":"
                  + " \"string\"}}",
              List.of(
                  "{\"and\":1}",
                  "{\"and\":1,\"also\":2,\"an\":\"x\"}",
                  "{\"and\":1,\"\":\"x\"}",
                  "{\"and\":1,\"a\":\"\",\"andy\":\"x\",\"b\\\"\":\"y\"}"),
              List.of(
                  "{\"also\":2}",
                  "{\"and\":1,\"and\":\"x\"}",
                  "{\"and\":1,\"also\":\"x\"}",
                  "{\"and\":1,\"\\u0061nd\":\"x\"}",
                  "{\"and\":\"x\"}")),
          new Case(
              "names within names",
              "{\"properties\": {\"a\": {\"type\": \"integer\"}, \"aa\": {\"type\": \"integer\"},"
                  + " \"\": {\"type\": \"integer\"}}, \"additionalProperties\": {\"type\":"
                  + " \"null\"}}",
              List.of(
                  "{\"a\":1,\"aa\":2,\"\":3,\"aaa\":null}", "{\"b\":null}", "{\"\":1,\"ab\":null}"),
              List.of("{\"a\":null}", "{\"aa\":null}", "{\"\":null}", "{\"aaa\":1}")),
          new Case(
              "names like rules",
              "{\"properties\": {\"number\": {\"type\": \"object\", \"properties\": {\"root\":"
                  + " {\"type\": \"number\"}, \"string\": {\"$ref\": \"#/$defs/space\"}},"
                  + " \"required\": [\"root\", \"string\"]}}, \"required\": [\"number\"],"
                  + " \"$defs\": {\"space\": {\"type\": \"string\"}}}",
              List.of("{\"number\":{\"root\":1,\"string\":\"x\"}}"),
              List.of("{\"number\":1}")),
          new Case(
              "names that need escapes",
              "{\"properties\": {\"a\\\"b\\\\c\\n🙂\": {\"const\": 1}}}",
              List.of("{\"a\\\"b\\\\c\\n🙂\":1}"),
              List.of("{\"a\":1}")),
          new Case(
              "required but not declared",
              "{\"type\": \"object\", \"properties\": {\"a\": {\"const\": 1}},"
                  + " \"required\": [\"b\"]}",
              List.of("{\"b\":null}", "{\"a\":1,\"b\":[]}"),
              List.of("{\"a\":1}", "{}")),
          new Case(
              "names that match a pattern",
              "{\"patternProperties\": {\"^x-\": {\"type\": \"integer\"}, \"s$\": {\"minimum\":"
                  + " 5}}, \"additionalProperties\": false}",
              List.of("{}", "{\"x-a\":1}", "{\"x-s\":5,\"s\":7}", "{\"pins\":9}"),
              List.of("{\"x-s\":4}", "{\"a\":1}", "{\"s\":1}", "{\"x-a\":0.5}")),
          new Case(
              "patterns, declared ones and others",
              "{\"properties\": {\"a1\": {\"maximum\": 9}}, \"patternProperties\": {\"[0-9]$\":"
                  + " {\"type\": \"integer\"}}, \"additionalProperties\": {\"type\": \"null\"}}",
              List.of("{\"a1\":9,\"b2\":10,\"c\":null}", "{\"b2\":1}", "{\"c\":null}"),
              List.of("{\"a1\":10}", "{\"b2\":null}", "{\"c\":1}")),
          new Case(
              "names of a kind",
              "{\"propertyNames\": {\"pattern\": \"^[a-z]{1,3}$\"},"
                  + " \"additionalProperties\": {\"type\": \"null\"}}",
              List.of("{}", "{\"abc\":null}", "{\"a\":null,\"b\":null}"),
              List.of("{\"abcd\":null}", "{\"A\":null}", "{\"\":null}")),
          new Case(
              "names of an enum",
              "{\"propertyNames\": {\"enum\": [\"a\", \"b\"]},"
                  + " \"additionalProperties\": {\"type\": \"null\"}, \"minProperties\": 1}",
              List.of("{\"a\":null}", "{\"b\":null}"),
              List.of("{}", "{\"c\":null}")),
          new Case(
              "at least two",
              "{\"properties\": {\"a\": {\"const\": 1}, \"b\": {\"const\": 1}, \"c\": {\"const\":"
                  + " 1}}, \"minProperties\": 2}",
              List.of("{\"a\":1,\"b\":1}", "{\"b\":1,\"c\":1}", "{\"a\":1,\"b\":1,\"c\":1}"),
              List.of("{}", "{\"a\":1}", "{\"c\":1}")),
          new Case(
              "at most two, with others",
              "{\"properties\": {\"a\": {\"const\": 1}, \"b\": {\"const\": 1}},"
                  + " \"required\": [\"b\"], \"additionalProperties\": {\"const\": 2},"
                  + " \"maxProperties\": 2}",
              List.of("{\"b\":1}", "{\"a\":1,\"b\":1}", "{\"b\":1,\"c\":2}"),
              List.of("{\"a\":1,\"b\":1,\"c\":2}", "{\"b\":1,\"c\":2,\"d\":2}", "{\"a\":1}")),
          new Case(
              "one that needs another",
              "{\"type\": \"object\", \"properties\": {\"card\": {\"const\": 1}, \"address\":"
                  + " {\"const\": 2}}, \"dependentRequired\": {\"card\": [\"address\"]}}",
              List.of("{}", "{\"address\":2}", "{\"card\":1,\"address\":2}"),
              List.of("{\"card\":1}")),
          new Case(
              "one that changes another",
              "{\"type\": \"object\", \"properties\": {\"big\": {\"const\": true}, \"size\":"
                  + " {\"type\": \"integer\"}}, \"dependentSchemas\": {\"big\": {\"properties\":"
                  + " {\"size\": {\"minimum\": 10}}, \"required\": [\"size\"]}}}",
              List.of("{\"size\":1}", "{\"big\":true,\"size\":10}", "{}"),
              List.of("{\"big\":true,\"size\":9}", "{\"big\":true}")));

  static final List<Case> COMBINATIONS =
      List.of(
          new Case(
              "a reference",
              "{\"$ref\": \"#/definitions/foo\", \"definitions\": {\"foo\": {\"type\": \"object\","
                  + " \"properties\": {\"a\": {\"type\": \"string\"}}, \"required\": [\"a\"],"
                  + " \"additionalProperties\": false}}}",
              List.of("{\"a\":\"\"}"),
              List.of("{}")),
          new Case(
              "a reference with more beside it",
              "{\"$ref\": \"#/$defs/n\", \"maximum\": 5, \"$defs\": {\"n\": {\"type\": \"integer\","
                  + " \"minimum\": 3}}}",
              List.of("3", "5"),
              List.of("2", "6")),
          new Case(
              "references by anchor, into a list, and with escapes",
              "{\"anyOf\": [{\"$ref\": \"#here\"}, {\"$ref\": \"#/$defs/list/prefixItems/1\"},"
                  + " {\"$ref\": \"#/$defs/a~1b%25~0\"}], \"$defs\": {\"x\": {\"$anchor\":"
                  + " \"here\", \"const\": 1}, \"list\": {\"prefixItems\": [true, {\"const\": 2}]},"
                  + " \"a/b%~\": {\"const\": 3}}}",
              List.of("1", "2", "3"),
              List.of("4", "null")),
          new Case(
              "a tree",
              "{\"$ref\": \"#/$defs/node\", \"$defs\": {\"node\": {\"type\": \"object\","
                  + " \"properties\": {\"value\": {\"type\": \"integer\"}, \"children\": {\"type\":"
                  + " \"array\", \"items\": {\"$ref\": \"#/$defs/node\"}}}, \"required\":"
                  + " [\"value\"]}}}",
              List.of(
                  "{\"value\":1}",
                  "{\"value\":1,\"children\":[]}",
                  "{\"value\":1,\"children\":[{\"value\":2,\"children\":[{\"value\":3}]},{\"value\":4}]}"),
              List.of("{\"value\":1,\"children\":[{}]}", "{\"value\":1,\"children\":[1]}")),
          new Case(
              "a list, linked from its root",
              "{\"type\": \"object\", \"properties\": {\"next\": {\"anyOf\": [{\"$ref\": \"#\"},"
                  + " {\"type\": \"null\"}]}}, \"required\": [\"next\"]}",
              List.of("{\"next\":null}", "{\"next\":{\"next\":{\"next\":null}}}"),
              List.of("{}", "{\"next\":{}}")),
          new Case(
              "what can never end is left out",
              "{\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#/$defs/endless\"},"
                  + " \"b\": {\"const\": 1}}, \"$defs\": {\"endless\": {\"type\": \"object\","
                  + " \"properties\": {\"e\": {\"$ref\": \"#/$defs/endless\"}}, \"required\":"
                  + " [\"e\"]}}}",
              List.of("{}", "{\"b\":1}"),
              List.of("{\"a\":{}}", "{\"a\":{\"e\":{}}}")),
          new Case(
              "any of two objects",
              "{\"anyOf\": [{\"$ref\": \"#/definitions/foo\"}, {\"$ref\": \"#/definitions/bar\"}],"
                  + " \"definitions\": {\"foo\": {\"properties\": {\"a\": {\"type\": \"number\"}}},"
                  + " \"bar\": {\"properties\": {\"b\": {\"type\": \"number\"}}}}, \"type\":"
                  + " \"object\"}",
              List.of("{}", "{\"a\":1}", "{\"b\":1}"),
              List.of("{\"a\":1,\"b\":1}", "{\"c\":1}", "1")),
          new Case(
              "any of, and more beside it",
              "{\"type\": \"object\", \"properties\": {\"id\": {\"type\": \"integer\"}},"
                  + " \"required\": [\"id\"], \"anyOf\": [{\"properties\": {\"a\": {\"const\": 1}},"
                  + " \"required\": [\"a\"]}, {\"required\": [\"b\"]}]}",
              List.of("{\"id\":1,\"a\":1}", "{\"id\":1,\"b\":null}"),
              List.of("{\"id\":1}", "{\"a\":1}")),
          new Case(
              "all of three objects, one of them one of two",
              "{\"allOf\": [{\"$ref\": \"#/$defs/foo\"}, {\"$ref\": \"#/$defs/bar\"}, {\"anyOf\":"
                  + " [{\"$ref\": \"#/$defs/baz\"}, {\"$ref\": \"#/$defs/bam\"}]}], \"type\":"
                  + " \"object\", \"$defs\": {\"foo\": {\"properties\": {\"a\": {\"type\":"
                  + " \"number\"}}, \"required\": [\"a\"]}, \"bar\": {\"properties\": {\"b\":"
                  + " {\"type\": \"number\"}}, \"required\": [\"b\"]}, \"baz\": {\"properties\":"
                  + " {\"c\": {\"type\": \"number\"}}}, \"bam\": {\"properties\": {\"d\":"
                  + " {\"type\": \"number\"}}}}}",
              List.of(
                  "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"b\":2,\"d\":4}"),
              List.of("{\"a\":1}", "{\"b\":1}", "{}")),
          new Case(
              "all of, for one property",
              "{\"allOf\": [{\"properties\": {\"a\": {\"minimum\": 3}}}, {\"properties\": {\"a\":"
                  + " {\"maximum\": 5}}, \"required\": [\"a\"]}]}",
              List.of("{\"a\":3}", "{\"a\":4.5}"),
              List.of("{\"a\":2}", "{\"a\":6}", "{}")),
          new Case(
              "all of with what others forbid",
              "{\"allOf\": [{\"type\": \"object\", \"properties\": {\"a\": true},"
                  + " \"additionalProperties\": false}, {\"properties\": {\"b\": true}}]}",
              List.of("{}", "{\"a\":1}"),
              List.of("{\"b\":1}")),
          new Case(
              "all of two enums",
              "{\"allOf\": [{\"enum\": [\"a\", \"b\", \"c\"]}, {\"enum\": [\"b\", \"c\", \"d\"]}]}",
              List.of("\"b\"", "\"c\""),
              List.of("\"a\"", "\"d\"")),
          new Case(
              "all of two patterns",
              "{\"allOf\": [{\"pattern\": \"^[a-f]+$\"}, {\"pattern\": \"^[e-z]+$\"}]}",
              List.of("\"e\"", "\"fefe\""),
              List.of("\"a\"", "\"g\"", "\"eg\"", "\"\"")),
          new Case(
              "one of, told apart by a tag",
              "{\"oneOf\": [{\"type\": \"object\", \"properties\": {\"kind\": {\"const\": \"cat\"},"
                  + " \"lives\": {\"type\": \"integer\"}}, \"required\": [\"kind\"]}, {\"type\":"
                  + " \"object\", \"properties\": {\"kind\": {\"const\": \"dog\"}, \"lives\":"
                  + " {\"const\": 1}}, \"required\": [\"kind\"]}]}",
              List.of("{\"kind\":\"cat\",\"lives\":9}", "{\"kind\":\"dog\",\"lives\":1}"),
              List.of("{\"kind\":\"dog\",\"lives\":9}", "{\"lives\":1}", "{\"kind\":\"cow\"}")),
          new Case(
              "one of, told apart by what is required",
              "{\"type\": \"object\", \"properties\": {\"a\": {\"const\": 1}, \"b\": {\"const\":"
                  + " 1}}, \"oneOf\": [{\"required\": [\"a\"]}, {\"required\": [\"b\"]}]}",
              List.of("{\"a\":1}", "{\"b\":1}"),
              List.of("{\"a\":1,\"b\":1}", "{}")),
          new Case(
              "one of numbers that overlap",
              "{\"oneOf\": [{\"type\": \"integer\", \"minimum\": 0}, {\"type\": \"number\","
                  + " \"maximum\": 5}]}",
              List.of("6", "100", "-1", "0.5", "4.25", "-7.5"),
              List.of("0", "3", "5", "5.5", "5.0", "3.0")),
          new Case(
              "one of, with values of an enum",
              "{\"enum\": [1, 2, 3, 4], \"oneOf\": [{\"minimum\": 2}, {\"maximum\": 3}]}",
              List.of("1", "4"),
              List.of("2", "3")),
          new Case(
              "not some types",
              "{\"not\": {\"type\": [\"object\", \"array\", \"string\", \"number\"]}}",
              List.of("null", "true"),
              List.of("1", "\"a\"", "[]", "{}")),
          new Case(
              "not some values",
              "{\"type\": [\"string\", \"integer\", \"boolean\", \"null\"], \"not\": {\"enum\":"
                  + " [\"no\", 13, true, null]}}",
              List.of("\"yes\"", "\"n\"", "\"non\"", "\"\"", "12", "130", "1", "false"),
              List.of("\"no\"", "13", "true", "null")),
          new Case(
              "not a pattern",
              "{\"type\": \"string\", \"not\": {\"pattern\": \"[aeiou]\"}}",
              List.of("\"\"", "\"xyz\"", "\"A\""),
              List.of("\"xay\"", "\"e\"")),
          new Case(
              "neither of two",
              "{\"type\": \"integer\", \"not\": {\"anyOf\": [{\"minimum\": 10}, {\"maximum\":"
                  + " 3}]}}",
              List.of("4", "9"),
              List.of("3", "10")),
          new Case(
              "not with a property",
              "{\"type\": \"object\", \"properties\": {\"a\": true, \"b\": true}, \"not\":"
                  + " {\"required\": [\"a\"]}}",
              List.of("{}", "{\"b\":1}"),
              List.of("{\"a\":1}")),
          new Case(
              "not both",
              "{\"type\": \"object\", \"properties\": {\"a\": {\"const\": 1}, \"b\": {\"const\":"
                  + " 1}}, \"not\": {\"required\": [\"a\", \"b\"]}}",
              List.of("{}", "{\"a\":1}", "{\"b\":1}"),
              List.of("{\"a\":1,\"b\":1}")),
          new Case(
              "if, then, else",
              "{\"type\": \"object\", \"properties\": {\"country\": {\"enum\": [\"us\", \"nl\"]},"
                  + " \"code\": {\"type\": \"string\"}}, \"required\": [\"country\", \"code\"],"
                  + " \"if\": {\"properties\": {\"country\": {\"const\": \"us\"}}}, \"then\":"
                  + " {\"properties\": {\"code\": {\"pattern\": \"^[0-9]{5}$\"}}}, \"else\":"
                  + " {\"properties\": {\"code\": {\"pattern\": \"^[0-9]{4}[A-Z]{2}$\"}}}}",
              List.of(
                  "{\"country\":\"us\",\"code\":\"12345\"}",
                  "{\"country\":\"nl\",\"code\":\"1234AB\"}"),
              List.of(
                  "{\"country\":\"nl\",\"code\":\"12345\"}",
                  "{\"country\":\"us\",\"code\":\"1234AB\"}")),
          new Case(
              "if without then says nothing",
              "{\"type\": \"integer\", \"if\": {\"minimum\": 5}}",
              List.of("1", "9"),
              List.of("true")));
}
