/* SPDX-License-Identifier: MIT-0
 *
 * Source-level replacement: a file that includes this after its system headers calls strata
 * where it says malloc. It must then free with strata whatever it allocates so, and not hand
 * such blocks to code that frees them with another allocator's free.
 */
#ifndef STRATA_OVERRIDE_H
#define STRATA_OVERRIDE_H

#include <stdlib.h>

#include "strata.h"

#define malloc(size) strata_malloc(size)
#define calloc(count, size) strata_calloc(count, size)
#define realloc(mem, size) strata_realloc(mem, size)
#define reallocarray(mem, count, size) strata_reallocarray(mem, count, size)
#define free(mem) strata_free(mem)
#define free_sized(mem, size) strata_free_sized(mem, size)
#define free_aligned_sized(mem, alignment, size) strata_free_aligned_sized(mem, alignment, size)
#define aligned_alloc(alignment, size) strata_aligned_alloc(alignment, size)
#define posix_memalign(result, alignment, size) strata_posix_memalign(result, alignment, size)
#define memalign(alignment, size) strata_memalign(alignment, size)
#define valloc(size) strata_valloc(size)
#define pvalloc(size) strata_pvalloc(size)
#define malloc_usable_size(mem) strata_usable_size(mem)

#endif
