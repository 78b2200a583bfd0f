/* SPDX-License-Identifier: MIT-0
 *
 * What the C tests of traces share: putting a trace together in memory, record by record, and
 * reading one.
 */
#ifndef TRACE_BYTES_H
#define TRACE_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "trace_read.h"

#define TRACE_BYTES_RUN(tests) cmocka_run_group_tests(tests, NULL, NULL)

enum { trace_bytes_max = 3 << 20 };

/* The header's counts are kept up as records are put; a test may change them. */
typedef struct trace_bytes {
    trace_header header;
    size_t size; /* of the records */
    unsigned char data[trace_header_size + trace_bytes_max];
} trace_bytes;

static inline void trace_bytes_begin(trace_bytes *bytes)
{
    memset(bytes, 0, sizeof *bytes);
    bytes->header.thread_count = 1;
}

static inline void trace_bytes_put_number(trace_bytes *bytes, uint64_t number)
{
    unsigned char *at = bytes->data + trace_header_size + bytes->size;
    assert_true(bytes->size + trace_varint_max <= trace_bytes_max);
    bytes->size += (size_t)(trace_put_varint(at, number) - at);
    bytes->header.byte_count = bytes->size;
}

static inline void trace_bytes_put_text(trace_bytes *bytes, const char *text, size_t size)
{
    assert_true(bytes->size + size <= trace_bytes_max);
    memcpy(bytes->data + trace_header_size + bytes->size, text, size);
    bytes->size += size;
    bytes->header.byte_count = bytes->size;
}

/* The first number of a record. */
static inline void trace_bytes_put(trace_bytes *bytes, trace_kind kind, uint64_t rest)
{
    trace_bytes_put_number(bytes, rest << 3 | kind);
    if (kind == trace_kind_note) bytes->header.flags |= trace_flag_notes;
    if (kind == trace_kind_note || kind == trace_kind_thread) return;
    bytes->header.op_count++;
    if (kind != trace_kind_realloc && kind != trace_kind_free) bytes->header.id_count++;
}

static inline void trace_bytes_malloc(trace_bytes *bytes, uint64_t size)
{
    trace_bytes_put(bytes, trace_kind_malloc, size);
}

/* `distance` objects before the newest. */
static inline void trace_bytes_free(trace_bytes *bytes, uint64_t distance)
{
    trace_bytes_put(bytes, trace_kind_free, distance);
}

static inline void trace_bytes_realloc(trace_bytes *bytes, uint64_t distance, uint64_t size)
{
    trace_bytes_put(bytes, trace_kind_realloc, distance);
    trace_bytes_put_number(bytes, size);
}

static inline void trace_bytes_aligned(trace_bytes *bytes, uint64_t size, uint64_t align_log2)
{
    trace_bytes_put(bytes, trace_kind_aligned, size);
    trace_bytes_put_number(bytes, align_log2);
}

static inline void trace_bytes_thread(trace_bytes *bytes, uint64_t number)
{
    trace_bytes_put(bytes, trace_kind_thread, number);
}

static inline void trace_bytes_note(trace_bytes *bytes, uint64_t note, const char *text,
                                    size_t size)
{
    trace_bytes_put(bytes, trace_kind_note, note);
    trace_bytes_put_number(bytes, size);
    trace_bytes_put_text(bytes, text, size);
}

static inline void trace_bytes_time(trace_bytes *bytes, uint64_t step_ns)
{
    unsigned char number[trace_varint_max];
    const size_t size = (size_t)(trace_put_varint(number, step_ns) - number);
    trace_bytes_note(bytes, trace_note_time, (const char *)number, size);
}

/* Opens what was put so far. */
static inline trace_reader *trace_bytes_open(trace_bytes *bytes, trace_error *error)
{
    trace_put_header(bytes->data, &bytes->header);
    return trace_open_memory(bytes->data, trace_header_size + bytes->size, error);
}

/* Reads all operations, which have to be good; returns how many there were. */
static inline uint64_t trace_bytes_read_all(trace_reader *reader)
{
    trace_op op;
    trace_error error;
    uint64_t count = 0;
    int got;
    while ((got = trace_next(reader, &op, &error)) > 0) count++;
    if (got < 0) fail_msg("the trace %s", error.text);
    return count;
}

#endif
