/* SPDX-License-Identifier: MIT-0
 *
 * Making a trace of what a recorder left: a raw recording is a header and records, of which the
 * header says how many bytes there are, with zeros behind them. Packing counts the operations,
 * objects and threads again (a process that was killed in the middle of an operation has counted
 * it and not written it, or the other way round), drops what is behind the records, and compresses
 * the rest. The new file appears under its name when it is complete.
 *
 * Proved in test/record/record_pack_files.c.
 */
#ifndef TRACE_PACK_H
#define TRACE_PACK_H

#include "trace_error.h"
#include "trace_format.h"

/* How a file is compressed. */
typedef enum trace_packing {
    trace_packing_plain,
    trace_packing_xz,
    trace_packing_zst
} trace_packing;

/* What the name asks for: .xz, .zst, or neither. */
trace_packing trace_packing_of(const char *path);

/* False with *error set if this build lacks the library for it. */
bool trace_packing_is_possible(trace_packing packing, trace_error *error);

typedef enum trace_pack_status {
    trace_pack_failed = -1, /* *error completes "'PATH' " */
    trace_pack_nothing = 0, /* nothing was recorded; no file is made */
    trace_pack_done = 1
} trace_pack_status;

typedef struct trace_pack_result {
    trace_header header;
    uint64_t file_size; /* of the new file */
    uint64_t
        lost_bytes; /* of records, from the first on that can't be one: it was overwritten */
} trace_pack_result;

/* Called now and then with how much of `all` is done; if it returns false packing fails. */
typedef struct trace_pack_watch {
    bool (*step)(void *context, uint64_t done, uint64_t all);
    void *context;
} trace_pack_watch;

/* Packs the recording in the file at `raw_path` into a new file at `path`, over one that is
 * there. `watch` may be NULL. */
trace_pack_status trace_pack(const char *raw_path, const char *path,
                             const trace_pack_watch *watch, trace_pack_result *result,
                             trace_error *error);

#endif
