package org.ggml4j.bindings;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.ggml4j.bindings.ggml.Ggml;
import org.junit.jupiter.api.Test;

/**
 * Every function that is bound is in the libraries; those of a backend, which is loaded at run
 * time, are not.
 */
class SymbolsTest {
  private static final String ADDRESS = "$address";

  @Test
  void everyFunctionOutsideTheBackendsIsFound() throws Exception {
    NativeLibrary.load();
    Set<String> found = new TreeSet<>();
    Set<String> missing = new TreeSet<>();
    for (Method method : Ggml.class.getMethods()) {
      if (method.getName().endsWith(ADDRESS)) {
        String function = method.getName().replace(ADDRESS, "");
        try {
          method.invoke(null);
          found.add(function);
        } catch (InvocationTargetException e) {
          missing.add(function);
        }
      }
    }
    Set<String> expected = functionsOf("ggml-cpu.h");
    expected.addAll(functionsOf("ggml-rpc.h"));
    assertThat(missing).isEqualTo(expected);
    assertThat(found).hasSizeGreaterThan(450).contains("ggml_mul_mat", "ggml_backend_sched_new");
  }

  @Test
  void theCpuBackendGivesItsFunctionsByName() {
    NativeLibrary.load();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cpu = Ggml.ggml_backend_reg_by_name(arena.allocateFrom("CPU"));
      assertThat(cpu.address()).isNotZero();
      for (String name :
          Set.of(
              "ggml_backend_set_n_threads",
              "ggml_backend_set_abort_callback",
              "ggml_backend_cpu_set_threadpool",
              "ggml_backend_dev_get_extra_bufts",
              "ggml_backend_get_features",
              "ggml_threadpool_new",
              "ggml_threadpool_free")) {
        assertThat(Ggml.ggml_backend_reg_get_proc_address(cpu, arena.allocateFrom(name)).address())
            .as(name)
            .isNotZero();
      }
    }
  }

  private static Set<String> functionsOf(String header) throws IOException {
    Set<String> functions = new TreeSet<>();
    boolean here = false;
    for (String line : Files.readAllLines(Path.of("jextract", "includes.txt"))) {
      if (line.startsWith("# ")) {
        here = line.equals("# " + header + ": functions");
      } else if (here && line.startsWith("--include-function ")) {
        functions.add(line.substring("--include-function ".length()).trim());
      }
    }
    assertThat(functions).as("functions of " + header).isNotEmpty();
    return functions;
  }
}
