/* SPDX-License-Identifier: MIT-0
 *
 * Moving the window over the records.
 */
#include "trace_cursor.h"

#include <string.h>

void trace_cursor_init(trace_cursor *cursor, trace_unpack *source, uint64_t byte_count)
{
    cursor->source = source;
    cursor->byte_count = byte_count;
    cursor->past = 0;
    cursor->is_last = false;
    cursor->at = 0;
    cursor->end = 0;
}

void trace_cursor_move(trace_cursor *cursor)
{
    const size_t left = cursor->end - cursor->at;
    memmove(cursor->window, cursor->window + cursor->at, left);
    cursor->past += cursor->at;
    cursor->at = 0;
    const uint64_t to_come = cursor->byte_count - cursor->past - left;
    size_t room = trace_cursor_size - left;
    if (room > to_come) room = (size_t)to_come;
    const size_t got = trace_unpack_read(cursor->source, cursor->window + left, room);
    cursor->is_last = got < room || room == to_come;
    cursor->end = left + got;
}

trace_taken trace_cursor_take(trace_cursor *cursor, char *out, uint64_t size)
{
    while (size > 0) {
        trace_cursor_ready(cursor, 1);
        if (trace_cursor_is_at_end(cursor)) return trace_taken_short;
        size_t part = cursor->end - cursor->at;
        if (part > size) part = (size_t)size;
        if (out != NULL) {
            memcpy(out, cursor->window + cursor->at, part);
            out += part;
        }
        cursor->at += part;
        size -= part;
    }
    return trace_taken_well;
}
