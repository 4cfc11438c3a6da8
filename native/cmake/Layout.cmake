# Builds and runs layout/layout.c, whose output the bindings' tests compare the generated layouts with.
set(includes "${CMAKE_SOURCE_DIR}/bindings/jextract/includes.txt")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${includes}")
file(STRINGS "${includes}" lines REGEX "^--include-constant ")
list(TRANSFORM lines REPLACE "^--include-constant ([A-Za-z0-9_]+).*$" "    CONSTANT(\\1)")
list(JOIN lines "$<SEMICOLON>\n" rows)
file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/layout/constants.inc" CONTENT "${rows}$<SEMICOLON>\n")

add_executable(ggml4j-layout native/layout/layout.c)
target_compile_features(ggml4j-layout PRIVATE c_std_11)
target_include_directories(ggml4j-layout PRIVATE "${CMAKE_BINARY_DIR}/layout")
if(GGML4J_SYSTEM_GGML)
  target_include_directories(ggml4j-layout PRIVATE $<TARGET_PROPERTY:ggml::ggml,INTERFACE_INCLUDE_DIRECTORIES>)
else()
  target_include_directories(ggml4j-layout PRIVATE "${GGML4J_ggml_DIR}/include")
endif()
set_target_properties(ggml4j-layout PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/layout")

set(GGML4J_LAYOUT "${CMAKE_BINARY_DIR}/layout/layout.txt")
add_custom_command(OUTPUT "${GGML4J_LAYOUT}"
  COMMAND ggml4j-layout > "${GGML4J_LAYOUT}"
  DEPENDS ggml4j-layout COMMENT "Asking the C compiler for GGML's layouts" VERBATIM)
