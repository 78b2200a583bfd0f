/* SPDX-License-Identifier: MIT-0
 *
 * dlmalloc 2.8.6's interface, served by strata: whoever embeds dlmalloc includes this instead of its
 * malloc.h, compiles strata.c instead of its malloc.c, and keeps their calls and their options.
 *
 *   names       dlmalloc, dlfree, ...; with STRATA_DL_PLAIN 1 malloc, free, ... as without USE_DL_PREFIX
 *   MSPACES     create_mspace and the mspace_ functions: each mspace is a heap of strata.h
 *   options     docs/dlmalloc/options.md says of every compile-time option what it does here
 *
 * What each promises is in docs/dlmalloc/api.md; where it differs from 2.8.6, a comment here says so. All
 * may be called from any thread, if strata is compiled with STRATA_THREADS 1.
 */
#ifndef STRATA_DLMALLOC_H
#define STRATA_DLMALLOC_H

#include "strata.h"

#ifdef HAVE_USR_INCLUDE_MALLOC_H
#include <malloc.h> /* whose struct mallinfo is wanted */
#endif

/* As strata.c was compiled: 1 if it has mspaces alone. */
#ifndef STRATA_DL_ONLY_MSPACES
#define STRATA_DL_ONLY_MSPACES 0
#endif
#ifndef STRATA_DL_PLAIN
#define STRATA_DL_PLAIN 0
#endif

#ifndef DLMALLOC_VERSION
#define DLMALLOC_VERSION 20806 /* whose interface this is */
#endif
#if defined(NO_MALLINFO) && NO_MALLINFO + 0
#define DLMALLOC_NO_MALLINFO 1
#else
#define DLMALLOC_NO_MALLINFO 0
#endif
#if defined(NO_MALLOC_STATS) && NO_MALLOC_STATS + 0
#define DLMALLOC_NO_STATS 1
#else
#define DLMALLOC_NO_STATS 0
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Parameters of dlmallopt. The numbers are dlmalloc's; glibc's second one is another. */
#ifndef M_TRIM_THRESHOLD
#define M_TRIM_THRESHOLD (-1)
#endif
#ifndef M_GRANULARITY
#define M_GRANULARITY (-2)
#endif
#ifndef M_MMAP_THRESHOLD
#define M_MMAP_THRESHOLD (-3)
#endif

/* What dlmallinfo and mspace_mallinfo tell, dlmallinfo_t, is struct mallinfo as dlmalloc has it. Where the
 * C library's <malloc.h> came first that name is taken, so it is struct dlmallinfo there; and with
 * STRATA_DL_PLAIN, where either name means it. The C library's own struct, with its type of fields, is used
 * with HAVE_USR_INCLUDE_MALLOC_H, one that the program declared before with STRUCT_MALLINFO_DECLARED: for
 * strata.c as well, as with MALLINFO_FIELD_TYPE. */
#ifndef MALLINFO_FIELD_TYPE
#define MALLINFO_FIELD_TYPE size_t
#endif
#ifdef HAVE_USR_INCLUDE_MALLOC_H
#define DLMALLOC_INFO mallinfo
#elif defined(STRUCT_MALLINFO_DECLARED) || defined(_STRUCT_MALLINFO)
#define DLMALLOC_INFO mallinfo
#else
#if STRATA_DL_PLAIN || defined(_MALLOC_H) || defined(_INCLUDE_MALLOC_H_)
#define DLMALLOC_INFO dlmallinfo
#else
#define DLMALLOC_INFO mallinfo
#define STRUCT_MALLINFO_DECLARED 1
#endif
struct DLMALLOC_INFO {
    MALLINFO_FIELD_TYPE arena;    /* memory held that is no mapping of a single block */
    MALLINFO_FIELD_TYPE ordblks;  /* free chunks, the end of each space among them */
    MALLINFO_FIELD_TYPE smblks;   /* 0 */
    MALLINFO_FIELD_TYPE hblks;    /* mappings of single blocks (2.8.6: always 0) */
    MALLINFO_FIELD_TYPE hblkhd;   /* bytes in those */
    MALLINFO_FIELD_TYPE usmblks;  /* the most memory that was held */
    MALLINFO_FIELD_TYPE fsmblks;  /* 0 */
    MALLINFO_FIELD_TYPE uordblks; /* bytes in use, overhead included */
    MALLINFO_FIELD_TYPE fordblks; /* bytes free */
    MALLINFO_FIELD_TYPE keepcost; /* bytes at the end of the spaces, which a trim could give back */
};
#endif
typedef struct DLMALLOC_INFO dlmallinfo_t;

#if !STRATA_DL_ONLY_MSPACES

/* ---- the process's heap: 22 functions ---- */

