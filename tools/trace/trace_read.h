/* SPDX-License-Identifier: MIT-0
 *
 * Reading a trace, one operation at a time, from a file that is plain or compressed (told by its
 * first bytes, not by its name). Whatever the file holds, what comes out is sound: references
 * name objects that live, sizes and alignments are ones that can be asked for, and the counts of
 * the header are met; or else an error with one sentence.
 *
 *      trace_error error;
 *      trace_op op;
 *      trace_reader *reader = trace_open(path, &error);
 *      if (reader == NULL) return cmd_fail(..., "'%s' %s.", path, error.text);
 *      int got;
 *      while ((got = trace_next(reader, &op, &error)) > 0) use(&op);
 *      if (got < 0) cmd_fail(..., "'%s' %s.", path, error.text);
 *      trace_close(reader);
 *
 * However long the trace is, it needs little memory beside 8 bytes for each object that lives (for
 * each that was allocated, at most) and what unpacking asks for. Proved in test/trace and
 * test/fuzz/fuzz_trace_read.c.
 */
#ifndef TRACE_READ_H
#define TRACE_READ_H

#include "trace_error.h"
#include "trace_format.h"

/* One operation. */
typedef struct trace_op {
    trace_kind kind;     /* malloc, calloc, realloc, free or aligned */
    uint32_t thread;     /* who did it; below TRACE_THREAD_MAX, and below the header's count */
    uint32_t id;         /* the object: 0, 1, 2... in the order of allocation */
    unsigned align_log2; /* of an aligned allocation; else 0 */
    uint64_t size;       /* asked for; of a free, the object's. A realloc's is never 0 */
    uint64_t old_size;   /* of a realloc: the size before; else 0 */
    uint64_t time_ns;    /* since the start of the recording, by the last time note; else 0 */
} trace_op;

typedef struct trace_reader trace_reader;

/* Opens the file at `path`. NULL with *error set if it can't be read, is no trace, has a version
 * or a flag that is not known, or is compressed with a library that this build does not have. */
trace_reader *trace_open(const char *path, trace_error *error);

/* The same for bytes in memory, which must stay. */
trace_reader *trace_open_memory(const void *bytes, size_t size, trace_error *error);

/* What the header says. */
const trace_header *trace_get_header(const trace_reader *reader);

/* The program that was recorded, or "" if the trace does not tell. Known after the first op (or
 * the end). At most trace_program_max bytes, which may be any but NUL. */
const char *trace_get_program(const trace_reader *reader);

/* How many bytes of records have been read, of the header's byte_count: for progress. */
uint64_t trace_get_position(const trace_reader *reader);

/* The next operation: 1 and *op filled; 0 at the end; -1 with *error set. Sound operations that
 * came before an error stay valid. After the end or an error it gives the same again. */
int trace_next(trace_reader *reader, trace_op *op, trace_error *error);

/* Closes the file. NULL is allowed. */
void trace_close(trace_reader *reader);

#endif
