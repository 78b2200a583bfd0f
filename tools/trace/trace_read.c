/* SPDX-License-Identifier: MIT-0
 *
 * Reading a trace. trace_next takes records until one is an operation:
 *
 *   1 move the window, so that a whole record is in it (but for a note's text)
 *   2 take the varint that begins it; its low bits are the kind
 *   3 take what else the kind has, and check it against what is known of the objects
 *   4 at the end of the records: check the header's counts
 *
 * An error names the record, counted from 1, and the byte of the unpacked file where it begins.
 */
#include "trace_read.h"

#include "trace_cursor.h"
#include "trace_head.h"
#include "trace_table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum read_status { read_failed = -1, read_ended = 0, read_going = 1 } read_status;

struct trace_reader {
    trace_unpack *source;
    trace_header header;
    trace_table objects; /* an entry is the object's size + 1; 0 once it is freed */
    read_status status;
    trace_error error;     /* why it failed */
    uint64_t record_at;    /* where the record begins that is being read, in bytes of records */
    uint64_t record_count; /* it included */
    uint64_t op_count;
    uint64_t live_size;
    uint64_t time_ns;
    uint32_t thread;
    char program[trace_program_max + 1];
    trace_cursor cursor; /* last: its window is not cleared */
};

/* ---- errors ---- */