STRATA_EXPORT void *dlmalloc(size_t bytes);
STRATA_EXPORT void dlfree(void *mem);
STRATA_EXPORT void *dlcalloc(size_t n_elements, size_t element_size);
STRATA_EXPORT void *dlrealloc(void *mem, size_t bytes);
STRATA_EXPORT void *dlrealloc_in_place(void *mem, size_t bytes);
STRATA_EXPORT void *dlmemalign(size_t alignment, size_t bytes);
STRATA_EXPORT int dlposix_memalign(void **result, size_t alignment, size_t bytes);
STRATA_EXPORT void *dlvalloc(size_t bytes);
STRATA_EXPORT void *dlpvalloc(size_t bytes);
STRATA_EXPORT int dlmallopt(int parameter, int value);
STRATA_EXPORT size_t dlmalloc_footprint(void);
STRATA_EXPORT size_t dlmalloc_max_footprint(void);
STRATA_EXPORT size_t dlmalloc_footprint_limit(void);
STRATA_EXPORT size_t dlmalloc_set_footprint_limit(size_t bytes);
STRATA_EXPORT void dlmalloc_inspect_all(void (*handler)(void *start, void *end, size_t used_bytes,
                                                        void *argument),
                                        void *argument);
#if !DLMALLOC_NO_MALLINFO
STRATA_EXPORT dlmallinfo_t dlmallinfo(void);
#endif
STRATA_EXPORT void **dlindependent_calloc(size_t n_elements, size_t element_size, void **chunks);
STRATA_EXPORT void **dlindependent_comalloc(size_t n_elements, size_t *sizes, void **chunks);
STRATA_EXPORT size_t dlbulk_free(void **array, size_t n_elements);
STRATA_EXPORT int dlmalloc_trim(size_t pad);
#if !DLMALLOC_NO_STATS
STRATA_EXPORT void dlmalloc_stats(void);
#endif
STRATA_EXPORT size_t dlmalloc_usable_size(const void *mem);

#endif

/* ---- mspaces: 23 functions ---- */

typedef void *mspace;

STRATA_EXPORT mspace create_mspace(size_t capacity, int locked);
STRATA_EXPORT mspace create_mspace_with_base(void *base, size_t capacity, int locked);
STRATA_EXPORT size_t destroy_mspace(mspace space);
STRATA_EXPORT int mspace_track_large_chunks(mspace space, int enable);
STRATA_EXPORT void *mspace_malloc(mspace space, size_t bytes);
STRATA_EXPORT void mspace_free(mspace space, void *mem);
STRATA_EXPORT void *mspace_calloc(mspace space, size_t n_elements, size_t element_size);
STRATA_EXPORT void *mspace_realloc(mspace space, void *mem, size_t bytes);
STRATA_EXPORT void *mspace_realloc_in_place(mspace space, void *mem, size_t bytes);
STRATA_EXPORT void *mspace_memalign(mspace space, size_t alignment, size_t bytes);
STRATA_EXPORT void **mspace_independent_calloc(mspace space, size_t n_elements, size_t element_size,
                                               void **chunks);
STRATA_EXPORT void **mspace_independent_comalloc(mspace space, size_t n_elements, size_t *sizes,
                                                 void **chunks);
STRATA_EXPORT size_t mspace_bulk_free(mspace space, void **array, size_t n_elements);
STRATA_EXPORT size_t mspace_usable_size(const void *mem);
#if !DLMALLOC_NO_STATS
STRATA_EXPORT void mspace_malloc_stats(mspace space);
#endif
STRATA_EXPORT int mspace_trim(mspace space, size_t pad);
STRATA_EXPORT size_t mspace_footprint(mspace space);
STRATA_EXPORT size_t mspace_max_footprint(mspace space);
STRATA_EXPORT size_t mspace_footprint_limit(mspace space);
STRATA_EXPORT size_t mspace_set_footprint_limit(mspace space, size_t bytes);
STRATA_EXPORT void mspace_inspect_all(mspace space,
                                      void (*handler)(void *start, void *end, size_t used_bytes,
                                                      void *argument),
                                      void *argument);
#if !DLMALLOC_NO_MALLINFO
STRATA_EXPORT dlmallinfo_t mspace_mallinfo(mspace space);
#endif
STRATA_EXPORT int mspace_mallopt(int parameter, int value);

#ifdef __cplusplus
}
#endif

#endif

/* Not where strata itself is compiled. Include headers of the C library that declare these names before this
 * one, in C++ above all: its <cstdlib> takes the macros away. */
#if STRATA_DL_PLAIN && !STRATA_DL_ONLY_MSPACES && !defined(ST_DL_H)
#define malloc dlmalloc
#define free dlfree
#define calloc dlcalloc
#define realloc dlrealloc
#define realloc_in_place dlrealloc_in_place
#define memalign dlmemalign
#define posix_memalign dlposix_memalign
#define valloc dlvalloc
#define pvalloc dlpvalloc
#define mallopt dlmallopt
#define malloc_footprint dlmalloc_footprint
#define malloc_max_footprint dlmalloc_max_footprint
#define malloc_footprint_limit dlmalloc_footprint_limit
#define malloc_set_footprint_limit dlmalloc_set_footprint_limit
#define malloc_inspect_all dlmalloc_inspect_all
#if defined(HAVE_USR_INCLUDE_MALLOC_H) || defined(STRUCT_MALLINFO_DECLARED) || defined(_STRUCT_MALLINFO)
#define mallinfo() dlmallinfo() /* and the struct keeps its name */
#else
#define mallinfo dlmallinfo
#endif
#define independent_calloc dlindependent_calloc
#define independent_comalloc dlindependent_comalloc
#define bulk_free dlbulk_free
#define malloc_trim dlmalloc_trim
#define malloc_stats dlmalloc_stats
#define malloc_usable_size dlmalloc_usable_size
#endif
