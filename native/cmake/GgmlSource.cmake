# ggml4j_find_sources(): sets GGML4J_ggml_DIR (and with GGML4J_TEST_DATA also GGML4J_models_DIR, GGML4J_grammars_DIR).
#
# The first that has it: GGML4J_GGML_SOURCE; the user's cache; upstream's git repository; the npm package. Whichever it
# was, the content is compared with the pinned tree ids.
include(GitTree)

# The user's cache folder of ggml4j, where the operating system wants such things.
function(ggml4j_cache_folder out)
  if(DEFINED ENV{XDG_CACHE_HOME} AND IS_ABSOLUTE "$ENV{XDG_CACHE_HOME}")
    set(base "$ENV{XDG_CACHE_HOME}")
  elseif(CMAKE_HOST_WIN32)
    set(base "$ENV{LOCALAPPDATA}")
  elseif(CMAKE_HOST_APPLE)
    set(base "$ENV{HOME}/Library/Caches")
  else()
    set(base "$ENV{HOME}/.cache")
  endif()
  file(TO_CMAKE_PATH "${base}" base)
  set(${out} "${base}/ggml4j/sources" PARENT_SCOPE)
endfunction()

# Stops the build if FOLDER does not hold the pinned content of PART.
function(ggml4j_verify part folder advice)
  ggml4j_tree_id(${part} "${folder}" found)
  if(NOT found STREQUAL GGML4J_TREE_${part})
    message(FATAL_ERROR
      "${folder} is not the ${part}/ of llama.cpp ${GGML4J_RELEASE} (ggml ${GGML4J_GGML_VERSION}):\n"
      "  found git tree    ${found}\n"
      "  expected git tree ${GGML4J_TREE_${part}}\n"
      "${advice}")
  endif()
endfunction()

# Puts the pinned parts of the repository REPO, of which nothing is checked out, into the cache.
function(ggml4j_keep_parts repo origin cache parts)
  foreach(part IN LISTS parts)
    execute_process(COMMAND "${GIT_EXECUTABLE}" rev-parse "HEAD:${part}" WORKING_DIRECTORY "${repo}"
      OUTPUT_VARIABLE found ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT found STREQUAL GGML4J_TREE_${part})
      file(REMOVE_RECURSE "${repo}")
      message(FATAL_ERROR "${origin} holds another ${part}/ than llama.cpp ${GGML4J_RELEASE}:\n"
        "  found git tree    ${found}\n"
        "  expected git tree ${GGML4J_TREE_${part}}\n"
        "Give the folder of the right version with -DGGML4J_GGML_SOURCE=<folder>.")
    endif()
  endforeach()
  execute_process(
    COMMAND "${GIT_EXECUTABLE}" -c core.autocrlf=false -c core.longpaths=true checkout --quiet HEAD -- ${parts}
    WORKING_DIRECTORY "${repo}" TIMEOUT 900 RESULT_VARIABLE result ERROR_VARIABLE error)
  if(NOT result EQUAL 0)
    set(GGML4J_FAILURE "checkout failed: ${error}" PARENT_SCOPE)
    return()
  endif()
  foreach(part IN LISTS parts)
    # Renaming is what makes it visible: a reader sees the whole folder or none. A folder that is there already was
    # put there by another build in the meantime.
    file(RENAME "${repo}/${part}" "${cache}/${part}-${GGML4J_TREE_${part}}" RESULT ignored)
  endforeach()
  set(GGML4J_FAILURE "" PARENT_SCOPE)
endfunction()

