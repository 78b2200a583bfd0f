/* SPDX-License-Identifier: MIT-0
 *
 * Where things are: the library to preload, found from where the command itself lies so that a
 * tree can be moved; and the program to run, found as a shell would.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- library ---- */

/* A library for the kind of processor that we are made for. */
static bool find_is_ours(const char *path, const cmd_elf *self)
{
    cmd_elf library;
    cmd_elf_read(path, &library);
    return library.is_shared && library.width == self->width &&
           library.machine == self->machine;
}

/* The first library that matches a pattern, as a new absolute path; NULL if there is none. */
static char *find_match(const char *directory, const char *pattern, const cmd_elf *self)
{
    char *whole = cmd_format("%s/%s", directory, pattern);
    glob_t matches = {0};
    char *found = NULL;
    if (whole != NULL && glob(whole, 0, NULL, &matches) == 0) {
        for (size_t i = 0; i < matches.gl_pathc && found == NULL; i++) {
            if (find_is_ours(matches.gl_pathv[i], self)) {
                found = realpath(matches.gl_pathv[i], NULL);
            }
        }
    }
    globfree(&matches);
    free(whole);
    return found;
}

/* The command's own directory, as a new string with what glob would read as a pattern escaped. */
static char *find_own_directory(void)
{
    char *self = realpath("/proc/self/exe", NULL);
    if (self == NULL) return NULL;
    char *escaped = malloc(2 * strlen(self) + 1);
    char *out = escaped;
    *strrchr(self, '/') = '\0';
    for (const char *in = self; escaped != NULL && *in != '\0'; in++) {
        if (strchr("*?[\\", *in) != NULL) *out++ = '\\';
        *out++ = *in;
    }
    if (escaped != NULL) *out = '\0';
    free(self);
    return escaped;
}

/* The first file for our kind of processor that matches one of the patterns, relative to the
 * command's own directory; a new absolute path, or NULL. */
static char *find_beside_command(const char *const *patterns, size_t count)
{
    cmd_elf self;
    char *found = NULL;
    char *directory = find_own_directory();
    cmd_elf_read("/proc/self/exe", &self);
    for (size_t i = 0; i < count && directory != NULL && found == NULL; i++) {
        found = find_match(directory, patterns[i], &self);
    }
    free(directory);
    return found;
}

char *cmd_find_own_library(void)
{
    /* The second of each pair is there when only the run-time part is installed. */
    static const char *const patterns[] = {
        "libstrata.so",
        "libstrata.so.[0-9]*",
        "../lib/libstrata.so",
        "../lib/libstrata.so.[0-9]*",
        "../lib/*-*/libstrata.so",
        "../lib/*-*/libstrata.so.[0-9]*",
        "../lib64/libstrata.so",
        "../lib64/libstrata.so.[0-9]*",
    };
    return find_beside_command(patterns, sizeof patterns / sizeof patterns[0]);
}

char *cmd_find_tool(const char *name)
{
    char *installed = cmd_format("../libexec/strata/%s", name);
    const char *const patterns[] = {name, installed};
    char *found = find_beside_command(patterns, installed != NULL ? 2 : 1);
    free(installed);
    if (found == NULL) {
        cmd_warn("%s is neither beside the command nor in ../libexec/strata from there.", name);
    }
    return found;
}

static char *find_asked(const char *asked)
{
    cmd_elf library;
    char *path = realpath(asked, NULL);
    if (path == NULL) {
        cmd_warn("%sthe library '%s' can't be used: %s.", cmd_starter, asked, strerror(errno));
        return NULL;
    }
    cmd_elf_read(path, &library);
    if (library.is_shared) return path;
    cmd_warn("%s'%s' is no shared library.", cmd_starter, asked);
    free(path);
    return NULL;
}

char *cmd_find_library(const char *asked, int *status)
{
    char *path = NULL;
    if (asked != NULL) {
        path = find_asked(asked);
        *status = cmd_exit_bad_input;
    } else {
        path = cmd_find_own_library();
        *status = cmd_exit_failed;
        if (path == NULL) {
            cmd_warn("%slibstrata.so is neither beside the command nor in ../lib from "
                     "there; --library says where it is.",
                     cmd_starter);
        }
    }
    /* ld.so: both separate the names in LD_PRELOAD, and there is no escape. */
    if (path != NULL && strpbrk(path, " :") != NULL) {
        cmd_warn("%s'%s' can't be preloaded, for it has a space or a colon in its path.",
                 cmd_starter, path);
        free(path);
        path = NULL;
    }
    return path;
}

/* ---- program ---- */

/* 0 if `path` is a file we may execute, else an errno. */
static int find_try_program(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    if (!S_ISREG(status.st_mode)) return EACCES;
    return access(path, X_OK) == 0 ? 0 : errno;
}

/* The first executable file of that name in PATH, as a new string; else NULL and *problem, of
 * which one that is there but can't be executed weighs more than none. */
static char *find_in_path(const char *name, int *problem)
{
    const char *directory = getenv("PATH");
    if (directory == NULL) directory = "/usr/local/bin:/bin:/usr/bin";
    *problem = ENOENT;
    for (;;) {
        const size_t length = strcspn(directory, ":");
        /* POSIX: an empty name in PATH is the current directory. */
        char *path = length == 0 ? cmd_format("./%s", name)
                                 : cmd_format("%.*s/%s", (int)length, directory, name);
        const int error = path == NULL ? ENOMEM : find_try_program(path);
        if (error == 0) return path;
        free(path);
        if (error == EACCES || error == ENOMEM) *problem = error;
        if (directory[length] == '\0') return NULL;
        directory += length + 1;
    }
}

char *cmd_find_program(const char *name, int *status)
{
    int problem = 0;
    char *path = NULL;
    if (name[0] == '\0') {
        problem = ENOENT;
    } else if (strchr(name, '/') == NULL) {
        path = find_in_path(name, &problem);
    } else {
        problem = find_try_program(name);
        if (problem == 0) path = strdup(name);
    }
    if (path != NULL) return path;
    if (problem == EACCES) {
        *status = cmd_exit_not_executable;
        cmd_warn("%s'%s' can't be executed: it is no program, or not ours to run.", cmd_starter,
                 name);
    } else if (problem == ENOENT || problem == ENOTDIR) {
        *status = cmd_exit_not_found;
        cmd_warn("%sthere is no program '%s'.", cmd_starter, name);
    } else {
        *status = cmd_exit_failed;
        cmd_warn("%s'%s' can't be executed: %s.", cmd_starter, name,
                 strerror(problem != 0 ? problem : ENOMEM));
    }
    return NULL;
}
