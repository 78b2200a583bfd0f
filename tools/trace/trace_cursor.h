/* SPDX-License-Identifier: MIT-0
 *
 * The records of a trace as a row of numbers and bytes: a window over what trace_unpack gives,
 * which ends where the header says that the records end.
 *
 *            past        at      end         byte_count
 *      - - - - | - - - - | - - - - | - - - - - - |
 *      gone      taken     in the    still in
 *                          window    the file
 */
#ifndef TRACE_CURSOR_H
#define TRACE_CURSOR_H

#include "trace_unpack.h"

#include <stdint.h>

enum { trace_cursor_size = 1 << 16 };

typedef struct trace_cursor {
    trace_unpack *source;
    uint64_t byte_count; /* of all records, by the header */
    uint64_t past;       /* bytes of records before the window */
    bool is_last;        /* the window is the last: no more can be had */
    size_t at;           /* in the window: what was not yet taken */
    size_t end;
    unsigned char window[trace_cursor_size];
} trace_cursor;

typedef enum trace_taken {
    trace_taken_well,
    trace_taken_short, /* there is less than was to be taken */
    trace_taken_wide   /* a number of over 64 bits */
} trace_taken;

/* The window itself is left as it is: it is filled before it is read. */
void trace_cursor_init(trace_cursor *cursor, trace_unpack *source, uint64_t byte_count);

/* Moves the window so that it begins with what was not yet taken. */
void trace_cursor_move(trace_cursor *cursor);

/* Skips `size` bytes, or copies them if `out` is not NULL. */
trace_taken trace_cursor_take(trace_cursor *cursor, char *out, uint64_t size);

/* How many bytes of records were taken. */
static inline uint64_t trace_cursor_position(const trace_cursor *cursor)
{
    return cursor->past + cursor->at;
}

/* Has all been taken that the file holds, or should hold? Asked after trace_cursor_ready. */
static inline bool trace_cursor_is_at_end(const trace_cursor *cursor)
{
    return cursor->at == cursor->end;
}

/* Makes sure that `size` bytes are in the window, or the last there are. */
static inline void trace_cursor_ready(trace_cursor *cursor, size_t size)
{
    if (cursor->end - cursor->at < size && !cursor->is_last) trace_cursor_move(cursor);
}

/* Takes a number, which has to be in the window. */
static inline trace_taken trace_cursor_take_varint(trace_cursor *cursor, uint64_t *value)
{
    uint64_t number = 0;
    for (unsigned shift = 0; cursor->at < cursor->end; shift += 7) {
        const uint64_t byte = cursor->window[cursor->at++];
        if (shift == 63 && byte > 1) return trace_taken_wide;
        number |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = number;
            return trace_taken_well;
        }
    }
    return trace_taken_short;
}

#endif
