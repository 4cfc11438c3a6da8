# Script that Maven runs: configures and builds in one go, with Ninja if it is there.
#
#   cmake -DSOURCE=<repository> -DBUILD=<folder> -DPACKAGE=<folder> -DPLATFORM=<name> [-DPORTABLE=ON] [-DARGS="-D... -D..."]
#     -P native/cmake/Drive.cmake
cmake_minimum_required(VERSION 3.21)
separate_arguments(arguments UNIX_COMMAND "${ARGS}")
if(NOT PORTABLE)
  set(PORTABLE OFF)
endif()
list(PREPEND arguments "-DGGML4J_PORTABLE=${PORTABLE}" "-DGGML4J_PACKAGE_DIR=${PACKAGE}" "-DGGML4J_PLATFORM=${PLATFORM}"
  -DCMAKE_BUILD_TYPE=Release)

# A cache remembers options that are no longer given; a build folder is good for one set of them.
string(SHA1 options "${arguments}")
set(known "")
if(EXISTS "${BUILD}/options")
  file(READ "${BUILD}/options" known)
endif()
if(NOT known STREQUAL options)
  file(REMOVE "${BUILD}/CMakeCache.txt")
endif()
if(NOT EXISTS "${BUILD}/CMakeCache.txt")
  find_program(ninja NAMES ninja ninja-build)
  if(ninja AND NOT DEFINED ENV{CMAKE_GENERATOR} AND NOT CMAKE_HOST_WIN32)
    list(PREPEND arguments -G Ninja)
    file(REMOVE_RECURSE "${BUILD}/CMakeFiles")
  endif()
endif()
file(MAKE_DIRECTORY "${BUILD}")
execute_process(
  COMMAND "${CMAKE_COMMAND}" -S "${SOURCE}" -B "${BUILD}" -Wno-dev --log-level=NOTICE ${arguments}
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  file(REMOVE "${BUILD}/options")
  message(FATAL_ERROR "Configuring GGML failed; the reason is above.")
endif()
file(WRITE "${BUILD}/options" "${options}")

cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
execute_process(
  COMMAND "${CMAKE_COMMAND}" --build "${BUILD}" --config Release --parallel ${cores}
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "Building GGML failed; the compiler's message is above.")
endif()
