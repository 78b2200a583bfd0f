/* SPDX-License-Identifier: MIT-0
 *
 * The columns: which library a name on the command line means. A name is a path, LABEL=PATH,
 * `system` (nothing is preloaded), `strata` (the library beside the command), or one of the
 * allocators that are well known, which are looked for where libraries are installed.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

typedef struct contender_peer {
    const char *name;
    const char *soname;
    const char *environment;
} contender_peer;

/* mimalloc asks for huge pages for itself, which makes its memory depend on the machine. */
static const contender_peer contender_peers[] = {
    {"jemalloc", "libjemalloc.so.2", NULL},
    {"mimalloc", "libmimalloc.so.2", "MIMALLOC_ALLOW_THP=0"},
    {"tcmalloc", "libtcmalloc_minimal.so.4", NULL},
};
enum { contender_peer_count = sizeof contender_peers / sizeof contender_peers[0] };

static int contender_no_memory(const char *prefix)
{
    return cmd_fail(cmd_exit_failed, "%sthere is no memory.", prefix);
}

/* ---- the list ---- */

bool cmd_contenders_append(cmd_contenders *contenders, cmd_contender contender)
{
    if (contenders->count == cmd_contender_max || contender.label == NULL) {
        free(contender.label);
        free(contender.library);
        free(contender.options);
        return false;
    }
    contenders->list[contenders->count++] = contender;
    return true;
}

void cmd_contenders_free(cmd_contenders *contenders)
{
    for (size_t i = 0; i < contenders->count; i++) {
        free(contenders->list[i].label);
        free(contenders->list[i].library);
        free(contenders->list[i].options);
    }
    free(contenders->left_out);
    memset(contenders, 0, sizeof *contenders);
}

static bool contender_is_there(const cmd_contenders *contenders, const char *label)
{
    for (size_t i = 0; i < contenders->count; i++) {
        if (strcmp(contenders->list[i].label, label) == 0) return true;
    }
    return false;
}

/* "jemalloc, mimalloc" and so on. */
static void contender_leave_out(cmd_contenders *contenders, const char *name)
{
    char *joined = contenders->left_out == NULL
                       ? strdup(name)
                       : cmd_format("%s, %s", contenders->left_out, name);
    free(contenders->left_out);
    contenders->left_out = joined;
}

/* Adds a column for `library`, which becomes the list's. */
static int contender_add(cmd_contenders *contenders, const char *label, size_t label_length,
                         char *library, const char *prefix)
{
    cmd_contender added = {.label = strndup(label, label_length), .library = library};
    if (added.label != NULL && contender_is_there(contenders, added.label)) {
        const int status = cmd_fail(cmd_exit_bad_input,
                                    "%stwo allocators are called '%s'; LABEL=PATH gives "
                                    "one another name.",
                                    prefix, added.label);
        free(added.label);
        free(library);
        return status;
    }
    const char *slash = library != NULL ? strrchr(library, '/') : NULL;
    for (size_t i = 0; i < contender_peer_count && slash != NULL; i++) {
        const size_t stem = strcspn(contender_peers[i].soname, ".");
        if (strncmp(slash + 1, contender_peers[i].soname, stem) == 0) {
            added.environment = contender_peers[i].environment;
        }
    }
    if (contenders->count == cmd_contender_max) {
        free(added.label);
        free(library);
        return cmd_fail(cmd_exit_bad_input, "%sthere can be %d allocators at most.", prefix,
                        cmd_contender_max);
    }
    return cmd_contenders_append(contenders, added) ? 0 : contender_no_memory(prefix);
}

/* ---- files ---- */

/* 0 if the file can be preloaded into a program of our kind. */
static int contender_check_library(const char *path, const char *prefix)
{
    cmd_elf library, self;
    cmd_elf_read(path, &library);
    cmd_elf_read("/proc/self/exe", &self);
    if (!library.is_shared) {
        return cmd_fail(cmd_exit_bad_input, "%s'%s' is no shared library.", prefix, path);
    }
    if (library.width != self.width || library.machine != self.machine) {
        return cmd_fail(cmd_exit_bad_input,
                        "%s'%s' is a library for another kind of processor.", prefix, path);
    }
    /* ld.so: both separate the names in LD_PRELOAD, and there is no escape. */
    if (strpbrk(path, " :") != NULL) {
        return cmd_fail(cmd_exit_bad_input,
                        "%s'%s' can't be preloaded, for it has a space or a colon in its path.",
                        prefix, path);
    }
    return cmd_exit_ok;
}

/* "jemalloc" of "/usr/lib/libjemalloc.so.2". */
static const char *contender_label_of(const char *path, size_t *length)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    if (strncmp(name, "lib", 3) == 0 && name[3] != '.' && name[3] != '\0') name += 3;
    const char *end = strstr(name, ".so");
    *length = end != NULL && end != name ? (size_t)(end - name) : strlen(name);
    return name;
}

