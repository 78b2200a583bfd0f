/* SPDX-License-Identifier: MIT-0
 *
 * The recording of one process: its records, the counts in the header, the limit, the end.
 * Everything here is done under the gate's lock, which gives the records their order.
 *
 * The counts are stored behind each operation, those of bytes last, so that the header never
 * speaks of bytes that are not there yet. A process that is killed between two of the stores has
 * counted an operation whose bytes are not; who packs the file counts again.
 */
#define _GNU_SOURCE
#include "record.h"

#include "record_file.h"
#include "record_table.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { record_time_step_ns = 1000000 };

static struct {
    uint64_t generation; /* counts recordings, with those of the processes it was forked from */
    uint64_t limit;
    uint64_t byte_count;
    uint64_t op_count;
    uint64_t id_count;
    uint64_t thread_count;
    uint64_t flags;
    uint32_t thread; /* who did the last operation */
    bool with_times;
    uint64_t time_ns; /* of the last time note, or the start */
    record_table table;
    record_file file;
} record_write_state;

/* ---- the header ---- */

/* Stores one of its words; what was written before is in the file before it. */
static inline void record_write_word(size_t offset, uint64_t word)
{
    void *place = record_write_state.file.header + offset;
    atomic_store_explicit((_Atomic(uint64_t) *)place, htole64(word), memory_order_release);
}

enum {
    record_at_bytes = 8,
    record_at_ops = 16,
    record_at_ids = 24,
    record_at_threads = 32,
    record_at_flags = 40
};

/* What was written up to `out` is part of the trace now. */
static inline void record_write_commit(unsigned char *out)
{
    record_write_state.byte_count += (uint64_t)(out - record_write_state.file.at);
    record_write_state.file.at = out;
    record_write_word(record_at_bytes, record_write_state.byte_count);
}

/* ---- the end ---- */

/* Ends the recording before the process ends; `error` says why, 0 that the limit is reached. */
static __attribute__((noinline, cold)) void record_write_stop(int error)
{
    const int saved = errno;
    record_file *file = &record_write_state.file;
    record_write_word(record_at_flags, record_write_state.flags | trace_flag_cut);
    record_close_gate();
    record_file_close(file);
    record_table_fini(&record_write_state.table);
    if (error != 0) {
        record_say(file->path, "can't be continued", error,
                   "is recorded no further, and goes on");
    }
    errno = saved;
}

/* ---- records ---- */

static uint64_t record_write_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static unsigned char *record_write_time(unsigned char *out)
{
    const uint64_t now_ns = record_write_now();
    const uint64_t step_ns = now_ns - record_write_state.time_ns;
    if (step_ns < record_time_step_ns) return out;
    unsigned char number[trace_varint_max];
    const size_t size = (size_t)(trace_put_varint(number, step_ns) - number);
    record_write_state.time_ns = now_ns;
    out = trace_put_varint(out, trace_note_time << 3 | trace_kind_note);
    out = trace_put_varint(out, size);
    memcpy(out, number, size);
    return out + size;
}

/* Gives this thread its number: the next, the first time that it is seen. Those beyond the last
 * number that a trace may have share that one. */
static __attribute__((noinline)) void record_write_number_thread(void)
{
    uint64_t *count = &record_write_state.thread_count;
    record_this_thread.generation = record_write_state.generation;
    record_this_thread.number = (uint32_t)(*count < TRACE_THREAD_MAX ? (*count)++ : *count - 1);
    record_write_word(record_at_threads, *count);
}

/* The record that says whose the next ones are. */
static unsigned char *record_write_thread(unsigned char *out)
{
    if (record_this_thread.generation != record_write_state.generation) {
        record_write_number_thread();
        if (record_this_thread.number == record_write_state.thread) return out;
    }
    record_write_state.thread = record_this_thread.number;
    return trace_put_varint(out, (uint64_t)record_this_thread.number << 3 | trace_kind_thread);
}

/* Where the next operation goes; NULL if there is to be none any more. */
static inline unsigned char *record_write_begin(void)
{
    record_file *file = &record_write_state.file;
    if (record_write_state.op_count >= record_write_state.limit) {
        record_write_stop(0);
        return NULL;
    }
    if ((size_t)(file->end - file->at) < record_file_room) {
        const int error = record_file_advance(file);
        if (error != 0) {
            record_write_stop(error);
            return NULL;
        }
    }
    unsigned char *out = file->at;
    if (record_write_state.with_times) out = record_write_time(out);
    if (record_this_thread.generation != record_write_state.generation ||
        record_this_thread.number != record_write_state.thread) {
        out = record_write_thread(out);
    }
    return out;
}

static inline void record_write_end(unsigned char *out)
{
    record_write_word(record_at_ops, ++record_write_state.op_count);
    record_write_commit(out);
}

