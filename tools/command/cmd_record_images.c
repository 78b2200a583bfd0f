/* SPDX-License-Identifier: MIT-0
 *
 * The recordings that the processes left. Their names, PID.NUMBER.PROGRAM.tr, are the recorder's
 * (see record_file.c). One that some process has mapped is still going on.
 */
#define _GNU_SOURCE
#include "cmd_record.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- names ---- */

/* True if it is the name of a recording. */
static bool images_parse_name(record_image *image, const char *name)
{
    char *end;
    if (*name < '0' || *name > '9') return false;
    image->pid = (pid_t)strtol(name, &end, 10);
    if (*end != '.' || end[1] < '0' || end[1] > '9') return false;
    image->number = strtoull(end + 1, &end, 10);
    const size_t size = strlen(end);
    const char *ending = ".tr";
    if (*end != '.' || size < 1 + strlen(ending)) return false;
    const size_t program_size = size - 1 - strlen(ending);
    if (strcmp(end + 1 + program_size, ending) != 0) return false;
    image->program = cmd_format("%.*s", (int)program_size, end + 1);
    return true;
}

static bool images_add(record_images *images, const record_place *place, const char *name)
{
    record_image image = {0};
    if (!images_parse_name(&image, name)) return true;
    image.name = strdup(name);
    image.path = cmd_format("%s/%s", place->directory, name);
    record_image *larger = realloc(images->image, (images->count + 1) * sizeof *images->image);
    if (larger != NULL) {
        images->image = larger;
        images->image[images->count++] = image;
    }
    return larger != NULL && image.name != NULL && image.path != NULL && image.program != NULL;
}

/* How many programs the same process recorded before this one. */
static unsigned images_rank(const record_images *images, const record_image *image)
{
    unsigned rank = 0;
    for (size_t i = 0; i < images->count; i++) {
        const record_image *other = &images->image[i];
        if (other->pid == image->pid && other->number < image->number) rank++;
    }
    return rank;
}

/* Says which is the program's own, and what each trace is to be called. */
static bool images_name_targets(record_images *images, const record_place *place,
                                pid_t main_pid, const record_images *before)
{
    record_image *last = NULL;
    for (size_t i = 0; i < images->count; i++) {
        record_image *image = &images->image[i];
        if (image->pid != main_pid) continue;
        if (last == NULL || image->number > last->number) last = image;
    }
    for (size_t i = 0; i < images->count; i++) {
        record_image *image = &images->image[i];
        const unsigned rank = images_rank(images, image) + images_rank(before, image);
        const int pid = (int)image->pid;
        image->is_main = image == last;
        if (image->is_main) {
            image->target = strdup(place->file);
        } else if (rank == 0) {
            image->target =
                cmd_format("%s.%d.%s%s", place->base, pid, image->program, place->ending);
        } else {
            image->target = cmd_format("%s.%d.%u.%s%s", place->base, pid, rank, image->program,
                                       place->ending);
        }
        if (image->target == NULL) return false;
    }
    return true;
}

/* ---- those that are still going on ---- */

/* Marks the image that a line of a maps file names: by the name of the file, which is ours, and
 * its inode. (The device that is shown there is not always the file's.) */
static void images_match_line(record_images *images, const ino_t *inodes, char *line)
{
    unsigned long long inode = 0;
    line[strcspn(line, "\n")] = '\0';
    const char *name = strrchr(line, '/');
    if (name == NULL || sscanf(line, "%*s %*s %*s %*s %llu", &inode) != 1) return;
    for (size_t i = 0; i < images->count; i++) {
        record_image *image = &images->image[i];
        if (inodes[i] == inode && strcmp(name + 1, image->name) == 0) image->still_runs = true;
    }
}

static void images_match_process(record_images *images, const ino_t *inodes, const char *pid)
{
    char *path = cmd_format("/proc/%s/maps", pid);
    FILE *maps = path != NULL ? fopen(path, "re") : NULL;
    char *line = NULL;
    size_t room = 0;
    if (maps != NULL) {
        while (getline(&line, &room, maps) > 0) images_match_line(images, inodes, line);
        fclose(maps);
    } else if (errno == EACCES || errno == EPERM) {
        /* Nobody may look; then its number has to do. */
        for (size_t i = 0; i < images->count; i++) {
            if (images->image[i].pid == (pid_t)atoi(pid)) images->image[i].still_runs = true;
        }
    }
    free(line);
    free(path);
}

static bool images_find_running(record_images *images)
{
    DIR *processes = opendir("/proc");
    ino_t *inodes = calloc(images->count + 1, sizeof *inodes);
    for (size_t i = 0; i < images->count && inodes != NULL; i++) {
        struct stat status;
        if (stat(images->image[i].path, &status) == 0) inodes[i] = status.st_ino;
    }
    while (processes != NULL && inodes != NULL) {
        const struct dirent *entry = readdir(processes);
        if (entry == NULL) break;
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        images_match_process(images, inodes, entry->d_name);
    }
    const bool has_memory = inodes != NULL;
    free(inodes);
    if (processes != NULL) closedir(processes);
    return has_memory;
}

/* ---- all of them ---- */

bool record_images_find(record_images *images, const record_place *place, pid_t main_pid,
                        const record_images *before)
{
    *images = (record_images){NULL, 0};
    DIR *directory = opendir(place->directory);
    bool is_good = true;
    while (directory != NULL && is_good) {
        const struct dirent *entry = readdir(directory);
        if (entry == NULL) break;
        is_good = images_add(images, place, entry->d_name);
    }
    if (directory != NULL) closedir(directory);
    return is_good && images_name_targets(images, place, main_pid, before) &&
           (images->count == 0 || images_find_running(images));
}

void record_images_free(record_images *images)
{
    for (size_t i = 0; i < images->count; i++) {
        free(images->image[i].path);
        free(images->image[i].name);
        free(images->image[i].program);
        free(images->image[i].target);
    }
    free(images->image);
}
