/* SPDX-License-Identifier: MIT-0
 *
 * Making a trace of what a recorder left, in two passes over it:
 *
 *   1 step from record to record, and count
 *   2 copy the header with those counts, and the records, through the coder
 *
 * into a new file beside the one that is wanted, which takes its name when all is written.
 */
#define _GNU_SOURCE
#include "trace_pack.h"

#include "trace_pack_coder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { pack_buffer_size = 1 << 18 };

typedef struct pack_job {
    const char *path;
    const trace_pack_watch *watch;
    const trace_pack_coder *coder; /* NULL: plain */
    void *coder_state;
    trace_pack_result *result;
    trace_error *error;
    char *new_path; /* the file that is being written; NULL: none yet */
    int raw;
    int out;
    uint64_t seen; /* bytes of records in this pass: where `in` ends */
    uint64_t work; /* bytes of both passes, for the watch */
    size_t at;     /* in `in`: what was not yet taken */
    size_t end;
    unsigned char in[pack_buffer_size];
    unsigned char packed[pack_buffer_size];
} pack_job;

/* ---- packings ---- */

static bool pack_ends_with(const char *path, const char *ending)
{
    const size_t size = strlen(path);
    const size_t ending_size = strlen(ending);
    return size > ending_size && strcmp(path + size - ending_size, ending) == 0;
}

trace_packing trace_packing_of(const char *path)
{
    if (pack_ends_with(path, ".xz")) return trace_packing_xz;
    if (pack_ends_with(path, ".zst")) return trace_packing_zst;
    return trace_packing_plain;
}

static const trace_pack_coder *pack_coder_of(trace_packing packing)
{
    switch (packing) {
    case trace_packing_xz: return &trace_pack_coder_xz;
    case trace_packing_zst: return &trace_pack_coder_zst;
    case trace_packing_plain: break;
    }
    return NULL;
}

bool trace_packing_is_possible(trace_packing packing, trace_error *error)
{
    const trace_pack_coder *coder = pack_coder_of(packing);
    if (coder == NULL || coder->missing == NULL) return true;
    trace_set_error(error,
                    "can't be written: this strata was built without the library that "
                    "compresses it (Debian: %s)",
                    coder->missing);
    return false;
}

/* ---- reading the recording ---- */

static bool pack_fail(pack_job *job, const char *what)
{
    trace_set_error(job->error, "%s: %s", what, strerror(errno));
    return false;
}

/* Fills the buffer behind what was not yet taken, up to `size` bytes of records in all. */
static bool pack_refill(pack_job *job, uint64_t size)
{
    memmove(job->in, job->in + job->at, job->end - job->at);
    job->end -= job->at;
    job->at = 0;
    while (job->end < pack_buffer_size && job->seen < size) {
        size_t room = pack_buffer_size - job->end;
        if (room > size - job->seen) room = (size_t)(size - job->seen);
        const off_t place = (off_t)(trace_header_size + job->seen);
        const ssize_t got = pread(job->raw, job->in + job->end, room, place);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return pack_fail(job, "can't be made: the recording can't be read");
        if (got == 0) break;
        job->end += (size_t)got;
        job->seen += (uint64_t)got;
    }
    return true;
}

/* Tells the watch; false if it wants no more. */
static bool pack_go_on(pack_job *job, uint64_t done)
{
    const trace_pack_watch *watch = job->watch;
    if (watch == NULL || watch->step(watch->context, done, job->work)) return true;
    trace_set_error(job->error, "is not written: packing was interrupted");
    return false;
}

