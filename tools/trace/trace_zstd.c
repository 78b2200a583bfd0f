/* SPDX-License-Identifier: MIT-0
 *
 * Unpacking zstd, through libzstd.
 */
#include "trace_coder.h"

#if TRACE_HAS_ZSTD

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

typedef struct zstd_state {
    ZSTD_DStream *stream;
    bool is_between; /* no frame is open: the file may end here */
} zstd_state;

/* The window that a frame may ask for; a power of two, as libzstd wants it. */
enum { zstd_window_log_max = 27 };

static void zstd_close(void *state)
{
    zstd_state *zstd = state;
    if (zstd == NULL) return;
    ZSTD_freeDStream(zstd->stream);
    free(zstd);
}

static void *zstd_open(trace_error *error)
{
    zstd_state *zstd = malloc(sizeof *zstd);
    if (zstd != NULL) {
        zstd->is_between = true;
        zstd->stream = ZSTD_createDStream();
        if (zstd->stream != NULL &&
            !ZSTD_isError(ZSTD_DCtx_setParameter(zstd->stream, ZSTD_d_windowLogMax,
                                                 zstd_window_log_max))) {
            return zstd;
        }
        zstd_close(zstd);
    }
    trace_set_no_memory(error);
    return NULL;
}

static void zstd_explain(size_t result, const trace_flow *flow, trace_error *error)
{
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation: trace_set_no_memory(error); return;
    case ZSTD_error_frameParameter_windowTooLarge:
        trace_set_error(
            error, "needs more than %d MiB of memory to be unpacked; `zstd -d --long=31` can",
            1 << (zstd_window_log_max - 20));
        return;
    case ZSTD_error_dictionary_wrong:
        trace_set_error(error, "needs a dictionary to be unpacked; `zstd -d -D` can");
        return;
    default:
        trace_set_error(error, TRACE_CODER_CORRUPT, "zstd", (unsigned long long)flow->in_past);
        return;
    }
}

static trace_step zstd_step(void *state, trace_flow *flow, trace_error *error)
{
    zstd_state *zstd = state;
    ZSTD_inBuffer in = {flow->in, flow->in_size, 0};
    ZSTD_outBuffer out = {flow->out, flow->out_size, 0};
    if (in.size == 0 && flow->in_ended && zstd->is_between) return trace_step_ended;
    const size_t result = ZSTD_decompressStream(zstd->stream, &out, &in);
    flow->in_past += in.pos;
    flow->in += in.pos;
    flow->in_size -= in.pos;
    flow->out += out.pos;
    flow->out_size -= out.pos;
    if (ZSTD_isError(result)) {
        zstd_explain(result, flow, error);
        return trace_step_failed;
    }
    zstd->is_between = result == 0;
    /* Room is left over, so it would have written more if it had it. */
    if (flow->in_ended && flow->in_size == 0 && flow->out_size > 0 && result != 0) {
        trace_set_error(error, TRACE_CODER_CUT, "zstd", (unsigned long long)flow->in_past);
        return trace_step_failed;
    }
    return trace_step_more;
}

#else

static void *zstd_open(trace_error *error)
{
    trace_set_error(error, "is compressed with zstd, which this strata was built without "
                           "(Debian: libzstd-dev); unpack it with `zstd -d`");
    return NULL;
}

static trace_step zstd_step(void *state, trace_flow *flow, trace_error *error)
{
    (void)state, (void)flow, (void)error;
    return trace_step_failed;
}

static void zstd_close(void *state) { (void)state; }

#endif

const trace_coder trace_coder_zstd = {zstd_open, zstd_step, zstd_close};
