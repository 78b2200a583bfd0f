/* SPDX-License-Identifier: MIT-0
 *
 * What trace_pack asks of a library that compresses; the counterpart of trace_coder.h.
 */
#ifndef TRACE_PACK_CODER_H
#define TRACE_PACK_CODER_H

#include "trace_error.h"

#include <stddef.h>

/* What a step reads and writes; it moves all four on. */
typedef struct trace_pack_flow {
    const unsigned char *in;
    size_t in_size;
    unsigned char *out;
    size_t out_size;
} trace_pack_flow;

typedef enum trace_pack_step {
    trace_pack_step_failed = -1, /* there is no memory */
    trace_pack_step_ended = 0,   /* all is in the output; only if `is_last` */
    trace_pack_step_more = 1
} trace_pack_step;

typedef struct trace_pack_coder {
    /* NULL if the build has the library, else its Debian package. */
    const char *missing;
    /* The state; NULL if there is no memory. */
    void *(*open)(void);
    /* Goes on until the input or the room for output is used up. */
    trace_pack_step (*step)(void *state, trace_pack_flow *flow, bool is_last);
    void (*close)(void *state);
} trace_pack_coder;

extern const trace_pack_coder trace_pack_coder_xz, trace_pack_coder_zst;

#endif
