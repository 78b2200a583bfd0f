/* SPDX-License-Identifier: MIT-0
 *
 * Where the bytes of a trace come from: a file or memory, through a coder or not. Proved in
 * test/trace/trace_unpack_files.c.
 */
#define _GNU_SOURCE
#include "trace_unpack.h"

#include "trace_coder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { unpack_buffer_size = 1 << 16, unpack_magic_max = 6 };

struct trace_unpack {
    int descriptor; /* -1: all of the input is in memory */
    const trace_coder *coder;
    void *coder_state;
    bool has_ended;
    bool has_failed;
    trace_error error;
    trace_flow flow; /* its `in` is what was read and not yet used */
    unsigned char buffer[unpack_buffer_size];
};

/* ---- input ---- */

static void unpack_fail(trace_unpack *unpack)
{
    unpack->has_failed = true;
    unpack->has_ended = true;
}

static void unpack_fail_reading(trace_unpack *unpack)
{
    if (errno == EISDIR) {
        trace_set_error(&unpack->error, "is a directory");
    } else {
        trace_set_error(&unpack->error, "can't be read: %s", strerror(errno));
    }
    unpack_fail(unpack);
}

/* Reads until there are `wanted` bytes of input, or no more to come. */
static void unpack_fill(trace_unpack *unpack, size_t wanted)
{
    trace_flow *flow = &unpack->flow;
    if (unpack->descriptor < 0 || flow->in_size >= wanted) return;
    memmove(unpack->buffer, flow->in, flow->in_size);
    flow->in = unpack->buffer;
    while (flow->in_size < wanted && !flow->in_ended) {
        const ssize_t got = read(unpack->descriptor, unpack->buffer + flow->in_size,
                                 unpack_buffer_size - flow->in_size);
        if (got > 0) {
            flow->in_size += (size_t)got;
        } else if (got == 0) {
            flow->in_ended = true;
        } else if (errno != EINTR) {
            unpack_fail_reading(unpack);
            return;
        }
    }
}

/* ---- files that are not compressed ---- */

static void *plain_open(trace_error *error)
{
    (void)error;
    return NULL;
}

static trace_step plain_step(void *state, trace_flow *flow, trace_error *error)
{
    const size_t size = flow->in_size < flow->out_size ? flow->in_size : flow->out_size;
    (void)state;
    (void)error;
    if (size > 0) memcpy(flow->out, flow->in, size);
    flow->in += size;
    flow->in_size -= size;
    flow->in_past += size;
    flow->out += size;
    flow->out_size -= size;
    return flow->in_ended && flow->in_size == 0 ? trace_step_ended : trace_step_more;
}

static void plain_close(void *state) { (void)state; }

static const trace_coder unpack_plain = {plain_open, plain_step, plain_close};

/* ---- opening ---- */

static bool unpack_begins(const trace_unpack *unpack, const char *magic, size_t size)
{
    return unpack->flow.in_size >= size && memcmp(unpack->flow.in, magic, size) == 0;
}

/* The coder that the first bytes ask for, or NULL with the error set. */
static const trace_coder *unpack_choose(trace_unpack *unpack)
{
    if (unpack_begins(unpack,
                      "\xfd"
                      "7zXZ\0",
                      6)) {
        return &trace_coder_xz;
    }
    if (unpack_begins(unpack, "\x28\xb5\x2f\xfd", 4)) return &trace_coder_zstd;
    const char *program = unpack_begins(unpack, "\x1f\x8b", 2)           ? "gzip"
                          : unpack_begins(unpack, "BZh", 3)              ? "bzip2"
                          : unpack_begins(unpack, "\x04\x22\x4d\x18", 4) ? "lz4"
                                                                         : NULL;
    if (program == NULL) return &unpack_plain;
    trace_set_error(&unpack->error,
                    "is compressed with %s, which strata does not read; unpack it with `%s -d`",
                    program, program);
    return NULL;
}

/* Takes over `unpack`: returns it, or NULL with *error set. */
static trace_unpack *unpack_begin(trace_unpack *unpack, trace_error *error)
{
    unpack_fill(unpack, unpack_magic_max);
    unpack->coder = unpack->has_failed ? NULL : unpack_choose(unpack);
    if (unpack->coder == NULL) {
        *error = unpack->error;
        trace_unpack_close(unpack);
        return NULL;
    }
    unpack->coder_state = unpack->coder->open(error);
    if (unpack->coder_state != NULL || unpack->coder == &unpack_plain) return unpack;
    trace_unpack_close(unpack);
    return NULL;
}

static trace_unpack *unpack_new(trace_error *error)
{
    trace_unpack *unpack = malloc(sizeof *unpack);
    if (unpack == NULL) {
        trace_set_no_memory(error);
        return NULL;
    }
    /* All but the buffer, which is filled before it is read. */
    memset(unpack, 0, offsetof(trace_unpack, buffer));
    unpack->descriptor = -1;
    unpack->flow.in = unpack->buffer;
    return unpack;
}

trace_unpack *trace_unpack_open(const char *path, trace_error *error)
{
    trace_unpack *unpack = unpack_new(error);
    if (unpack == NULL) return NULL;
    unpack->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (unpack->descriptor < 0) {
        trace_set_error(error, "can't be read: %s", strerror(errno));
        trace_unpack_close(unpack);
        return NULL;
    }
    return unpack_begin(unpack, error);
}

trace_unpack *trace_unpack_open_memory(const void *bytes, size_t size, trace_error *error)
{
    trace_unpack *unpack = unpack_new(error);
    if (unpack == NULL) return NULL;
    unpack->flow.in = bytes;
    unpack->flow.in_size = size;
    unpack->flow.in_ended = true;
    return unpack_begin(unpack, error);
}

void trace_unpack_close(trace_unpack *unpack)
{
    if (unpack == NULL) return;
    if (unpack->coder != NULL) unpack->coder->close(unpack->coder_state);
    if (unpack->descriptor >= 0) close(unpack->descriptor);
    free(unpack);
}

/* ---- reading ---- */

size_t trace_unpack_read(trace_unpack *unpack, unsigned char *out, size_t size)
{
    trace_flow *flow = &unpack->flow;
    flow->out = out;
    flow->out_size = size;
    while (flow->out_size > 0 && !unpack->has_ended) {
        unpack_fill(unpack, 1);
        if (unpack->has_failed) break;
        const trace_step step = unpack->coder->step(unpack->coder_state, flow, &unpack->error);
        if (step == trace_step_failed) unpack_fail(unpack);
        if (step == trace_step_ended) unpack->has_ended = true;
    }
    return size - flow->out_size;
}

const trace_error *trace_unpack_get_error(const trace_unpack *unpack)
{
    return unpack->has_failed ? &unpack->error : NULL;
}
