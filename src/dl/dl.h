/* SPDX-License-Identifier: MIT-0
 *
 * What the process's heap and mspaces have in common under dlmalloc's interface: options, figures, words
 * and the view from inside. The promises are include/dlmalloc.h's; no algorithm is here.
 */
#ifndef ST_DL_H
#define ST_DL_H

#include "heaps/heaps.h"
#include "strata.h"

#if STRATA_DLMALLOC
#include "dlmalloc.h"

/* The heap that an mspace is. What is none ends the program with a sentence: whatever was meant, there is
 * nothing to go on with. */
ST_INTERNAL strata_heap *st_dl_heap(mspace space);

/* Free and resize a block of any heap, as dlmalloc can with FOOTERS. */
ST_INTERNAL void st_dl_free_found(void *mem);
ST_INTERNAL void *st_dl_realloc_found(void *mem, size_t bytes);

/* dlmallopt: 1, or 0 if there is no such parameter or the value won't do. */
ST_INTERNAL int st_dl_set_option(int parameter, int value);

#if ST_DL_MALLINFO
/* Our figures as dlmalloc's ten. */
ST_INTERNAL dlmallinfo_t st_dl_info(const strata_stats *stats);
#endif

/* Writes three lines about the figures to standard error. No lock is held. */
ST_INTERNAL void st_dl_print(const strata_stats *stats);

/* What an inspector is told, and the visitor of strata_walk that tells him; its context is one of these. */
typedef struct st_dl_inspector {
    void (*handler)(void *start, void *end, size_t used_bytes, void *argument);
    void *argument;
} st_dl_inspector;
ST_INTERNAL int st_dl_inspect(void *context, const strata_region *region);

#endif
#endif
