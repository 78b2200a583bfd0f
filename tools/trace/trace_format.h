/* SPDX-License-Identifier: MIT-0
 *
 * The trace format, MTRACE1, as docs/trace-format.md describes it: what a reader, a writer and
 * the recorder have to agree on. A leaf: no library, no state.
 *
 *      0        8        16       24       32       40       48
 *      +--------+--------+--------+--------+--------+--------+----------------------- - -
 *      | magic  | bytes  | ops    | ids    | threads| flags  | records: `bytes` of them
 *      +--------+--------+--------+--------+--------+--------+----------------------- - -
 *
 * A record begins with a varint x; kind = x & 7, y = x >> 3. All numbers are little endian.
 */
#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_MAGIC "MTRACE1"
enum { trace_magic_size = 8, trace_header_size = 48, trace_varint_max = 10 };

/* The longest record but for a note's text: two varints and a length. */
enum { trace_record_max = 3 * trace_varint_max };

/* The most that a trace may have: the size of one allocation, the sum of those that live, how many
 * objects and threads; the alignment's logarithm; the program's name in bytes. */
#define TRACE_SIZE_MAX ((uint64_t)1 << 47)
#define TRACE_LIVE_MAX ((uint64_t)1 << 56)
#define TRACE_ID_MAX ((uint64_t)1 << 32)
#define TRACE_THREAD_MAX ((uint64_t)1 << 16)
enum { trace_align_log2_max = 40, trace_program_max = 4096 };

/* Flags of the header. */
enum {
    trace_flag_cut = 1,  /* the recording was cut at its limit */
    trace_flag_notes = 2 /* there are notes; tools that know none of them can't read the file */
};

typedef enum trace_kind {
    trace_kind_malloc = 0,  /* y: size */
    trace_kind_calloc = 1,  /* y: size, the product */
    trace_kind_realloc = 2, /* y: reference; then the new size */
    trace_kind_free = 3,    /* y: reference */
    trace_kind_aligned = 4, /* y: size; then the base-2 logarithm of the alignment */
    trace_kind_thread = 5,  /* y: number of the thread that does what follows */
    trace_kind_note = 6     /* y: trace_note; then a length, and so many bytes */
} trace_kind;

/* What a note says. A reader skips those that it does not know. */
typedef enum trace_note {
    trace_note_time =
        0, /* a varint: nanoseconds since the last time note, or since the start */
    trace_note_program = 1 /* text: the program's path; once, before anything else */
} trace_note;

typedef struct trace_header {
    uint64_t byte_count; /* of the records */
    uint64_t op_count;   /* thread switches and notes are no operations */
    uint64_t id_count;   /* objects allocated */
    uint64_t thread_count;
    uint64_t flags;
} trace_header;

/* Writes x; returns the byte behind it. There are trace_varint_max bytes of room. */
static inline unsigned char *trace_put_varint(unsigned char *out, uint64_t x)
{
    while (x >= 0x80) {
        *out++ = (unsigned char)(x | 0x80);
        x >>= 7;
    }
    *out++ = (unsigned char)x;
    return out;
}

static inline void trace_put_word(unsigned char *out, uint64_t word)
{
    for (int i = 0; i < 8; i++) out[i] = (unsigned char)(word >> (8 * i));
}

static inline uint64_t trace_get_word(const unsigned char *in)
{
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word |= (uint64_t)in[i] << (8 * i);
    return word;
}

/* Writes all trace_header_size bytes. */
static inline void trace_put_header(unsigned char *out, const trace_header *header)
{
    static const char magic[trace_magic_size] = TRACE_MAGIC;
    for (int i = 0; i < trace_magic_size; i++) out[i] = (unsigned char)magic[i];
    trace_put_word(out + 8, header->byte_count);
    trace_put_word(out + 16, header->op_count);
    trace_put_word(out + 24, header->id_count);
    trace_put_word(out + 32, header->thread_count);
    trace_put_word(out + 40, header->flags);
}

#endif
