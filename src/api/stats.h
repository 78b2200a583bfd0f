/* SPDX-License-Identifier: MIT-0
 *
 * What the end of the program, and the C library's own statistics functions, need of ours.
 */
#ifndef ST_STATS_H
#define ST_STATS_H

#include "books/report.h"

/* Adds the statistics to `text` as readable lines. */
ST_INTERNAL void st_stats_describe(st_text *text);

/* Adds the statistics to `text` as one line of name=value. */
ST_INTERNAL void st_stats_line(st_text *text);

/* A sink that writes to the file descriptor whose number is the int at `context`. */
ST_INTERNAL void st_stats_to_descriptor(void *context, const char *bytes, size_t size);

#endif
