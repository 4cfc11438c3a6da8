package org.ggml4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.PaddingLayout;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.ggml4j.bindings.ggml.Ggml;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * What jextract made of GGML's headers against what the C compiler says of them
 * (native/layout/layout.c).
 */
class LayoutTest {
  /**
   * "struct ggml_tensor" to its size, "field ggml_tensor ne" to offset and size, "constant NAME" to
   * its value.
   */
  private static final Map<String, String> COMPILER = new TreeMap<>();

  @BeforeAll
  static void readWhatTheCompilerSays() throws IOException {
    String name = "META-INF/ggml4j/native/" + Platform.current().name() + "/layout.txt";
    try (InputStream in = LayoutTest.class.getClassLoader().getResourceAsStream(name)) {
      assertThat(in).as(name).isNotNull();
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ");
        int key = words[0].equals("field") ? 3 : 2;
        COMPILER.put(
            String.join(" ", List.of(words).subList(0, key)),
            String.join(" ", List.of(words).subList(key, words.length)));
      }
    }
  }

  @Test
  void sizesAndOffsetsAreTheCompilers() throws Exception {
    Map<String, String> generated = new TreeMap<>();
    for (Class<?> struct : structs()) {
      GroupLayout layout = (GroupLayout) struct.getMethod("layout").invoke(null);
      if (struct.getEnclosingClass() == null) {
        generated.put("struct " + struct.getSimpleName(), Long.toString(layout.byteSize()));
        fields(struct.getSimpleName(), "", 0, layout, generated);
      }
    }
    assertThat(generated).as("structures that are bound").isNotEmpty();
    Map<String, String> compiler = new TreeMap<>(COMPILER);
    compiler.keySet().removeIf(row -> row.startsWith("constant "));
    assertThat(generated).isEqualTo(compiler);
  }

  @Test
  void accessorsUseTheOffsetsOfTheLayout() throws Exception {
    int checked = 0;
    for (Class<?> struct : structs()) {
      GroupLayout layout = (GroupLayout) struct.getMethod("layout").invoke(null);
      for (MemoryLayout member : layout.memberLayouts()) {
        if (member instanceof PaddingLayout) {
          continue;
        }
        String name = member.name().orElseThrow();
        Object offset = struct.getMethod(name + "$offset").invoke(null);
        assertThat(offset)
            .as(struct.getName() + "." + name)
            .isEqualTo(layout.byteOffset(PathElement.groupElement(name)));
        checked++;
      }
    }
    assertThat(checked).isGreaterThan(50);
  }

  @Test
  void anInnerStructureIsLaidOutAsInTheOuterOne() throws Exception {
    int checked = 0;
    for (Class<?> struct : structs()) {
      Class<?> outer = struct.getEnclosingClass();
      if (outer != null) {
        GroupLayout layout = (GroupLayout) outer.getMethod("layout").invoke(null);
        MemoryLayout inner = layout.select(PathElement.groupElement(struct.getSimpleName()));
        MemoryLayout own = (MemoryLayout) struct.getMethod("layout").invoke(null);
        assertThat(own.withName("")).as(struct.getName()).isEqualTo(inner.withName(""));
        checked++;
      }
    }
    assertThat(checked).isGreaterThan(0);
  }

  @Test
  void constantsAreTheCompilers() throws Exception {
    Map<String, String> generated = new TreeMap<>();
    for (Method method : Ggml.class.getMethods()) {
      Class<?> type = method.getReturnType();
      if (Modifier.isStatic(method.getModifiers())
          && method.getParameterCount() == 0
          && (type == int.class || type == long.class)
          && method.getName().matches("[A-Z][A-Za-z0-9_]*")) {
        generated.put("constant " + method.getName(), method.invoke(null).toString());
      }
    }
    assertThat(generated).hasSizeGreaterThan(200);
    Map<String, String> compiler = new TreeMap<>(COMPILER);
    compiler.keySet().removeIf(row -> !row.startsWith("constant "));
    assertThat(generated).isEqualTo(compiler);
  }

  private static void fields(
      String struct, String prefix, long base, GroupLayout layout, Map<String, String> rows) {
    for (MemoryLayout member : layout.memberLayouts()) {
      if (member instanceof PaddingLayout) {
        continue;
      }
      String name = member.name().orElseThrow();
      long offset = base + layout.byteOffset(PathElement.groupElement(name));
      rows.put("field " + struct + " " + prefix + name, offset + " " + member.byteSize());
      if (member instanceof GroupLayout group && prefix.isEmpty() && isAnonymous(struct, name)) {
        fields(struct, name + ".", offset, group, rows);
      }
    }
  }

  /**
   * Whether the type of a field has no name of its own: then its fields are the outer structure's
   * to check.
   */
  private static boolean isAnonymous(String struct, String field) {
    try {
      Class.forName(Ggml.class.getPackageName() + "." + struct + "$" + field);
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  /** All generated classes of structures, whatever they are called: those that have a layout. */
  private static List<Class<?>> structs() throws Exception {
    URI location = Ggml.class.getResource("Ggml.class").toURI();
    List<Class<?>> structs = new ArrayList<>();
    try (Stream<Path> files = Files.list(Path.of(location).getParent())) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString().replaceFirst("\\.class$", "");
        // Each function has a class of its own in Ggml; looking into 500 of them is slow, and none
        // has a layout.
        if (!name.startsWith("Ggml")) {
          Class<?> type = Class.forName(Ggml.class.getPackageName() + "." + name);
          if (Stream.of(type.getMethods()).anyMatch(m -> m.getName().equals("layout"))) {
            structs.add(type);
          }
        }
      }
    }
    return structs;
  }
}