/* A number at *in, which it moves on; false if there is none before `end`. */
static bool pack_take_varint(const unsigned char **in, const unsigned char *end,
                             uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; *in < end && shift < 64; shift += 7) {
        const uint64_t byte = *(*in)++;
        *value |= (byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

/* Counts the record at the front of the buffer. How long it is; 0 if it can't be one. */
static uint64_t pack_count_record(const pack_job *job, trace_header *header)
{
    const unsigned char *start = job->in + job->at;
    const unsigned char *end = job->in + job->end;
    const unsigned char *in = start;
    uint64_t first, second = 0;
    if (!pack_take_varint(&in, end, &first)) return 0;
    const uint64_t rest = first >> 3;
    const trace_kind kind = (trace_kind)(first & 7);
    const bool has_second =
        kind == trace_kind_realloc || kind == trace_kind_aligned || kind == trace_kind_note;
    if (has_second && !pack_take_varint(&in, end, &second)) return 0;
    uint64_t size = (uint64_t)(in - start);
    switch (kind) {
    case trace_kind_malloc:
    case trace_kind_calloc:
    case trace_kind_aligned: header->id_count++; break;
    case trace_kind_realloc:
    case trace_kind_free:
        if (rest >= header->id_count) return 0;
        break;
    case trace_kind_thread:
        if (rest >= TRACE_THREAD_MAX) return 0;
        if (rest >= header->thread_count) header->thread_count = rest + 1;
        return size;
    case trace_kind_note:
        size += second;
        if (size > trace_record_max + trace_program_max) return 0;
        header->flags |= trace_flag_notes;
        return size;
    default: return 0;
    }
    header->op_count++;
    return size;
}

/* Pass 1: what the recording has, up to the first record that is none. */
static bool pack_count(pack_job *job, const trace_header *claimed)
{
    trace_header *header = &job->result->header;
    *header = (trace_header){.flags = claimed->flags & (trace_flag_cut | trace_flag_notes)};
    header->thread_count = claimed->byte_count > 0 ? 1 : 0;
    for (;;) {
        if (job->end - job->at < trace_record_max + trace_program_max) {
            if (!pack_refill(job, claimed->byte_count)) return false;
            if (!pack_go_on(job, header->byte_count)) return false;
        }
        if (job->at == job->end) break;
        const uint64_t size = pack_count_record(job, header);
        if (size == 0 || size > job->end - job->at) break;
        job->at += (size_t)size;
        header->byte_count += size;
    }
    job->result->lost_bytes = claimed->byte_count - header->byte_count;
    if (job->result->lost_bytes > 0) header->flags |= trace_flag_cut;
    return true;
}

/* ---- writing the trace ---- */

static bool pack_write(pack_job *job, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t written = write(job->out, bytes, size);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return pack_fail(job, "can't be written");
        bytes += written;
        size -= (size_t)written;
        job->result->file_size += (uint64_t)written;
    }
    return true;
}

/* Compresses and writes `size` bytes; the last ones if `is_last`. */
static bool pack_put(pack_job *job, const unsigned char *bytes, size_t size, bool is_last)
{
    if (job->coder == NULL) return pack_write(job, bytes, size);
    trace_pack_flow flow = {bytes, size, NULL, 0};
    trace_pack_step step = trace_pack_step_more;
    while (flow.in_size > 0 || (is_last && step != trace_pack_step_ended)) {
        flow.out = job->packed;
        flow.out_size = sizeof job->packed;
        step = job->coder->step(job->coder_state, &flow, is_last);
        if (step == trace_pack_step_failed) {
            trace_set_error(job->error, "can't be written: there is no memory to compress it");
            job->error->is_ours = true;
            return false;
        }
        const size_t made = sizeof job->packed - flow.out_size;
        if (!pack_write(job, job->packed, made)) return false;
    }
    return true;
}

/* Pass 2. */
static bool pack_copy(pack_job *job)
{
    unsigned char head[trace_header_size];
    const uint64_t size = job->result->header.byte_count;
    trace_put_header(head, &job->result->header);
    if (!pack_put(job, head, sizeof head, false)) return false;
    job->at = job->end = 0;
    job->seen = 0;
    do {
        if (!pack_refill(job, size)) return false;
        const bool is_last = job->seen == size || job->end == 0;
        if (!pack_put(job, job->in, job->end, is_last)) return false;
        job->at = job->end;
    } while (pack_go_on(job, size + job->seen) && job->seen < size);
    return job->seen == size;
}

/* A new file beside the one that is wanted, with the rights that a new file has. */
static bool pack_create(pack_job *job)
{
    if (asprintf(&job->new_path, "%s.XXXXXX", job->path) < 0) {
        job->new_path = NULL;
        errno = ENOMEM;
        return pack_fail(job, "can't be written");
    }
    job->out = mkostemp(job->new_path, O_CLOEXEC);
    if (job->out < 0) {
        free(job->new_path);
        job->new_path = NULL;
        return pack_fail(job, "can't be written");
    }
    const mode_t mask = umask(0);
    umask(mask);
    fchmod(job->out, 0666 & ~mask);
    return true;
}

static bool pack_make(pack_job *job)
{
    if (!pack_create(job)) return false;
    if (job->coder != NULL && (job->coder_state = job->coder->open()) == NULL) {
        errno = ENOMEM;
        return pack_fail(job, "can't be written");
    }
    if (!pack_copy(job)) return false;
    const int out = job->out;
    job->out = -1;
    if (close(out) != 0) return pack_fail(job, "can't be written");
    if (rename(job->new_path, job->path) != 0) return pack_fail(job, "can't be written");
    free(job->new_path);
    job->new_path = NULL;
    return true;
}

/* ---- the whole ---- */

/* What the recording's header says; false if there is none, with *error set unless it is all
 * zeros, as in a process that was killed before it could write it. */
static bool pack_read_header(pack_job *job, trace_header *claimed)
{
    static const char magic[trace_magic_size] = TRACE_MAGIC;
    unsigned char head[trace_header_size] = {0};
    const ssize_t got = pread(job->raw, head, sizeof head, 0);
    if (got < 0) return pack_fail(job, "can't be made: the recording can't be read");
    claimed->byte_count = trace_get_word(head + 8);
    claimed->flags = trace_get_word(head + 40);
    if (got == sizeof head && memcmp(head, magic, sizeof magic) == 0) return true;
    for (size_t i = 0; i < sizeof head; i++) {
        if (head[i] == 0) continue;
        trace_set_error(job->error, "can't be made: what is there is no recording");
        break;
    }
    return false;
}

static trace_pack_status pack_run(pack_job *job)
{
    trace_header claimed = {0};
    trace_header *header = &job->result->header;
    job->error->text[0] = '\0';
    if (!pack_read_header(job, &claimed)) {
        return job->error->text[0] != '\0' ? trace_pack_failed : trace_pack_nothing;
    }
    job->work = 2 * claimed.byte_count;
    if (!pack_count(job, &claimed)) return trace_pack_failed;
    if (header->op_count == 0 && job->result->lost_bytes == 0 &&
        (header->flags & trace_flag_cut) == 0) {
        return trace_pack_nothing;
    }
    return pack_make(job) ? trace_pack_done : trace_pack_failed;
}

static void pack_close(pack_job *job)
{
    if (job->coder_state != NULL) job->coder->close(job->coder_state);
    if (job->out >= 0) close(job->out);
    if (job->new_path != NULL) unlink(job->new_path);
    free(job->new_path);
    if (job->raw >= 0) close(job->raw);
    free(job);
}

trace_pack_status trace_pack(const char *raw_path, const char *path,
                             const trace_pack_watch *watch, trace_pack_result *result,
                             trace_error *error)
{
    trace_pack_status status = trace_pack_failed;
    *result = (trace_pack_result){0};
    if (!trace_packing_is_possible(trace_packing_of(path), error)) return status;
    pack_job *job = malloc(sizeof *job);
    if (job == NULL) {
        trace_set_error(error, "can't be written: there is no memory");
        error->is_ours = true;
        return status;
    }
    /* All but the buffers, which are filled before they are read. */
    memset(job, 0, offsetof(pack_job, in));
    job->path = path;
    job->watch = watch;
    job->coder = pack_coder_of(trace_packing_of(path));
    job->result = result;
    job->error = error;
    error->is_ours = false;
    job->out = -1;
    job->raw = open(raw_path, O_RDONLY | O_CLOEXEC);
    if (job->raw >= 0) {
        status = pack_run(job);
    } else {
        pack_fail(job, "can't be made: the recording can't be read");
    }
    pack_close(job);
    return status;
}
