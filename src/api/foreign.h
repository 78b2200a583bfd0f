/* SPDX-License-Identifier: MIT-0
 *
 * Pointers of the process's other allocators: a program that has a malloc of its own inside and hands
 * blocks to a library that frees them here, a plugin loaded with RTLD_DEEPBIND, the C library. That
 * none of ours lies at such an address is certain, by the page map and the range of slices alone. What
 * is done with them the option on_foreign says: they are misuse (0), nothing is done (1), or they go to
 * the other allocator (2): the one that the whole process uses, if that is not strata; else the next one
 * behind strata, if it has given out anything at all. Nothing of ours is changed in either case.
 *
 * Proved by test/operators (a10) and test/unit/unit_api_foreign.c.
 */
#ifndef ST_FOREIGN_H
#define ST_FOREIGN_H

#include "base/base.h"

#if STRATA_PAGEMAP

/* True if `mem` is certainly not ours, and the option says not to take that for misuse. Any thread, any
 * pointer; so the others. */
ST_INTERNAL bool st_foreign_is_tolerated(const void *mem);

/* The same; and all that is to be done for a free has been done then. No lock is held. */
ST_INTERNAL bool st_foreign_free(void *mem);

/* The same for a realloc; *result is what it gives. */
ST_INTERNAL bool st_foreign_resize(void *mem, size_t req, void **result);

/* Bytes usable at `mem` by the word of the other allocator; 0 if it is not asked. */
ST_INTERNAL size_t st_foreign_usable(const void *mem);

#endif
#endif
