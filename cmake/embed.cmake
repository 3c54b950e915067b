# SPDX-License-Identifier: Apache-2.0
# embed(ROOM NAME FILE...): gives the room (a directory of src/) a header "ROOM/embedded_NAME.hpp" with one
# constexpr table `embedded::NAME` of {file name, content}, so that the program is a single file. Of
# embed_served() the rows are {file name, content, gzip, br}.
function(embed room name)
  embed_as("" ${room} ${name} ${ARGN})
endfunction()

function(embed_served room name)
  embed_as(--served ${room} ${name} ${ARGN})
endfunction()

function(embed_as how room name)
  set(out ${PROJECT_BINARY_DIR}/embedded/${room}/embedded_${name}.hpp)
  add_custom_command(OUTPUT ${out}
    COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/tools/embed.py ${how} ${out} ${room} ${name} ${ARGN}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/tools/embed.py VERBATIM)
  target_sources(${room} PRIVATE ${out})
  target_include_directories(${room} PRIVATE ${PROJECT_BINARY_DIR}/embedded)
endfunction()

# embed_openapi(ROOM FILE): embeds the OpenAPI document, which is converted from YAML to JSON at build time.
function(embed_openapi room file)
  set(json ${PROJECT_BINARY_DIR}/embedded/openapi.json)
  add_custom_command(OUTPUT ${json}
    COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/tools/openapi_json.py ${PROJECT_SOURCE_DIR}/${file} ${json}
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/tools/openapi_json.py VERBATIM)
  embed_served(${room} openapi ${json})
endfunction()
