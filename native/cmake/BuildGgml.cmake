# Builds GGML with its backends as libraries of their own, which are loaded at run time if the machine has the device.
# GGML's own options (GGML_CUDA, GGML_METAL, GGML_VULKAN, GGML_HIP, GGML_RPC, GGML_BLAS, ...) are taken as they are given.
set(BUILD_SHARED_LIBS ON)
set(GGML_BACKEND_DL ON)
set(GGML_OPENMP ${GGML4J_OPENMP})
set(GGML_BUILD_TESTS OFF)
set(GGML_BUILD_EXAMPLES OFF)
set(GGML_ALL_WARNINGS OFF)
if(GGML4J_PORTABLE)
  set(GGML_NATIVE OFF)
  set(GGML_CPU_ALL_VARIANTS ON)
elseif(NOT DEFINED GGML_NATIVE AND NOT CMAKE_CROSSCOMPILING)
  set(GGML_CPU_ALL_VARIANTS OFF)
  include(NativeCpu)
  ggml4j_native_cpu()
endif()
# llama.cpp's choice for what ggml/ leaves open; the comparison with llama.cpp is with these.
set(GGML_LLAMAFILE_DEFAULT ON)
set(GGML_CUDA_GRAPHS_DEFAULT ON)

# All libraries lie in one folder and find each other there, wherever that folder is.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
if(APPLE)
  set(CMAKE_MACOSX_RPATH ON)
  set(CMAKE_INSTALL_RPATH "@loader_path")
else()
  set(CMAKE_INSTALL_RPATH "$ORIGIN")
endif()

# GGML asks git which commit it is built from; of a folder that git does not know, it must not be told the id of
# whatever repository lies around it.
get_filename_component(parent "${GGML4J_ggml_DIR}" DIRECTORY)
set(ENV{GIT_CEILING_DIRECTORIES} "${parent}")
unset(GGML_AVAILABLE_BACKENDS CACHE)
add_subdirectory("${GGML4J_ggml_DIR}" "${CMAKE_BINARY_DIR}/ggml")
set(GGML4J_BACKENDS ${GGML_AVAILABLE_BACKENDS})
set(GGML4J_LIBRARIES ggml-base ggml ${GGML4J_BACKENDS})

if(GGML4J_MARCH_NATIVE)
  target_compile_options(ggml-cpu PRIVATE -march=native)
  # With half-precision arithmetic, ggml 0.25's products of F16 rows take 128 elements at a time, and rows of 64, the
  # heads of many models, one by one: attention then takes 17% of a decoding step of a 135M model instead of 2%. None of
  # GGML's own variants uses it either.
  if(GGML4J_HAS_AVX512FP16)
    target_compile_options(ggml-cpu PRIVATE -mno-avx512fp16)
  endif()
endif()

# Quantizing happens in ggml-base, which is compiled for every processor, for a value at a time. These options let compilers
# use vectors and change no result: none reorders or joins operations, and nobody asks for floating-point exceptions or
# errno. Files come out byte for byte as from llama-quantize; tests hold them to it. Only ggml-quants.c may need a
# newer processor: Java calls it where the CPU library was loaded, which asks for the processor's features.
if(CMAKE_C_COMPILER_ID MATCHES "^(GNU|Clang|AppleClang)$")
  set(exact "-fno-trapping-math;-fno-math-errno;-ffp-contract=off")
  set_source_files_properties("${GGML4J_ggml_DIR}/src/ggml.c" TARGET_DIRECTORY ggml-base
    PROPERTIES COMPILE_OPTIONS "${exact}")
  set(quantizing "${exact};-include;${CMAKE_CURRENT_SOURCE_DIR}/native/cmake/nearest16.h")
  if(GGML4J_MARCH_NATIVE)
    list(APPEND quantizing -march=native)
  endif()
  set_source_files_properties("${GGML4J_ggml_DIR}/src/ggml-quants.c" TARGET_DIRECTORY ggml-base
    PROPERTIES COMPILE_OPTIONS "${quantizing}")
endif()

# Plain names (libggml-base.so, not libggml-base.so.0.25.1 behind two links): a jar has no links, and the folder's name
# holds the content's hash already.
foreach(library IN LISTS GGML4J_LIBRARIES)
  set_property(TARGET ${library} PROPERTY VERSION)
  set_property(TARGET ${library} PROPERTY SOVERSION)
endforeach()

# GCC (seen with 12.2 at -O3) takes the stores that fill the tile configuration in amx/mmq.cpp for dead, because it does
# not see that ldtilecfg reads them, and drops them; the next AMX instruction then ends the process with SIGILL. So this
# one file is compiled without the elimination of dead stores. All CPU variants are targets of one folder.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  foreach(library IN LISTS GGML4J_BACKENDS)
    if(library MATCHES "^ggml-cpu")
      set_source_files_properties("${GGML4J_ggml_DIR}/src/ggml-cpu/amx/mmq.cpp" TARGET_DIRECTORY ${library}
        PROPERTIES COMPILE_OPTIONS "-fno-dse;-fno-tree-dse")
    endif()
  endforeach()
endif()

# Products of few vectors: the files in kernels/ say what GGML's lack. The files that ask for GGML's are told other names.
if(GGML_LLAMAFILE AND CMAKE_C_COMPILER_ID MATCHES "^(GNU|Clang|AppleClang)$")
  foreach(library IN LISTS GGML4J_BACKENDS)
    if(library MATCHES "^ggml-cpu")
      set(kernels "${CMAKE_CURRENT_SOURCE_DIR}/native/kernels")
      target_sources(${library} PRIVATE "${kernels}/few_rows.c" "${kernels}/few_rows_amx.cpp")
      set_source_files_properties("${GGML4J_ggml_DIR}/src/ggml-cpu/ggml-cpu.c" TARGET_DIRECTORY ${library}
        PROPERTIES COMPILE_DEFINITIONS llamafile_sgemm=ggml4j_sgemm)
      set_source_files_properties("${GGML4J_ggml_DIR}/src/ggml-cpu/amx/amx.cpp" TARGET_DIRECTORY ${library}
        PROPERTIES COMPILE_DEFINITIONS ggml_backend_amx_mul_mat=ggml4j_amx_mul_mat)
    endif()
  endforeach()
  target_sources(ggml PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/native/kernels/mark.c")
endif()