/* "is damaged: record 17 (byte 123) ...". Returns false, as those do that call it. */
static bool read_fail(trace_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool read_fail(trace_reader *reader, const char *format, ...)
{
    char why[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    trace_set_error(&reader->error, "is damaged: record %" PRIu64 " (at byte %" PRIu64 ") %s",
                    reader->record_count, reader->record_at + trace_header_size, why);
    reader->status = read_failed;
    return false;
}

static bool read_fail_memory(trace_reader *reader)
{
    trace_set_no_memory(&reader->error);
    reader->status = read_failed;
    return false;
}

/* There is less than the record needs. */
static bool read_fail_short(trace_reader *reader)
{
    const trace_error *error = trace_unpack_get_error(reader->source);
    if (reader->cursor.past + reader->cursor.end >= reader->header.byte_count) {
        return read_fail(reader, "goes on behind the %" PRIu64 " bytes of the header's count",
                         reader->header.byte_count);
    }
    if (error != NULL) {
        reader->error = *error;
    } else {
        trace_set_error(&reader->error,
                        "is cut short: it ends in the middle of record %" PRIu64
                        " (at byte %" PRIu64 ")",
                        reader->record_count, reader->record_at + trace_header_size);
    }
    reader->status = read_failed;
    return false;
}

/* ---- bytes ---- */

static inline bool read_varint(trace_reader *reader, uint64_t *value)
{
    const trace_taken taken = trace_cursor_take_varint(&reader->cursor, value);
    if (taken == trace_taken_well) return true;
    if (taken == trace_taken_short) {
        read_fail_short(reader);
    } else {
        read_fail(reader, "has a number of over 64 bits");
    }
    return false; /* said aloud, so that the compiler knows when *value is set */
}

/* Skips `size` bytes, or copies them if `out` is not NULL. */
static bool read_bytes(trace_reader *reader, char *out, uint64_t size)
{
    return trace_cursor_take(&reader->cursor, out, size) == trace_taken_well ||
           read_fail_short(reader);
}

/* ---- operations ---- */

static bool read_size(trace_reader *reader, uint64_t size)
{
    if (size <= TRACE_SIZE_MAX) return true;
    return read_fail(reader, "asks for %" PRIu64 " bytes; no trace may ask for over %" PRIu64,
                     size, TRACE_SIZE_MAX);
}

static bool read_change_live(trace_reader *reader, uint64_t old_size, uint64_t new_size)
{
    reader->live_size += new_size - old_size;
    if (reader->live_size <= TRACE_LIVE_MAX) return true;
    return read_fail(reader, "makes %" PRIu64 " bytes live; no trace may have over %" PRIu64,
                     reader->live_size, TRACE_LIVE_MAX);
}

static bool read_allocation(trace_reader *reader, trace_op *op, uint64_t size)
{
    uint64_t align_log2 = 0;
    if (op->kind == trace_kind_aligned && !read_varint(reader, &align_log2)) return false;
    if (align_log2 > trace_align_log2_max) {
        return read_fail(reader,
                         "asks for an alignment of 2^%" PRIu64 "; at most 2^%d is allowed",
                         align_log2, trace_align_log2_max);
    }
    if (!read_size(reader, size) || !read_change_live(reader, 0, size)) return false;
    if (reader->objects.count == reader->header.id_count) {
        return read_fail(reader,
                         "allocates one object more than the %" PRIu64 " of the header's count",
                         reader->header.id_count);
    }
    op->id = (uint32_t)reader->objects.count;
    op->align_log2 = (unsigned)align_log2;
    op->size = size;
    op->old_size = 0;
    uint64_t *entry = trace_table_add(&reader->objects);
    if (entry == NULL) return read_fail_memory(reader);
    *entry = size + 1;
    return true;
}

/* The entry of the object that lies so far back, which lives; NULL after an error. */
static uint64_t *read_reference(trace_reader *reader, uint64_t distance, trace_op *op)
{
    const uint64_t count = reader->objects.count;
    const char *does = op->kind == trace_kind_free ? "frees" : "resizes";
    if (distance >= count) {
        read_fail(reader,
                  "%s an object that does not exist: %" PRIu64
                  " before the newest, of %" PRIu64,
                  does, distance, count);
        return NULL;
    }
    const uint64_t id = count - 1 - distance;
    uint64_t *entry = trace_table_find(&reader->objects, id);
    if (entry == NULL || *entry == 0) {
        read_fail(reader, "%s object %" PRIu64 ", which was freed before", does, id);
        return NULL;
    }
    op->id = (uint32_t)id;
    op->align_log2 = 0;
    return entry;
}

static bool read_realloc(trace_reader *reader, trace_op *op, uint64_t distance)
{
    uint64_t size;
    uint64_t *entry = read_reference(reader, distance, op);
    if (entry == NULL || !read_varint(reader, &size) || !read_size(reader, size)) return false;
    if (size == 0) return read_fail(reader, "resizes to 0 bytes, which has to be a free");
    op->size = size;
    op->old_size = *entry - 1;
    *entry = size + 1;
    return read_change_live(reader, op->old_size, size);
}

static bool read_free(trace_reader *reader, trace_op *op, uint64_t distance)
{
    uint64_t *entry = read_reference(reader, distance, op);
    if (entry == NULL) return false;
    op->size = *entry - 1;
    op->old_size = 0;
    *entry = 0;
    trace_table_drop(&reader->objects, op->id);
    return read_change_live(reader, op->size, 0);
}

/* ---- what is no operation ---- */

static bool read_thread(trace_reader *reader, uint64_t number)
{
    if (number >= reader->header.thread_count) {
        return read_fail(reader,
                         "is of thread %" PRIu64 "; the header counts %" PRIu64 ", from 0 on",
                         number, reader->header.thread_count);
    }
    reader->thread = (uint32_t)number;
    return true;
}

static bool read_time(trace_reader *reader, uint64_t size)
{
    uint64_t step;
    const uint64_t end = trace_cursor_position(&reader->cursor) + size;
    if (!read_varint(reader, &step)) return false;
    if (trace_cursor_position(&reader->cursor) != end) {
        return read_fail(
            reader, "is a time note of %" PRIu64 " bytes, which does not fit its number", size);
    }
    if (step > UINT64_MAX - reader->time_ns) {
        return read_fail(reader, "is later than 64 bits of nanoseconds");
    }
    reader->time_ns += step;
    return true;
}

static bool read_program(trace_reader *reader, uint64_t size)
{
    if (reader->op_count > 0 || reader->program[0] != '\0') {
        return read_fail(reader, "names the program too late, or again");
    }
    if (size == 0 || size > trace_program_max) {
        return read_fail(reader, "names a program with %" PRIu64 " bytes; 1 to %d are allowed",
                         size, trace_program_max);
    }
    if (!read_bytes(reader, reader->program, size)) return false;
    reader->program[size] = '\0';
    if (memchr(reader->program, '\0', (size_t)size) == NULL) return true;
    return read_fail(reader, "names a program with a zero byte in it");
}

static bool read_note(trace_reader *reader, uint64_t note)
{
    uint64_t size;
    if ((reader->header.flags & trace_flag_notes) == 0) {
        return read_fail(reader, "is a note, and the header's flags say that there are none");
    }
    if (!read_varint(reader, &size)) return false;
    switch (note) {
    case trace_note_time: return read_time(reader, size);
    case trace_note_program: return read_program(reader, size);
    default: return read_bytes(reader, NULL, size);
    }
}

/* ---- the records ---- */

/* True and *op filled if it is an operation; false if it is none, or after an error. */
static bool read_record(trace_reader *reader, trace_op *op)
{
    uint64_t first;
    reader->record_at = trace_cursor_position(&reader->cursor);
    reader->record_count++;
    if (!read_varint(reader, &first)) return false;
    const uint64_t rest = first >> 3;
    op->kind = (trace_kind)(first & 7);
    bool is_op = false;
    switch (first & 7) {
    case trace_kind_malloc:
    case trace_kind_calloc:
    case trace_kind_aligned: is_op = read_allocation(reader, op, rest); break;
    case trace_kind_realloc: is_op = read_realloc(reader, op, rest); break;
    case trace_kind_free: is_op = read_free(reader, op, rest); break;
    case trace_kind_thread: read_thread(reader, rest); return false;
    case trace_kind_note: read_note(reader, rest); return false;
    default: return read_fail(reader, "is of kind 7, which there is not");
    }
    op->thread = reader->thread;
    op->time_ns = reader->time_ns;
    if (is_op) reader->op_count++;
    return is_op;
}

/* Does the file hold what its header counts? If not, the error is set. */
static bool read_check_counts(trace_reader *reader, bool has_more)
{
    const trace_header *header = &reader->header;
    const uint64_t byte_count = trace_cursor_position(&reader->cursor);
    if (byte_count < header->byte_count) {
        trace_set_error(&reader->error,
                        "is cut short: it has %" PRIu64 " bytes of records, and its header "
                        "counts %" PRIu64,
                        byte_count, header->byte_count);
    } else if (has_more) {
        trace_set_error(&reader->error,
                        "is damaged: it goes on behind the %" PRIu64
                        " bytes of records that its header counts",
                        byte_count);
    } else if (reader->op_count != header->op_count) {
        trace_set_error(&reader->error,
                        "is damaged: it has %" PRIu64
                        " operations, and its header counts %" PRIu64,
                        reader->op_count, header->op_count);
    } else if (reader->objects.count != header->id_count) {
        trace_set_error(&reader->error,
                        "is damaged: it has %" PRIu64
                        " objects, and its header counts %" PRIu64,
                        reader->objects.count, header->id_count);
    } else {
        return true;
    }
    return false;
}

/* All records were taken, or all that the file has. */
static void read_finish(trace_reader *reader)
{
    unsigned char beyond;
    /* Also lets a compressed file come to its check sum, which is last. */
    const bool has_more = trace_unpack_read(reader->source, &beyond, 1) > 0;
    const trace_error *error = trace_unpack_get_error(reader->source);
    reader->status = read_failed;
    if (error != NULL) {
        reader->error = *error;
    } else if (read_check_counts(reader, has_more)) {
        reader->status = read_ended;
    }
}

int trace_next(trace_reader *reader, trace_op *op, trace_error *error)
{
    while (reader->status == read_going) {
        trace_cursor_ready(&reader->cursor, trace_record_max);
        if (trace_cursor_is_at_end(&reader->cursor)) {
            read_finish(reader);
        } else if (read_record(reader, op)) {
            return read_going;
        }
    }
    if (reader->status == read_failed) *error = reader->error;
    return reader->status;
}

/* ---- opening ---- */

/* Takes over `source`, which may be NULL after an error. */
static trace_reader *read_begin(trace_unpack *source, trace_error *error)
{
    trace_reader *reader = source != NULL ? malloc(sizeof *reader) : NULL;
    if (reader == NULL) {
        if (source != NULL) trace_set_no_memory(error);
        trace_unpack_close(source);
        return NULL;
    }
    memset(reader, 0, offsetof(trace_reader, cursor));
    reader->source = source;
    reader->status = read_going;
    trace_table_init(&reader->objects, 1);
    if (!trace_head_read(&reader->header, source, error)) {
        trace_close(reader);
        return NULL;
    }
    trace_cursor_init(&reader->cursor, source, reader->header.byte_count);
    return reader;
}

trace_reader *trace_open(const char *path, trace_error *error)
{
    return read_begin(trace_unpack_open(path, error), error);
}

trace_reader *trace_open_memory(const void *bytes, size_t size, trace_error *error)
{
    return read_begin(trace_unpack_open_memory(bytes, size, error), error);
}

const trace_header *trace_get_header(const trace_reader *reader) { return &reader->header; }

const char *trace_get_program(const trace_reader *reader) { return reader->program; }

uint64_t trace_get_position(const trace_reader *reader)
{
    return trace_cursor_position(&reader->cursor);
}

void trace_close(trace_reader *reader)
{
    if (reader == NULL) return;
    trace_unpack_close(reader->source);
    trace_table_fini(&reader->objects);
    free(reader);
}
