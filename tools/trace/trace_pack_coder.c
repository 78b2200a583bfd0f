/* SPDX-License-Identifier: MIT-0
 *
 * Compressing, through liblzma and libzstd. The levels are those where the next one takes many
 * times as long for a few percent; both files have a check sum.
 */
#include "trace_pack_coder.h"

#include <stdlib.h>

#if TRACE_HAS_LZMA

#include <lzma.h>

enum { xz_pack_level = 6 };

static void *xz_pack_open(void)
{
    lzma_stream *stream = malloc(sizeof *stream);
    if (stream == NULL) return NULL;
    *stream = (lzma_stream)LZMA_STREAM_INIT;
    if (lzma_easy_encoder(stream, xz_pack_level, LZMA_CHECK_CRC64) == LZMA_OK) return stream;
    free(stream);
    return NULL;
}

static trace_pack_step xz_pack_step(void *state, trace_pack_flow *flow, bool is_last)
{
    lzma_stream *stream = state;
    stream->next_in = flow->in;
    stream->avail_in = flow->in_size;
    stream->next_out = flow->out;
    stream->avail_out = flow->out_size;
    const lzma_ret result = lzma_code(stream, is_last ? LZMA_FINISH : LZMA_RUN);
    *flow = (trace_pack_flow){stream->next_in, stream->avail_in, stream->next_out,
                              stream->avail_out};
    if (result == LZMA_STREAM_END) return trace_pack_step_ended;
    /* No progress, as there was no room or no input. */
    return result == LZMA_OK || result == LZMA_BUF_ERROR ? trace_pack_step_more
                                                         : trace_pack_step_failed;
}

static void xz_pack_close(void *state)
{
    lzma_stream *stream = state;
    if (stream != NULL) lzma_end(stream);
    free(stream);
}

const trace_pack_coder trace_pack_coder_xz = {NULL, xz_pack_open, xz_pack_step, xz_pack_close};

#else

const trace_pack_coder trace_pack_coder_xz = {"liblzma-dev", NULL, NULL, NULL};

#endif

#if TRACE_HAS_ZSTD

#include <zstd.h>

enum { zst_pack_level = 12 };

static void *zst_pack_open(void)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (context == NULL) return NULL;
    if (!ZSTD_isError(
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, zst_pack_level)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1))) {
        return context;
    }
    ZSTD_freeCCtx(context);
    return NULL;
}

static trace_pack_step zst_pack_step(void *state, trace_pack_flow *flow, bool is_last)
{
    ZSTD_inBuffer in = {flow->in, flow->in_size, 0};
    ZSTD_outBuffer out = {flow->out, flow->out_size, 0};
    const size_t left =
        ZSTD_compressStream2(state, &out, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left)) return trace_pack_step_failed;
    flow->in += in.pos;
    flow->in_size -= in.pos;
    flow->out += out.pos;
    flow->out_size -= out.pos;
    return is_last && left == 0 ? trace_pack_step_ended : trace_pack_step_more;
}

static void zst_pack_close(void *state) { ZSTD_freeCCtx(state); }

const trace_pack_coder trace_pack_coder_zst = {NULL, zst_pack_open, zst_pack_step,
                                               zst_pack_close};

#else

const trace_pack_coder trace_pack_coder_zst = {"libzstd-dev", NULL, NULL, NULL};

#endif
