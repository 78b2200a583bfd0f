/* SPDX-License-Identifier: MIT-0
 *
 * `strata record`: what its files share.
 *
 *   cmd_record         the command line, and the order of the steps
 *   cmd_record_place   where the trace goes, and where the recordings are while they are made
 *   cmd_record_images  the recordings that the processes left, and which are still going on
 *   cmd_record_pack    recordings into traces; the table
 */
#ifndef CMD_RECORD_H
#define CMD_RECORD_H

#include "cmd.h"

/* ---- where things go ---- */

typedef struct record_place {
    char *file;      /* what -o names */
    char *base;      /* that without its endings */
    char *ending;    /* ".tr", ".tr.xz" or ".tr.zst": how the other files end */
    char *directory; /* for the recordings; absolute. NULL: not made */
} record_place;

/* Checks that a trace can be written at `output`, and makes a directory beside it. False after a
 * sentence; record_place_free either way. */
bool record_place_make(record_place *place, const char *output);
/* Checks only. */
bool record_place_check(record_place *place, const char *output);
void record_place_free(record_place *place);

/* ---- recordings ---- */

/* One process that executed one program. */
typedef struct record_image {
    char *path;    /* of its recording */
    char *name;    /* of that in the directory */
    char *program; /* as the kernel calls it */
    char *target;  /* the trace to be */
    pid_t pid;
    uint64_t number; /* when it began: orders the programs that one process executed */
    bool is_main;    /* its trace is the one that -o names */
    bool still_runs;
    bool is_packed;
    uint64_t op_count; /* these three once it is packed */
    uint64_t file_size;
    bool is_cut;
} record_image;

typedef struct record_images {
    record_image *image;
    size_t count;
} record_images;

/* Finds the recordings in the place's directory, of which some were packed `before`. False if
 * there is no memory. */
bool record_images_find(record_images *images, const record_place *place, pid_t main_pid,
                        const record_images *before);
void record_images_free(record_images *images);

/* ---- packing ---- */

/* Packs what the processes left, removes the directory if nothing is left in it, and shows what
 * there is on standard error unless `is_quiet`. False if a trace could not be made, after a
 * sentence. */
bool record_pack_all(const record_place *place, const cmd_result *result, bool is_quiet);

/* Packs one recording that was left behind, and keeps it. An exit status. */
int record_pack_one(const char *path, const char *output);

#endif
