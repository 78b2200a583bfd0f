/* SPDX-License-Identifier: MIT-0
 *
 * Unpacking xz, through liblzma.
 */
#include "trace_coder.h"

#if TRACE_HAS_LZMA

#include <lzma.h>
#include <stdlib.h>

static void *xz_open(trace_error *error)
{
    static const lzma_stream nothing = LZMA_STREAM_INIT;
    lzma_stream *stream = malloc(sizeof *stream);
    if (stream != NULL) {
        *stream = nothing;
        /* Several streams, one behind the other, are one file: so xz has it. */
        if (lzma_stream_decoder(stream, trace_coder_memory_max, LZMA_CONCATENATED) == LZMA_OK) {
            return stream;
        }
        free(stream);
    }
    trace_set_no_memory(error);
    return NULL;
}

static void xz_explain(lzma_ret result, const trace_flow *flow, trace_error *error)
{
    const unsigned long long at = flow->in_past;
    switch (result) {
    case LZMA_MEM_ERROR: trace_set_no_memory(error); return;
    case LZMA_MEMLIMIT_ERROR:
        trace_set_error(error, "needs more than %d MiB of memory to be unpacked; `xz -d` can",
                        trace_coder_memory_max >> 20);
        return;
    case LZMA_BUF_ERROR: trace_set_error(error, TRACE_CODER_CUT, "xz", at); return;
    case LZMA_OPTIONS_ERROR:
        trace_set_error(error, "uses a filter of xz that this liblzma does not have");
        return;
    default: trace_set_error(error, TRACE_CODER_CORRUPT, "xz", at); return;
    }
}

static trace_step xz_step(void *state, trace_flow *flow, trace_error *error)
{
    lzma_stream *stream = state;
    stream->next_in = flow->in;
    stream->avail_in = flow->in_size;
    stream->next_out = flow->out;
    stream->avail_out = flow->out_size;
    const lzma_ret result = lzma_code(stream, flow->in_ended ? LZMA_FINISH : LZMA_RUN);
    flow->in_past += flow->in_size - stream->avail_in;
    flow->in = stream->next_in;
    flow->in_size = stream->avail_in;
    flow->out = stream->next_out;
    flow->out_size = stream->avail_out;
    if (result == LZMA_STREAM_END) return trace_step_ended;
    if (result == LZMA_OK) return trace_step_more;
    /* No progress is an error only if there is nothing more to come. */
    if (result == LZMA_BUF_ERROR && !flow->in_ended) return trace_step_more;
    xz_explain(result, flow, error);
    return trace_step_failed;
}

static void xz_close(void *state)
{
    if (state == NULL) return;
    lzma_end(state);
    free(state);
}

#else

static void *xz_open(trace_error *error)
{
    trace_set_error(error,
                    "is compressed with xz, which this strata was built without (Debian: "
                    "liblzma-dev); unpack it with `xz -d`");
    return NULL;
}

static trace_step xz_step(void *state, trace_flow *flow, trace_error *error)
{
    (void)state, (void)flow, (void)error;
    return trace_step_failed;
}

static void xz_close(void *state) { (void)state; }

#endif

const trace_coder trace_coder_xz = {xz_open, xz_step, xz_close};
