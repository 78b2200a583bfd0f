# SPDX-License-Identifier: MIT-0
#
# The version stands once, in the public header; everything else reads it there.

function(strata_read_version header result)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
  set(parts)
  foreach(part IN ITEMS MAJOR MINOR PATCH)
    file(STRINGS "${header}" line REGEX "^#define STRATA_VERSION_${part} +[0-9]+")
    if(NOT line MATCHES "([0-9]+)")
      message(FATAL_ERROR "${header} does not define STRATA_VERSION_${part} as a number")
    endif()
    list(APPEND parts "${CMAKE_MATCH_1}")
  endforeach()
  list(JOIN parts "." version)
  set(${result} "${version}" PARENT_SCOPE)
endfunction()
