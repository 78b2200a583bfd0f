/* SPDX-License-Identifier: MIT-0
 *
 * What the end of the program, heaps, and the C library's own statistics functions need of ours.
 */
#ifndef ST_STATS_H
#define ST_STATS_H

#include "books/report.h"
#include "space/space.h"
#include "strata.h"

/* Adds the statistics to `text` as readable lines. */
ST_INTERNAL void st_stats_describe(st_text *text);

/* Adds the statistics to `text` as one line of name=value. */
ST_INTERNAL void st_stats_line(st_text *text);

/* Adds what one space has, with its lock; and for who holds that. */
ST_INTERNAL void st_stats_add_space(strata_stats *stats, st_space *space);
ST_INTERNAL void st_stats_count_space(strata_stats *stats, const st_space *space);

/* strata_walk over the process's heap alone, and over the space of a heap, whose lock is held. */
ST_INTERNAL int st_stats_walk_process(int (*visit)(void *context, const strata_region *region), void *context);
ST_INTERNAL int st_stats_walk_space(const st_space *space, strata_heap *heap,
                                    int (*visit)(void *context, const strata_region *region),
                                    void *context);

/* A sink that writes to the file descriptor whose number is the int at `context`. */
ST_INTERNAL void st_stats_to_descriptor(void *context, const char *bytes, size_t size);

#endif
