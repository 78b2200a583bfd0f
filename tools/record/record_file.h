/* SPDX-License-Identifier: MIT-0
 *
 * The file of one process's recording, written through a shared mapping: what was written stays
 * in the file whatever becomes of the process.
 *
 *      file    |header|records ...                |  (zeros)            | nothing yet
 *              +------+---------------------------+---------------------+- - - - - - - -
 *      mapped  ^header         ^map           at ^               end ^              map + map_size
 *
 * Space up to `end` is there, on the disk too: to write to it can't fail, or else a full disk
 * would be a SIGBUS. A piece more is secured each time it is used up, with MADV_POPULATE_WRITE,
 * which needs no descriptor; so it works in a process that has closed all of them, has used up
 * all of them, lives in a chroot, has changed its user or may open files no longer. Only where
 * the kernel has no such thing, and each 256 MiB, the file is opened again, by its path.
 *
 * No descriptor stays open. Children made by fork don't have the mapping (MADV_DONTFORK), so
 * that whoever finds it in a process's maps knows that the process writes to it.
 */
#ifndef RECORD_FILE_H
#define RECORD_FILE_H

#include <stddef.h>
#include <stdint.h>

enum {
    record_file_path_max = 4096,
    /* Between `at` and `end` there is so much, for the records of one call. */
    record_file_room = 256
};

typedef struct record_file {
    unsigned char *at;
    unsigned char *end;
    unsigned char *header; /* NULL: there is no file */
    unsigned char *map;
    size_t map_size;
    uint64_t map_offset; /* of `map` in the file */
    char path[record_file_path_max];
} record_file;

/* Makes a new file in `directory`, named after this process, with `at` behind the header's
 * place. 0, or the errno of why not; `path` is then that of the attempt. */
int record_file_open(record_file *file, const char *directory);

/* There is less than record_file_room left: makes more. 0, or the errno of why not; errno itself
 * stays as it is. */
int record_file_advance(record_file *file);

/* Unmaps the file and cuts off what is behind `at`. */
void record_file_close(record_file *file);

#endif
