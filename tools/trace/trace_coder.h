/* SPDX-License-Identifier: MIT-0
 *
 * What trace_unpack asks of a library that decompresses: a stream is opened, moved on step by
 * step, and closed. One of these per kind of file; a build without the library has one whose
 * opening fails with a sentence.
 */
#ifndef TRACE_CODER_H
#define TRACE_CODER_H

#include "trace_error.h"

#include <stddef.h>
#include <stdint.h>

/* What a step reads and writes; it moves all four on. */
typedef struct trace_flow {
    const unsigned char *in;
    size_t in_size;
    unsigned char *out;
    size_t out_size;
    bool in_ended;    /* there is no more input than `in` */
    uint64_t in_past; /* bytes of the file before `in`, when the step began: for sentences */
} trace_flow;

typedef enum trace_step {
    trace_step_failed = -1, /* *error says why; what came out before is good */
    trace_step_ended = 0,
    trace_step_more = 1
} trace_step;

typedef struct trace_coder {
    /* The state, or NULL with *error set. */
    void *(*open)(trace_error *error);
    /* Goes on until the input or the room for output is used up. */
    trace_step (*step)(void *state, trace_flow *flow, trace_error *error);
    void (*close)(void *state);
} trace_coder;

extern const trace_coder trace_coder_xz, trace_coder_zstd;

/* What both say. A file may ask for so much memory to be unpacked; `xz -9` and `zstd -19` do with
 * less than half of it. */
enum { trace_coder_memory_max = 256 << 20 };
#define TRACE_CODER_CUT "is cut short: its %s data ends too early, after %llu bytes"
#define TRACE_CODER_CORRUPT "is damaged: its %s data is corrupt near byte %llu of the file"

#endif