/* An operation on an object that there is. */
static bool record_write_reference(trace_kind kind, uint64_t id, size_t size)
{
    unsigned char *out = record_write_begin();
    if (out == NULL) return false;
    const uint64_t distance = record_write_state.id_count - 1 - id;
    out = trace_put_varint(out, distance << 3 | kind);
    if (kind == trace_kind_realloc) out = trace_put_varint(out, size);
    record_write_end(out);
    return true;
}

/* A new object at `mem`. */
static void record_write_object(const void *mem, trace_kind kind, size_t size,
                                unsigned align_log2)
{
    uint64_t stale;
    if (record_write_state.id_count == TRACE_ID_MAX) {
        record_write_stop(0);
        return;
    }
    if (!record_table_put(&record_write_state.table, (uintptr_t)mem,
                          record_write_state.id_count, &stale)) {
        record_write_stop(ENOMEM);
        return;
    }
    /* Freed where we could not see it. */
    if (stale != RECORD_NO_ID && !record_write_reference(trace_kind_free, stale, 0)) return;
    unsigned char *out = record_write_begin();
    if (out == NULL) return;
    out = trace_put_varint(out, (uint64_t)size << 3 | kind);
    if (kind == trace_kind_aligned) out = trace_put_varint(out, align_log2);
    record_write_word(record_at_ids, ++record_write_state.id_count);
    record_write_end(out);
}

/* ---- what the calls tell ---- */

void record_allocated(const void *mem, trace_kind kind, size_t size, unsigned align_log2)
{
    if (mem == NULL || !record_begin_call()) return;
    record_write_object(mem, kind, size, align_log2);
    record_end_call();
}

void record_freed(const void *mem)
{
    if (!record_begin_call()) return;
    const uint64_t id = record_table_take(&record_write_state.table, (uintptr_t)mem);
    if (id != RECORD_NO_ID) record_write_reference(trace_kind_free, id, 0);
    record_end_call();
}

record_taken record_take(const void *mem)
{
    record_taken taken = {0, RECORD_NO_ID};
    if (!record_begin_call()) return taken;
    taken.generation = record_write_state.generation;
    taken.id = record_table_take(&record_write_state.table, (uintptr_t)mem);
    record_end_call();
    return taken;
}

static void record_write_resized(uint64_t id, const void *mem, const void *now, size_t size)
{
    uint64_t stale;
    if (size == 0) {
        /* Freed; another allocator than glibc's may give a new block. */
        if (!record_write_reference(trace_kind_free, id, 0) || now == NULL) return;
        record_write_object(now, trace_kind_malloc, size, 0);
        return;
    }
    const void *place = now != NULL ? now : mem;
    if (!record_table_put(&record_write_state.table, (uintptr_t)place, id, &stale)) {
        record_write_stop(ENOMEM);
        return;
    }
    if (stale != RECORD_NO_ID && !record_write_reference(trace_kind_free, stale, 0)) return;
    if (now != NULL) record_write_reference(trace_kind_realloc, id, size);
}

void record_resized(record_taken taken, const void *mem, const void *now, size_t size)
{
    if (taken.generation == 0 || !record_begin_call()) return;
    if (taken.generation == record_write_state.generation && taken.id != RECORD_NO_ID) {
        record_write_resized(taken.id, mem, now, size);
    } else if (taken.generation == record_write_state.generation && now != NULL) {
        record_write_object(now, trace_kind_malloc, size, 0);
    }
    record_end_call();
}

/* ---- the start ---- */

static void record_write_program(void)
{
    char path[trace_program_max];
    const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    if (size <= 0) return;
    unsigned char *out = record_write_state.file.at;
    out = trace_put_varint(out, trace_note_program << 3 | trace_kind_note);
    out = trace_put_varint(out, (uint64_t)size);
    memcpy(out, path, (size_t)size);
    record_write_commit(out + size);
}

/* What the process that forked us has recorded is not ours; its file is not mapped here. */
static void record_write_reset(const record_settings *settings)
{
    record_table_fini(&record_write_state.table);
    const uint64_t generation = record_write_state.generation + 1;
    memset(&record_write_state, 0, offsetof(__typeof__(record_write_state), table));
    record_write_state.generation = generation;
    record_write_state.limit = settings->limit;
    record_write_state.with_times = settings->with_times;
    if (settings->with_times) record_write_state.flags = trace_flag_notes;
}

bool record_start(const record_settings *settings)
{
    record_file *file = &record_write_state.file;
    record_write_reset(settings);
    int error = record_table_init(&record_write_state.table) ? 0 : ENOMEM;
    if (error == 0) error = record_file_open(file, settings->directory);
    if (error != 0) {
        record_table_fini(&record_write_state.table);
        record_say(settings->directory, "can't take the recording", error, "is not recorded");
        return false;
    }
    const trace_header header = {.flags = record_write_state.flags};
    trace_put_header(file->header, &header);
    record_write_state.time_ns = record_write_now();
    if (settings->with_times) record_write_program();
    return true;
}