function(ggml4j_fetch_git repo cache parts)
  message(NOTICE "-- Asking ${GGML4J_REPOSITORY} for ${GGML4J_RELEASE}")
  # A machine without a network should know within seconds.
  execute_process(
    COMMAND "${GIT_EXECUTABLE}" ls-remote --quiet --exit-code "${GGML4J_REPOSITORY}"
      "refs/tags/${GGML4J_RELEASE}"
    TIMEOUT 20 RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE error)
  if(result EQUAL 0)
    execute_process(
      COMMAND "${GIT_EXECUTABLE}" clone --quiet --depth 1 --filter=blob:none --no-checkout
        --branch "${GGML4J_RELEASE}" -c advice.detachedHead=false "${GGML4J_REPOSITORY}" "${repo}"
      TIMEOUT 900 RESULT_VARIABLE result ERROR_VARIABLE error)
  endif()
  if(NOT result EQUAL 0)
    string(STRIP "${error}" error)
    set(GGML4J_FAILURE "${result} ${error}" PARENT_SCOPE)
    return()
  endif()
  ggml4j_keep_parts("${repo}" "${GGML4J_REPOSITORY} ${GGML4J_RELEASE}" "${cache}" "${parts}")
  set(GGML4J_FAILURE "${GGML4J_FAILURE}" PARENT_SCOPE)
endfunction()

function(ggml4j_fetch_npm repo cache parts)
  find_program(GGML4J_NPM NAMES npm npm.cmd)
  mark_as_advanced(GGML4J_NPM)
  if(NOT GGML4J_NPM)
    set(GGML4J_FAILURE "npm is not found" PARENT_SCOPE)
    return()
  endif()
  message(NOTICE "-- Getting the npm package ${GGML4J_NPM_PACKAGE}, which ships ${GGML4J_RELEASE} (36 MB)")
  file(MAKE_DIRECTORY "${repo}.npm")
  execute_process(
    COMMAND "${GGML4J_NPM}" pack "${GGML4J_NPM_PACKAGE}" --silent --ignore-scripts --pack-destination "${repo}.npm"
    WORKING_DIRECTORY "${repo}.npm" TIMEOUT 900 RESULT_VARIABLE result OUTPUT_QUIET ERROR_VARIABLE error)
  file(GLOB archive "${repo}.npm/*.tgz")
  if(result EQUAL 0 AND archive)
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION "${repo}.npm" PATTERNS "${GGML4J_NPM_BUNDLE}")
    execute_process(
      COMMAND "${GIT_EXECUTABLE}" clone --quiet --no-checkout -c advice.detachedHead=false
        "${repo}.npm/${GGML4J_NPM_BUNDLE}" "${repo}"
      RESULT_VARIABLE result ERROR_VARIABLE error)
  endif()
  file(REMOVE_RECURSE "${repo}.npm")
  if(NOT result EQUAL 0)
    string(STRIP "${error}" error)
    set(GGML4J_FAILURE "${result} ${error}" PARENT_SCOPE)
    return()
  endif()
  ggml4j_keep_parts("${repo}" "The npm package ${GGML4J_NPM_PACKAGE}" "${cache}" "${parts}")
  set(GGML4J_FAILURE "${GGML4J_FAILURE}" PARENT_SCOPE)
endfunction()

# Brings what the cache lacks of PARTS into it; FAILURES: what each source answered, empty if one had it.
function(ggml4j_fetch cache parts out_failures)
  set(failures "")
  # git neither asks for a password nor waits for a server that sends nothing.
  set(ENV{GIT_TERMINAL_PROMPT} 0)
  set(ENV{GIT_HTTP_LOW_SPEED_LIMIT} 1000)
  set(ENV{GIT_HTTP_LOW_SPEED_TIME} 20)
  string(RANDOM LENGTH 12 name)
  set(repo "${cache}/fetching-${name}")
  foreach(way git npm)
    cmake_language(CALL ggml4j_fetch_${way} "${repo}" "${cache}" "${parts}")
    file(REMOVE_RECURSE "${repo}")
    if(NOT GGML4J_FAILURE)
      set(${out_failures} "" PARENT_SCOPE)
      return()
    endif()
    message(NOTICE "-- Not from ${way}: ${GGML4J_FAILURE}")
    string(APPEND failures "  ${way}: ${GGML4J_FAILURE}\n")
  endforeach()
  set(${out_failures} "${failures}" PARENT_SCOPE)
endfunction()

