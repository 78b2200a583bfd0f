# SPDX-License-Identifier: MIT-0
#
# Joins the files that src/LAYERS names into one C file on standard output.
# Called by amalgamate.sh, which sets: root, version, skip_host (1 leaves the host files out).
# Only POSIX awk, so that mawk, gawk, busybox and BSD awk write the same bytes.
#
# Order: all headers, then the plain sources, then os_*.c, then override_*.c, each group in the
# order of LAYERS. The host files come last so that what their system headers define (min,
# small, interface, ...) cannot reach the rest.

function fail(sentence) {
    print "amalgamate: " sentence > "/dev/stderr"
    failed = 1
    exit 1
}

function base_name(path) {
    sub(/.*\//, "", path)
    return path
}

function banner(word, path) { print "/* ---- " word " " path " ---- */" }

# Sorts one file of LAYERS into its group.
function add(path,    name) {
    name = base_name(path)
    known[path] = 1
    if (name ~ /\.def$/) return
    else if (name ~ /\.h$/) headers[++n_headers] = path
    else if (name ~ /^os_.*\.c$/) hosts[++n_hosts] = path
    else if (name ~ /^override_.*\.c$/) overrides[++n_overrides] = path
    else if (name ~ /\.c$/) sources[++n_sources] = path
    else fail("src/LAYERS names " path ", which is neither .h, .c nor .def")
}

function read_layers(    file, line, n, word, i) {
    file = root "/src/LAYERS"
    while ((status = (getline line < file)) > 0) {
        sub(/#.*/, "", line)
        n = split(line, word, " ")
        for (i = 2; i <= n; i++) add(word[1] "/" word[i])
    }
    if (status < 0) fail("cannot read " file)
    close(file)
}

# The names of the switches, from the @config lines, wrapped for the head comment.
function print_switches(    file, line, out) {
    file = root "/src/base/config.h"
    out = " *  "
    while ((getline line < file) > 0) {
        if (line !~ /@config +STRATA_[A-Z0-9_]+/) continue
        sub(/.*@config +/, "", line)
        sub(/[^A-Z0-9_].*/, "", line)
        if (length(out) + length(line) > 90) {
            print out
            out = " *  "
        }
        out = out " " line
    }
    close(file)
    print out
}

function print_head() {
    print "/* SPDX-License-Identifier: MIT-0"
    print " *"
    print " * strata " version ", a general-purpose memory allocator: the whole library in one file."
    print " *"
    print " * Compile it beside strata.h, with any C11 compiler: cc -O2 -c strata.c"
    print " * Made by tools/amalgamate.sh out of the files in src/; change those, not this."
    print " *"
    print " * Switches, set with -DNAME=n or #define above this file; each is explained at its"
    print " * `@config` line below:"
    print_switches()
    if (skip_host) {
        print " *"
        print " * This one lacks the host layer (os_*.c, override_*.c): it is for tests that bring"
        print " * their own."
    }
    print " */"
    print "#define STRATA_AMALGAMATION 1"
}

# What stands between the quotes of an #include "..." line; empty for any other line.
function quoted_include(line) {
    if (line !~ /^[ \t]*#[ \t]*include[ \t]*"[^"]*"/) return ""
    sub(/^[^"]*"/, "", line)
    sub(/".*/, "", line)
    return line
}

# The include itself goes into a comment; a comment that follows it on the line stays behind.
function print_include_as_comment(line,    rest) {
    rest = line
    sub(/^[^"]*"[^"]*"/, "", rest)
    print "/* " substr(line, 1, length(line) - length(rest)) " */" rest
}

function print_file(path,    file, line, target, got) {
    file = root "/src/" path
    banner("begin", path)
    while ((got = (getline line < file)) > 0) {
        target = quoted_include(line)
        if (target == "" || target == "strata.h" || target == "dlmalloc.h") print line
        else if (!(target in known)) fail(path " includes " target ", which is not in src/LAYERS")
        else if (target ~ /\.def$/) print_file(target)
        else print_include_as_comment(line)
    }
    if (got < 0) fail("src/LAYERS names " path ", which cannot be read")
    close(file)
    banner("end", path)
}

BEGIN {
    read_layers()
    print_head()
    for (i = 1; i <= n_headers; i++) { print ""; print_file(headers[i]) }
    for (i = 1; i <= n_sources; i++) { print ""; print_file(sources[i]) }
    if (!skip_host) {
        for (i = 1; i <= n_hosts; i++) { print ""; print_file(hosts[i]) }
        for (i = 1; i <= n_overrides; i++) { print ""; print_file(overrides[i]) }
    }
    exit failed
}
