# ggml4j_tree_id(PART FOLDER OUT): the id that git gives to what FOLDER holds, whether or not git knows the folder.
#
# The index is kept in the build folder, so that the next check reads only the files that changed; the objects, which
# nobody needs, are not.
find_package(Git QUIET)

# Runs git in FOLDER without the user's configuration (line endings, filters, attributes would change what is hashed).
function(ggml4j_git folder git_dir out)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env
      GIT_CONFIG_NOSYSTEM=1 "GIT_CONFIG_GLOBAL=${git_dir}/none" "GIT_DIR=${git_dir}" "GIT_WORK_TREE=${folder}"
      "GIT_INDEX_FILE=${git_dir}/index" GIT_ATTR_NOSYSTEM=1
      "${GIT_EXECUTABLE}" -c core.autocrlf=false -c core.compression=0 -c core.longpaths=true
      "-c" "core.attributesFile=${git_dir}/none" ${ARGN}
    WORKING_DIRECTORY "${folder}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE error OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " arguments)
    message(FATAL_ERROR "git ${arguments} failed in ${folder} (${result}): ${error}")
  endif()
  set(${out} "${output}" PARENT_SCOPE)
endfunction()

function(ggml4j_tree_id part folder out)
  if(NOT GIT_EXECUTABLE)
    message(FATAL_ERROR "git is not found, and without it the source of GGML cannot be checked. "
      "Install git (apt install git, brew install git, winget install Git.Git).")
  endif()
  set(git_dir "${CMAKE_BINARY_DIR}/tree-id/${part}.git")
  string(SHA1 key "${folder}")
  if(EXISTS "${git_dir}/folder")
    file(READ "${git_dir}/folder" known)
  else()
    set(known "")
  endif()
  if(NOT known STREQUAL key)
    file(REMOVE_RECURSE "${git_dir}")
    execute_process(COMMAND "${GIT_EXECUTABLE}" init --quiet --bare "${git_dir}" COMMAND_ERROR_IS_FATAL ANY)
    file(WRITE "${git_dir}/folder" "${key}")
  endif()
  if(WIN32)
    ggml4j_git("${folder}" "${git_dir}" ignored config core.fileMode false)
  endif()
  ggml4j_git("${folder}" "${git_dir}" ignored add --force --all .)
  if(WIN32)
    foreach(file IN LISTS GGML4J_EXECUTABLE_${part})
      ggml4j_git("${folder}" "${git_dir}" ignored update-index --chmod=+x -- "${file}")
    endforeach()
  endif()
  ggml4j_git("${folder}" "${git_dir}" tree write-tree --missing-ok)
  file(GLOB objects "${git_dir}/objects/??")
  if(objects)
    file(REMOVE_RECURSE ${objects})
  endif()
  set(${out} "${tree}" PARENT_SCOPE)
endfunction()