# The parts that GGML4J_GGML_SOURCE has: the folder ggml itself, or a checkout that holds it beside the others.
function(ggml4j_given_sources)
  file(REAL_PATH "${GGML4J_GGML_SOURCE}" given BASE_DIRECTORY "${CMAKE_SOURCE_DIR}")
  if(EXISTS "${given}/ggml/include/ggml.h")
    set(root "${given}")
  elseif(EXISTS "${given}/include/ggml.h")
    get_filename_component(root "${given}" DIRECTORY)
    set(GGML4J_ggml_DIR "${given}")
  else()
    message(FATAL_ERROR "GGML4J_GGML_SOURCE is ${GGML4J_GGML_SOURCE}, and neither include/ggml.h nor ggml/include/ggml.h "
      "is in it. Name the folder ggml of llama.cpp ${GGML4J_RELEASE}, or the folder around it.")
  endif()
  if(NOT GGML4J_ggml_DIR)
    set(GGML4J_ggml_DIR "${root}/ggml")
  endif()
  ggml4j_verify(ggml "${GGML4J_ggml_DIR}" "Name another folder with -DGGML4J_GGML_SOURCE=<folder>, or none.")
  set(GGML4J_ggml_DIR "${GGML4J_ggml_DIR}" PARENT_SCOPE)
  foreach(part models grammars)
    if(IS_DIRECTORY "${root}/${part}")
      ggml4j_tree_id(${part} "${root}/${part}" found)
      if(found STREQUAL GGML4J_TREE_${part})
        set(GGML4J_${part}_DIR "${root}/${part}" PARENT_SCOPE)
      endif()
    endif()
  endforeach()
endfunction()

function(ggml4j_find_sources)
  foreach(part IN LISTS GGML4J_PARTS)
    set(GGML4J_${part}_DIR "")
  endforeach()
  if(GGML4J_GGML_SOURCE)
    ggml4j_given_sources()
  endif()
  set(wanted ggml)
  if(GGML4J_TEST_DATA)
    list(APPEND wanted models grammars)
  endif()
  ggml4j_cache_folder(cache)
  set(missing "")
  foreach(part IN LISTS wanted)
    if(NOT GGML4J_${part}_DIR)
      list(APPEND missing ${part})
    endif()
  endforeach()
  if(missing)
    file(MAKE_DIRECTORY "${cache}")
    # Two builds that start at once should not both download; each would be right without the lock.
    file(LOCK "${cache}/lock" GUARD FUNCTION TIMEOUT 1800 RESULT_VARIABLE ignored)
    set(absent "")
    foreach(part IN LISTS missing)
      if(NOT IS_DIRECTORY "${cache}/${part}-${GGML4J_TREE_${part}}")
        list(APPEND absent ${part})
      endif()
    endforeach()
    if(absent)
      ggml4j_fetch("${cache}" "${absent}" failures)
      if(failures AND "ggml" IN_LIST absent)
        message(FATAL_ERROR "GGML's source is nowhere to be had.\n${failures}"
          "Connect to a network, install npm, or give the folder: -DGGML4J_GGML_SOURCE=<llama.cpp ${GGML4J_RELEASE}>; "
          "with Maven: -Dggml4j.cmake.args=-DGGML4J_GGML_SOURCE=<folder>.")
      elseif(failures)
        message(WARNING "The test data of llama.cpp ${GGML4J_RELEASE} (${absent}) is nowhere to be had; tests that read "
          "it will fail.\n${failures}")
        list(REMOVE_ITEM missing ${absent})
      endif()
    endif()
    foreach(part IN LISTS missing)
      set(folder "${cache}/${part}-${GGML4J_TREE_${part}}")
      ggml4j_verify(${part} "${folder}" "The copy in the cache was changed: delete that folder and build again.")
      set(GGML4J_${part}_DIR "${folder}")
    endforeach()
  endif()
  set(properties "# Where the build found the parts of llama.cpp ${GGML4J_RELEASE}; tests read this file.\n")
  foreach(part IN LISTS GGML4J_PARTS)
    set(GGML4J_${part}_DIR "${GGML4J_${part}_DIR}" PARENT_SCOPE)
    string(APPEND properties "${part}=${GGML4J_${part}_DIR}\n")
  endforeach()
  file(WRITE "${CMAKE_BINARY_DIR}/sources.properties" "${properties}")
  message(NOTICE "-- GGML ${GGML4J_GGML_VERSION} from ${GGML4J_ggml_DIR}")
endfunction()
