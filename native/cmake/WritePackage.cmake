# Script: copies the libraries into the package folder and writes index.txt beside them, which the loader reads:
#
#   ggml4j-native 1                          version of this format
#   ggml <version> <git tree id>             what was built
#   content <sha256>                         of the library lines below: names the folder that the jar is extracted to
#   library <sha256> <size> <file name>      one line per library
#   system <folder>, backends <folder>       instead of libraries: the installed ggml that is to be used
include("${VALUES}")
file(MAKE_DIRECTORY "${folder}")
set(names index.txt layout.txt)
set(lines "")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME)
  list(APPEND names "${name}")
  set(copy "${folder}/${name}")
  if(NOT EXISTS "${copy}" OR "${file}" IS_NEWER_THAN "${copy}")
    file(COPY_FILE "${file}" "${copy}.new")
    if(strip)
      execute_process(COMMAND "${strip}" ${arguments} "${copy}.new" COMMAND_ERROR_IS_FATAL ANY)
    endif()
    file(RENAME "${copy}.new" "${copy}")
  endif()
  file(SHA256 "${copy}" hash)
  file(SIZE "${copy}" size)
  string(APPEND lines "library ${hash} ${size} ${name}\n")
endforeach()
if(system_libraries)
  string(APPEND lines "system ${system_libraries}\nbackends ${system_backends}\n")
endif()
string(SHA256 content "${lines}")
set(index "ggml4j-native 1\nggml ${version} ${tree}\ncontent ${content}\n${lines}")
file(CONFIGURE OUTPUT "${folder}/index.txt" CONTENT "${index}" @ONLY NEWLINE_STYLE LF)
file(COPY_FILE "${layout}" "${folder}/layout.txt" ONLY_IF_DIFFERENT)

# What an earlier build with other options left behind.
file(GLOB present RELATIVE "${folder}" "${folder}/*")
list(REMOVE_ITEM present ${names})
foreach(name IN LISTS present)
  file(REMOVE "${folder}/${name}")
endforeach()
