/* SPDX-License-Identifier: MIT-0
 *
 * Where the trace goes, and where the recordings are while they are made: in a directory beside
 * it, so that they are on the same disk, and that to make it shows at once whether anything can be
 * written there.
 */
#define _GNU_SOURCE
#include "cmd_record.h"

#include "trace_pack.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { place_directory_tries = 1000, place_directory_max = 3700 };

static bool place_fail(const char *output, const char *why)
{
    cmd_warn("record: '%s' can't be written: %s.", output, why);
    return false;
}

static bool place_cut_ending(char *path, const char *ending)
{
    const size_t size = strlen(path);
    const size_t ending_size = strlen(ending);
    if (size <= ending_size || path[size - ending_size - 1] == '/') return false;
    if (strcmp(path + size - ending_size, ending) != 0) return false;
    path[size - ending_size] = '\0';
    return true;
}

/* The file itself: behind a link, what that leads to, which is to be replaced and not the link.
 * NULL after a sentence. */
static char *place_find_file(const char *output)
{
    struct stat status;
    if (output[0] == '\0') {
        place_fail(output, "it has no name");
        return NULL;
    }
    const bool exists = stat(output, &status) == 0;
    if (exists && !S_ISREG(status.st_mode)) {
        place_fail(output, "it is there, and is no file");
        return NULL;
    }
    struct stat link;
    const bool is_link = lstat(output, &link) == 0 && S_ISLNK(link.st_mode);
    if (is_link && !exists) {
        place_fail(output, "it is a link that leads nowhere");
        return NULL;
    }
    char *file = is_link ? realpath(output, NULL) : strdup(output);
    if (file == NULL) place_fail(output, strerror(errno));
    return file;
}

bool record_place_check(record_place *place, const char *output)
{
    trace_error error;
    const trace_packing packing = trace_packing_of(output);
    *place = (record_place){0};
    if (!trace_packing_is_possible(packing, &error)) {
        cmd_warn("record: '%s' %s.", output, error.text);
        return false;
    }
    place->file = place_find_file(output);
    if (place->file == NULL) return false;
    place->base = strdup(place->file);
    place->ending = strdup(packing == trace_packing_xz    ? ".tr.xz"
                           : packing == trace_packing_zst ? ".tr.zst"
                                                          : ".tr");
    if (place->base == NULL || place->ending == NULL) {
        return place_fail(output, strerror(ENOMEM));
    }
    if (!place_cut_ending(place->base, ".zst")) place_cut_ending(place->base, ".xz");
    place_cut_ending(place->base, ".tr");
    return true;
}

/* The absolute path of the directory in which `file` is, or is to be; NULL with errno set. */
static char *place_resolve(const char *file)
{
    char *copy = strdup(file);
    char *resolved = copy != NULL ? realpath(dirname(copy), NULL) : NULL;
    const int error = errno;
    free(copy);
    errno = error;
    return resolved;
}

/* A new directory FILE.recording; if that is there, with what a process still records, .recording.2
 * and so on. NULL with errno set. */
static char *place_make_directory(const char *parent, const char *name)
{
    for (int i = 1; i <= place_directory_tries; i++) {
        char *directory = i == 1 ? cmd_format("%s/%s.recording", parent, name)
                                 : cmd_format("%s/%s.recording.%d", parent, name, i);
        if (directory == NULL) return NULL;
        if (strlen(directory) > place_directory_max) {
            errno = ENAMETOOLONG;
        } else if (mkdir(directory, 0700) == 0) {
            return directory;
        }
        const int error = errno;
        free(directory);
        errno = error;
        if (error != EEXIST) return NULL;
    }
    return NULL;
}

bool record_place_make(record_place *place, const char *output)
{
    if (!record_place_check(place, output)) return false;
    char *parent = place_resolve(place->file);
    char *copy = strdup(place->file);
    if (parent != NULL && copy != NULL) {
        place->directory = place_make_directory(parent, basename(copy));
    }
    const int error = errno;
    free(copy);
    free(parent);
    if (place->directory != NULL) return true;
    return place_fail(output, strerror(error));
}

void record_place_free(record_place *place)
{
    free(place->file);
    free(place->base);
    free(place->ending);
    free(place->directory);
}
