# ggml4j_native_cpu(): one CPU library for the machine that builds it.
#
# On x86, GGML has no GGML_NATIVE together with loadable backends, because the library must know which features to ask the
# processor for before it is chosen. So the compiler is asked what this processor has, GGML's feature options are set
# accordingly (a copy that ends up on an older machine is then refused, where it would else die of an illegal
# instruction), and -march=native is added for all that has no option of its own.
function(ggml4j_native_cpu)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|i686)$" OR CMAKE_OSX_ARCHITECTURES MATCHES "arm64")
    set(GGML_NATIVE ON PARENT_SCOPE)
    return()
  endif()
  set(GGML_NATIVE OFF PARENT_SCOPE)
  if(MSVC)
    # cl.exe cannot say what the processor has; choosing at run time needs no answer.
    set(GGML_CPU_ALL_VARIANTS ON PARENT_SCOPE)
    return()
  endif()
  set(empty "${CMAKE_BINARY_DIR}/empty.c")
  file(WRITE "${empty}" "")
  execute_process(COMMAND "${CMAKE_C_COMPILER}" -march=native -dM -E "${empty}"
    RESULT_VARIABLE result OUTPUT_VARIABLE macros ERROR_VARIABLE error)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${CMAKE_C_COMPILER} does not know this processor (-march=native): ${error}"
      "Build for all processors: -DGGML4J_PORTABLE=ON, with Maven -Pportable.")
  endif()
  set(features "")
  foreach(pair SSE4_2=SSE42 AVX=AVX AVX2=AVX2 BMI2=BMI2 AVXVNNI=AVX_VNNI FMA=FMA F16C=F16C AVX512BW=AVX512
      AVX512VBMI=AVX512_VBMI AVX512VNNI=AVX512_VNNI AVX512BF16=AVX512_BF16 AMX_TILE=AMX_TILE AMX_INT8=AMX_INT8
      AMX_BF16=AMX_BF16)
    string(REPLACE "=" ";" pair "${pair}")
    list(GET pair 0 macro)
    list(GET pair 1 option)
    if(macros MATCHES "#define __${macro}__ 1")
      set(GGML_${option} ON PARENT_SCOPE)
      list(APPEND features ${option})
    else()
      set(GGML_${option} OFF PARENT_SCOPE)
    endif()
  endforeach()
  if(macros MATCHES "#define __AVX512FP16__ 1")
    set(GGML4J_HAS_AVX512FP16 ON PARENT_SCOPE)
  endif()
  set(GGML4J_MARCH_NATIVE ON PARENT_SCOPE)
  list(JOIN features " " features)
  message(NOTICE "-- One CPU library for this machine: ${features}")
endfunction()
