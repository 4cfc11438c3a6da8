# Lays the libraries out as they are in the jar: META-INF/ggml4j/native/<platform>/, with an index. (META-INF/ggml4j is no
# legal package name, so the module system lets the loader read it across modules.)
set(GGML4J_PACKAGE_DIR "${CMAKE_BINARY_DIR}/package" CACHE PATH "Folder that receives META-INF/ggml4j/native/<platform>")

set(files "")
foreach(library IN LISTS GGML4J_LIBRARIES)
  list(APPEND files "$<TARGET_FILE:${library}>")
endforeach()
file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/package-$<CONFIG>.cmake" CONTENT
"set(files \"${files}\")
set(layout \"${GGML4J_LAYOUT}\")
set(folder \"${GGML4J_PACKAGE_DIR}/META-INF/ggml4j/native/${GGML4J_PLATFORM}\")
set(version \"${GGML4J_GGML_VERSION}\")
set(tree \"${GGML4J_TREE_ggml}\")
set(platform \"${GGML4J_PLATFORM}\")
set(system_libraries \"${GGML4J_SYSTEM_LIBRARIES}\")
set(system_backends \"${GGML4J_SYSTEM_BACKENDS}\")
set(strip \"$<$<NOT:$<CONFIG:Debug>>:${CMAKE_STRIP}>\")
set(arguments \"$<IF:$<BOOL:${APPLE}>,-x,--strip-unneeded>\")
")
add_custom_target(ggml4j-package ALL
  COMMAND "${CMAKE_COMMAND}" "-DVALUES=${CMAKE_BINARY_DIR}/package-$<CONFIG>.cmake"
    -P "${CMAKE_SOURCE_DIR}/native/cmake/WritePackage.cmake"
  DEPENDS ${GGML4J_LIBRARIES} "${GGML4J_LAYOUT}" COMMENT "Packing the libraries for ${GGML4J_PLATFORM}" VERBATIM)