static int contender_add_path(cmd_contenders *contenders, const char *asked, const char *prefix)
{
    /* A label has no slash; so a path with '=' in it can be written with one in front. */
    const size_t label_length = strcspn(asked, "=/");
    const bool has_label = asked[label_length] == '=' && label_length > 0;
    const char *path = has_label ? asked + label_length + 1 : asked;
    char *library = realpath(path, NULL);
    if (library == NULL) {
        const char *hint = strchr(path, '/') != NULL || errno != ENOENT
                               ? ""
                               : " It is none of the names that are known either: system, "
                                 "strata, jemalloc, mimalloc, tcmalloc.";
        return cmd_fail(cmd_exit_bad_input, "%sthe allocator '%s' can't be used: %s.%s", prefix,
                        path, strerror(errno), hint);
    }
    const int status = contender_check_library(library, prefix);
    if (status != 0) {
        free(library);
        return status;
    }
    size_t length = label_length;
    const char *label = has_label ? asked : contender_label_of(path, &length);
    return contender_add(contenders, label, length, library, prefix);
}

/* ---- well-known ones ---- */

/* The first file that matches and is for our kind of processor, as a new path; or NULL. */
static char *contender_match(const char *directory, const char *soname, const cmd_elf *self)
{
    char *pattern = cmd_format("%s/%s", directory, soname);
    glob_t matches = {0};
    char *found = NULL;
    if (pattern != NULL && glob(pattern, 0, NULL, &matches) == 0) {
        for (size_t i = 0; i < matches.gl_pathc && found == NULL; i++) {
            cmd_elf library;
            cmd_elf_read(matches.gl_pathv[i], &library);
            if (library.is_shared && library.width == self->width &&
                library.machine == self->machine) {
                found = realpath(matches.gl_pathv[i], NULL);
            }
        }
    }
    globfree(&matches);
    free(pattern);
    return found;
}

static char *contender_find_peer(const contender_peer *peer)
{
    static const char *const directories[] = {
        "/usr/local/lib", "/usr/local/lib/*-*", "/usr/local/lib64", "/usr/lib/*-*", "/lib/*-*",
        "/usr/lib64",     "/usr/lib",           "/lib64",           "/lib"};
    cmd_elf self;
    char *found = NULL;
    cmd_elf_read("/proc/self/exe", &self);
    for (size_t i = 0; i < sizeof directories / sizeof directories[0] && found == NULL; i++) {
        found = contender_match(directories[i], peer->soname, &self);
    }
    return found;
}

static int contender_add_peer(cmd_contenders *contenders, const contender_peer *peer,
                              bool is_needed, const char *prefix)
{
    if (!is_needed && contender_is_there(contenders, peer->name)) return 0;
    char *library = contender_find_peer(peer);
    if (library != NULL) {
        return contender_add(contenders, peer->name, strlen(peer->name), library, prefix);
    }
    if (is_needed) {
        return cmd_fail(cmd_exit_bad_input,
                        "%s%s is not installed: there is no %s where libraries are; "
                        "--allocator %s=PATH says where it is.",
                        prefix, peer->name, peer->soname, peer->name);
    }
    contender_leave_out(contenders, peer->name);
    return 0;
}

int cmd_contenders_add_peers(cmd_contenders *contenders, const char *prefix)
{
    int status = 0;
    for (size_t i = 0; i < contender_peer_count && status == 0; i++) {
        status = contender_add_peer(contenders, &contender_peers[i], false, prefix);
    }
    return status;
}

/* ---- strata ---- */

int cmd_contenders_add_strata(cmd_contenders *contenders, size_t at, bool is_needed,
                              const char *prefix)
{
    char *library = cmd_find_own_library();
    if (library == NULL && is_needed) {
        return cmd_fail(cmd_exit_failed,
                        "%slibstrata.so is neither beside the command nor in ../lib from "
                        "there.",
                        prefix);
    }
    if (library == NULL) {
        contender_leave_out(contenders, "strata");
        return 0;
    }
    int status = contender_check_library(library, prefix);
    if (status != 0) {
        free(library);
        return status;
    }
    status = contender_add(contenders, "strata", strlen("strata"), library, prefix);
    if (status != 0) return status;
    const cmd_contender added = contenders->list[contenders->count - 1];
    for (size_t i = contenders->count - 1; i > at; i--) {
        contenders->list[i] = contenders->list[i - 1];
    }
    contenders->list[at] = added;
    return 0;
}

int cmd_contenders_add(cmd_contenders *contenders, const char *asked, const char *prefix)
{
    if (asked[0] == '\0') {
        return cmd_fail(cmd_exit_bad_input, "%s--allocator wants a name or a path.", prefix);
    }
    if (strcmp(asked, "strata") == 0) {
        return cmd_contenders_add_strata(contenders, contenders->count, true, prefix);
    }
    if (strcmp(asked, "system") == 0) {
        return contender_add(contenders, asked, strlen(asked), NULL, prefix);
    }
    for (size_t i = 0; i < contender_peer_count; i++) {
        if (strcmp(asked, contender_peers[i].name) == 0) {
            return contender_add_peer(contenders, &contender_peers[i], true, prefix);
        }
    }
    return contender_add_path(contenders, asked, prefix);
}
