# The one version of GGML that ggml4j is written against. Git's tree ids name the content, wherever it is taken from;
# bindings/src/generated holds what jextract makes of these headers, so both change together.
set(GGML4J_GGML_VERSION 0.25.1)
set(GGML4J_RELEASE v0.5.0)
set(GGML4J_REPOSITORY https://github.com/ggml-org/llama.cpp)

# The npm package that ships the release as a git bundle, for building from source.
set(GGML4J_NPM_PACKAGE node-llama-cpp@3.22.1)
set(GGML4J_NPM_BUNDLE package/llama/gitRelease.bundle)

# ggml is built; models (vocabularies with expected tokens, chat templates) and grammars are what tests read.
set(GGML4J_PARTS ggml models grammars)
set(GGML4J_TREE_ggml 4a1fc5de35bd6af12f303c0701ea0bc7ec1e1c77)
set(GGML4J_TREE_models b71a3b0743a34a369fa9584017c7d2a8a20e8bee)
set(GGML4J_TREE_grammars 21cda513cd491dca43203e7abc3cdbb10a8265d5)

# The tree id covers which files are executable. Where the file system cannot say so (Windows), it is said here.
set(GGML4J_EXECUTABLE_ggml
  src/ggml-cann/CMakeLists.txt
  src/ggml-cuda/template-instances/generate_cu_files.py
  src/ggml-et/et-kernels/scripts/check_unimplemented_instructions.sh
  src/ggml-virtgpu/regenerate_remoting.py
  src/ggml-webgpu/wgsl-shaders/embed_wgsl.py)
set(GGML4J_EXECUTABLE_models templates/Apriel-1.6-15b-Thinker-fixed.jinja)
set(GGML4J_EXECUTABLE_grammars)
