/* SPDX-License-Identifier: MIT-0
 *
 * The C library's and POSIX's names. Each is strata's own function under a second name, so there
 * is no call in between; only what differs from ours has a body.
 */
#include "strata.h"

#include "base/base.h"

#if STRATA_OVERRIDE && defined(__GNUC__) && defined(__ELF__)

/* The types are those of the C library's headers, which we do not include: some of them declare
 * these functions with attributes that an alias must not repeat. An alias must stand in one file
 * with its target, so only the amalgamation has them; built apart, each name is a jump. */
#ifdef STRATA_AMALGAMATION
#define OVERRIDE(result, name, parameters, target, arguments)                                  \
    STRATA_EXPORT result name parameters __attribute__((alias(#target)));
#define OVERRIDE_VOID OVERRIDE
#else
#define OVERRIDE(result, name, parameters, target, arguments)                                  \
    STRATA_EXPORT result name parameters;                                                      \
    STRATA_EXPORT result name parameters { return target arguments; }
#define OVERRIDE_VOID(result, name, parameters, target, arguments)                             \
    STRATA_EXPORT result name parameters;                                                      \
    STRATA_EXPORT result name parameters { target arguments; }
#endif

#if defined(__clang__)
#pragma clang diagnostic ignored "-Wincompatible-library-redeclaration"
#else
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
#pragma GCC diagnostic ignored "-Wmissing-attributes"
#endif

OVERRIDE(void *, malloc, (size_t size), strata_malloc, (size))
OVERRIDE(void *, calloc, (size_t count, size_t size), strata_calloc, (count, size))
OVERRIDE(void *, realloc, (void *mem, size_t size), strata_realloc, (mem, size))
OVERRIDE(void *, reallocarray, (void *mem, size_t count, size_t size),
         strata_reallocarray, (mem, count, size))
OVERRIDE_VOID(void, free, (void *mem), strata_free, (mem))
OVERRIDE_VOID(void, cfree, (void *mem), strata_free, (mem))
OVERRIDE_VOID(void, free_sized, (void *mem, size_t size), strata_free_sized, (mem, size))
OVERRIDE_VOID(void, free_aligned_sized, (void *mem, size_t alignment, size_t size),
         strata_free_aligned_sized, (mem, alignment, size))
OVERRIDE(void *, aligned_alloc, (size_t alignment, size_t size),
         strata_aligned_alloc, (alignment, size))
OVERRIDE(void *, memalign, (size_t alignment, size_t size),
         strata_memalign, (alignment, size))
OVERRIDE(int, posix_memalign, (void **result, size_t alignment, size_t size),
         strata_posix_memalign, (result, alignment, size))
OVERRIDE(void *, valloc, (size_t size), strata_valloc, (size))
OVERRIDE(void *, pvalloc, (size_t size), strata_pvalloc, (size))
OVERRIDE(size_t, malloc_usable_size, (const void *mem), strata_usable_size, (mem))
OVERRIDE(int, malloc_trim, (size_t pad), strata_trim, (pad))

#if defined(__GLIBC__) || defined(__linux__)
/* Names by which glibc's own parts, and programs that wrap malloc, reach it. In a static program
 * one name that we leave out would bring the whole of glibc's malloc in beside ours. */
OVERRIDE(void *, __libc_malloc, (size_t size), strata_malloc, (size))
OVERRIDE(void *, __libc_calloc, (size_t count, size_t size), strata_calloc, (count, size))
OVERRIDE(void *, __libc_realloc, (void *mem, size_t size), strata_realloc, (mem, size))
OVERRIDE(void *, __libc_reallocarray, (void *mem, size_t count, size_t size),
         strata_reallocarray, (mem, count, size))
OVERRIDE_VOID(void, __libc_free, (void *mem), strata_free, (mem))
OVERRIDE_VOID(void, __libc_cfree, (void *mem), strata_free, (mem))
OVERRIDE(void *, __libc_memalign, (size_t alignment, size_t size),
         strata_memalign, (alignment, size))
OVERRIDE(void *, __libc_aligned_alloc, (size_t alignment, size_t size),
         strata_aligned_alloc, (alignment, size))
OVERRIDE(int, __posix_memalign, (void **result, size_t alignment, size_t size),
         strata_posix_memalign, (result, alignment, size))
OVERRIDE(void *, __libc_valloc, (size_t size), strata_valloc, (size))
OVERRIDE(void *, __libc_pvalloc, (size_t size), strata_pvalloc, (size))
#endif

#undef OVERRIDE
#undef OVERRIDE_VOID
#endif
