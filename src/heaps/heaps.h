/* SPDX-License-Identifier: MIT-0
 *
 * All heaps there are. Each has a number, by which the page map names it; numbers are used again. What is
 * known of a heap here lies outside of it, so that nobody has to look at a heap on memory of the caller's
 * to know that an address is not there.
 */
#ifndef ST_HEAPS_H
#define ST_HEAPS_H

#include "heaps/heap_object.h"

#if STRATA_HEAPS

/* A number for a heap that is about to be; false if there is no memory for it. From the first one on,
 * blocks of heaps are the business of this layer. */
ST_INTERNAL bool st_heaps_take_number(uint32_t *number);

/* The heap of this number is ready; `size` bytes from it on are the caller's memory. A heap that was
 * there before is forgotten: whoever uses its memory for something else has done so. */
ST_INTERNAL void st_heaps_add(strata_heap *heap, size_t size);

/* The heap is about to go: it keeps its number until that is given back. False if it was forgotten. */
ST_INTERNAL bool st_heaps_remove(const strata_heap *heap);
ST_INTERNAL void st_heaps_give_number(uint32_t number);

/* The next heap, or shadow of a range, from number *number on, which becomes the one after it. With its lock
 * and that of the list, so that it stays; NULL at the end, without either. */
ST_INTERNAL strata_heap *st_heaps_hold_next(uint32_t *number);
ST_INTERNAL void st_heaps_let_go(strata_heap *heap);

/* strata_check, strata_walk and statistics over all heaps (heaps_all.c). */
ST_INTERNAL int st_heaps_check(const char **first);
ST_INTERNAL int st_heaps_walk(int (*visit)(void *context, const strata_region *region), void *context);
ST_INTERNAL void st_heaps_describe(st_text *text);
ST_INTERNAL size_t st_heaps_total(size_t *footprint);

/* The heap of this number, or NULL. Without a lock: exact for who holds a block of it. */
ST_INTERNAL strata_heap *st_heaps_at(uint32_t number);

#endif
#endif
