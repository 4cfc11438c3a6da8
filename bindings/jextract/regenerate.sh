#!/bin/sh
# Generates bindings/src/generated/java from GGML's public headers, or says whether it is still what they give.
#
#   JEXTRACT=<command> bindings/jextract/regenerate.sh [--check] [<folder ggml/include>]
#
# Without a folder, the one that the native build used (native/target/cmake/sources.properties). JEXTRACT defaults to
# "jextract" on the PATH (https://jdk.java.net/jextract, or built from https://github.com/openjdk/jextract).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
generated=$repository/bindings/src/generated/java
jextract=${JEXTRACT:-jextract}

check=
if [ "${1:-}" = --check ]; then
  check=yes
  shift
fi
include=${1:-}
if [ -z "$include" ]; then
  sources=$repository/native/target/cmake/sources.properties
  if [ ! -f "$sources" ]; then
    echo "No folder of headers given, and $sources is not there. Run: mvn -pl native package" >&2
    exit 2
  fi
  include=$(sed -n 's/^ggml=//p' "$sources")/include
fi
if [ ! -f "$include/ggml.h" ]; then
  echo "$include has no ggml.h; give the folder ggml/include of llama.cpp." >&2
  exit 2
fi
if ! command -v "${jextract%% *}" >/dev/null 2>&1; then
  echo "jextract is not found: set JEXTRACT to the command that starts it." >&2
  exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2086 # JEXTRACT may hold arguments
$jextract -I "$include" --header-class-name Ggml -t org.ggml4j.bindings.ggml --output "$work" \
  "@$here/includes.txt" "$here/ggml4j.h"

# Two things are then put differently, so that one set of sources serves every 64-bit platform and Java 22:
#
# C_LONG. The headers use int64_t and size_t only, which on Linux and macOS are "long" and on Windows "long long"; no
# header uses the type long itself. So C_LONG is 64 bits everywhere.
#
# SymbolLookup.findOrThrow, which is new in Java 23.
ggml=$work/org/ggml4j/bindings/ggml
sed -e 's/C_LONG = (ValueLayout.OfLong) Linker.nativeLinker().canonicalLayouts().get("long");/C_LONG = C_LONG_LONG;/' \
  -e '/static final boolean TRACE_DOWNCALLS/i\
    static MemorySegment findOrThrow(SymbolLookup lookup, String symbol) {\
        return lookup.find(symbol).orElseThrow(() -> new UnsatisfiedLinkError("unresolved symbol: " + symbol));\
    }\
' "$ggml/Ggml\$shared.java" > "$work/edited"
mv "$work/edited" "$ggml/Ggml\$shared.java"
sed 's/SYMBOL_LOOKUP\.findOrThrow(/findOrThrow(SYMBOL_LOOKUP, /' "$ggml/Ggml.java" > "$work/edited"
mv "$work/edited" "$ggml/Ggml.java"
if ! grep -q 'C_LONG = C_LONG_LONG;' "$ggml/Ggml\$shared.java" ||
  ! grep -q 'MemorySegment findOrThrow(' "$ggml/Ggml\$shared.java" ||
  ! grep -q 'findOrThrow(SYMBOL_LOOKUP, ' "$ggml/Ggml.java"; then
  echo "This jextract writes C_LONG or the look-up of symbols in another way than this script knows." >&2
  exit 1
fi

if [ -n "$check" ]; then
  if diff -r -q "$work" "$generated"; then
    echo "bindings/src/generated/java is what jextract makes of these headers."
  else
    echo "bindings/src/generated/java differs from what jextract makes of $include: run $0" >&2
    exit 1
  fi
else
  rm -rf "$generated"
  mkdir -p "$generated"
  cp -R "$work/." "$generated"
  echo "Wrote $(find "$generated" -name '*.java' | wc -l) files to $generated"
fi
