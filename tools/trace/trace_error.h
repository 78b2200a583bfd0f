/* SPDX-License-Identifier: MIT-0
 *
 * Why a trace is refused, in words that complete "'FILE' ": "'x.tr' is cut short: ...". Without
 * the full stop, which whoever writes the sentence adds.
 */
#ifndef TRACE_ERROR_H
#define TRACE_ERROR_H

#include <stdbool.h>

typedef struct trace_error {
    bool is_ours; /* nothing is wrong with the file: there is no memory */
    char text[240];
} trace_error;

/* Fills *error with the formatted text and is_ours false. */
void trace_set_error(trace_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "can't be read: there is no memory", with is_ours true. */
void trace_set_no_memory(trace_error *error);

#endif
