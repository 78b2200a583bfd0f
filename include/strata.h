/* SPDX-License-Identifier: MIT-0
 *
 * strata: a general-purpose memory allocator. The whole public interface.
 *
 * Sizes are bytes. A block is aligned to STRATA_BLOCK_ALIGNMENT unless it was asked for with
 * more. Unless said otherwise every function may be called from any thread at any time, also
 * before main and after exit handlers, but not from a signal handler that may have interrupted
 * one of them. Where a function fails it returns NULL (or the named code), sets errno to ENOMEM
 * or EINVAL as said, and has changed nothing. Functions that free preserve errno.
 *
 * Misuse (freeing a block twice, freeing what is no block, a block written past its end) that
 * is recognized ends in one sentence on standard error and abort(), unless the option on_misuse
 * says otherwise.
 *
 * To use these under the C library's names: preload or link libstrata, compile strata.c with
 * -DSTRATA_OVERRIDE=1, or include strata_override.h.
 */
#ifndef STRATA_H
#define STRATA_H

#include <stddef.h>

#define STRATA_VERSION_MAJOR 0
#define STRATA_VERSION_MINOR 1
#define STRATA_VERSION_PATCH 0
/* Comparable: 1.2.3 is 10203. */
#define STRATA_VERSION_NUMBER                                                                  \
    (STRATA_VERSION_MAJOR * 10000 + STRATA_VERSION_MINOR * 100 + STRATA_VERSION_PATCH)

#ifndef STRATA_EXPORT
#if defined(__GNUC__)
#define STRATA_EXPORT __attribute__((visibility("default")))
#else
#define STRATA_EXPORT
#endif
#endif

/* What the compiler may know: that a result is a new block of so many bytes. */
#if defined(__GNUC__)
#define STRATA_NEW_BLOCK __attribute__((malloc, warn_unused_result))
#define STRATA_SIZE_IS(...) __attribute__((alloc_size(__VA_ARGS__)))
#define STRATA_ALIGN_IS(n) __attribute__((alloc_align(n)))
#define STRATA_USE_RESULT __attribute__((warn_unused_result))
#else
#define STRATA_NEW_BLOCK
#define STRATA_SIZE_IS(...)
#define STRATA_ALIGN_IS(n)
#define STRATA_USE_RESULT
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- allocate ---- */

/* A block of at least `size` bytes, contents unspecified. Size 0 gives a unique block of the
 * smallest size. NULL and ENOMEM if there is no memory or `size` exceeds PTRDIFF_MAX.
 * Follows C11 7.22.3.4; dlmalloc. */
STRATA_EXPORT void *strata_malloc(size_t size) STRATA_NEW_BLOCK STRATA_SIZE_IS(1);

/* A block of `count` times `size` bytes, all zero. NULL and ENOMEM as strata_malloc, also if
 * the product overflows. Follows C11 7.22.3.2. */
STRATA_EXPORT void *strata_calloc(size_t count, size_t size) STRATA_NEW_BLOCK
    STRATA_SIZE_IS(1, 2);

/* Resizes the block at `mem` to at least `size` bytes, in place where possible; its contents up
 * to the smaller of both sizes are kept. The result may be at another address, and `mem` is
 * then free. mem NULL is strata_malloc(size); size 0 gives a block of the smallest size. NULL
 * and ENOMEM: the block at `mem` is untouched. Follows C11 7.22.3.5; dlmalloc for size 0. */
STRATA_EXPORT void *strata_realloc(void *mem, size_t size) STRATA_USE_RESULT STRATA_SIZE_IS(2);

/* strata_realloc to `count` times `size` bytes; NULL and ENOMEM if the product overflows.
 * Follows glibc and POSIX.1-2024. */
STRATA_EXPORT void *strata_reallocarray(void *mem, size_t count, size_t size) STRATA_USE_RESULT
    STRATA_SIZE_IS(2, 3);

/* A block of at least `size` bytes at a multiple of `alignment`, which must be a power of two;
 * NULL and EINVAL if not, NULL and ENOMEM if there is no memory. `size` need not be a multiple
 * of it. Follows C17 7.22.3.1. */
STRATA_EXPORT void *strata_aligned_alloc(size_t alignment, size_t size) STRATA_NEW_BLOCK
    STRATA_SIZE_IS(2) STRATA_ALIGN_IS(1);

/* As strata_aligned_alloc, but an `alignment` that is no power of two is raised to the next
 * one; NULL and EINVAL if there is none. Follows dlmalloc and glibc. */
STRATA_EXPORT void *strata_memalign(size_t alignment, size_t size) STRATA_NEW_BLOCK
    STRATA_SIZE_IS(2);

/* Stores a block of at least `size` bytes at a multiple of `alignment` in *result and returns 0.
 * Returns EINVAL if alignment is no power of two times sizeof(void *), ENOMEM if there is no
 * memory; *result and errno are then unchanged. Follows POSIX. */
STRATA_EXPORT int strata_posix_memalign(void **result, size_t alignment, size_t size)
    STRATA_USE_RESULT;

/* A block of at least `size` bytes at a multiple of the page size; strata_pvalloc also rounds
 * `size` up to whole pages (0 to none). NULL and ENOMEM also if that overflows. Obsolete, from BSD. */
STRATA_EXPORT void *strata_valloc(size_t size) STRATA_NEW_BLOCK STRATA_SIZE_IS(1);
STRATA_EXPORT void *strata_pvalloc(size_t size) STRATA_NEW_BLOCK;

/* ---- free ---- */

/* Frees the block at `mem`; nothing if it is NULL. Preserves errno. Follows C11 7.22.3.3. */
STRATA_EXPORT void strata_free(void *mem);

/* Frees a block whose size (and alignment) as asked for the caller knows. A wrong size is
 * tolerated, and counted (strata_stats.size_mismatches). Follows C23 7.24.3.4 and 7.24.3.5. */
STRATA_EXPORT void strata_free_sized(void *mem, size_t size);
STRATA_EXPORT void strata_free_aligned_sized(void *mem, size_t alignment, size_t size);

/* ---- ask ---- */

/* Bytes of the block at `mem` that may be used: at least those asked for, all of them writable,
 * the same for the life of the block. 0 for NULL. Follows glibc and dlmalloc. */
STRATA_EXPORT size_t strata_usable_size(const void *mem);

/* The largest power of two that the address `mem` is a multiple of; 0 for NULL. Any pointer.
 * Follows C23 7.24.2.1 (memalignment). */
STRATA_EXPORT size_t strata_memalignment(const void *mem);

/* STRATA_VERSION_NUMBER of the library that runs. */
STRATA_EXPORT int strata_version(void);

/* ---- give memory back ---- */

/* Returns every whole page that is free to the host, except about `pad` bytes kept ready at the
 * end of each space. 1 if anything was returned, else 0. Takes time proportional to the heap.
 * Follows dlmalloc's and glibc's malloc_trim. */
STRATA_EXPORT int strata_trim(size_t pad);

/* ---- options ---- */

/* All options at once. `size` is sizeof(strata_options) as the caller was compiled. Meaning,
 * unit and range of each: `strata options`, docs/configuration.md. */
typedef struct strata_options {
    size_t size;
    size_t direct_threshold;
    size_t direct_cache;
    size_t trim_threshold;
    size_t trim_pad;
    size_t quick_limit;
    size_t magazine_limit;
    size_t purge_delay;
    size_t segment_size;
    size_t spaces;
    size_t on_misuse;
    size_t report;
} strata_options;

/* Reads all options into *options; its size is filled in. */
STRATA_EXPORT void strata_options_get(strata_options *options);

/* Sets all options. 0, or EINVAL if one is out of range or
 * options->size is unknown: none is then changed. */
STRATA_EXPORT int strata_options_set(const strata_options *options);

/* Sets one option by its name. 0, or EINVAL if there is none or the value is out of range. */
STRATA_EXPORT int strata_option_set(const char *name, size_t value);

/* Reads one option by its name into *value. 0, or EINVAL if there is none. */
STRATA_EXPORT int strata_option_get(const char *name, size_t *value);

/* One option as it is declared: what `strata options` lists. `index` counts from 0. */
typedef struct strata_option_info {
    const char *name;
    const char *unit;
    const char *sentence;
    size_t initial, minimum, maximum, value;
} strata_option_info;

/* Describes option `index`. 1, or 0 if there are not so many. */
STRATA_EXPORT int strata_option_describe(unsigned index, strata_option_info *info);

/* Sets options from text: name=value, separated by commas. A value is a decimal number, with
 * k, m or g for KiB, MiB or GiB, or `max`. What can't be understood is skipped. Returns the
 * number of items skipped; the first of them is stored in *bad (as a pointer into `text`) if
 * bad is not NULL. */
STRATA_EXPORT int strata_options_parse(const char *text, const char **bad);

/* ---- statistics ---- */

/* Sizes are bytes and include overhead unless said. */
typedef struct strata_stats {
    size_t live;            /* in blocks that are in use */
    size_t live_peak;       /* at most this was live at once: the sum of each space's own peak */
    size_t footprint;       /* usable memory held from the host: live, free, cached, our records */
    size_t footprint_peak;  /* most of it there was */
    size_t footprint_limit; /* cap on it; SIZE_MAX if none */
    size_t reserved;        /* address space held, footprint included */
    size_t free;            /* in free chunks of the spaces, quick lists included, and in slabs */
    size_t free_chunks;     /* how many chunks that are free the spaces have */
    size_t largest_free;    /* the largest of them */
    size_t quick;           /* of `free`: kept unmerged on quick lists */
    size_t slabs;           /* slices that small blocks live in, live, kept or free */
    size_t kept;            /* freed blocks that threads keep for their next requests */
    size_t top;             /* of `free`: at the end of the spaces, mostly never touched */
    size_t direct;          /* of `live`: blocks with a mapping of their own */
    size_t direct_blocks;   /* how many those are */
    size_t cached;          /* freed mappings kept for reuse */
    size_t segments;        /* mappings that the spaces live in */
    size_t spaces;          /* spaces in use */
    size_t allocations;     /* calls that gave a block, so far */
    size_t frees;           /* calls that freed one, so far */
    size_t size_mismatches; /* sized frees with a wrong size, so far */
} strata_stats;

/* Fills *stats. Walks the heap: time proportional to it. Exact when no other thread allocates.
 * Fields that a build does not count (STRATA_STATS 0) are 0. */
STRATA_EXPORT void strata_stats_get(strata_stats *stats);

/* Writes the statistics as readable lines to a file descriptor. */
STRATA_EXPORT void strata_stats_print(int descriptor);

/* Memory held from the host now, and the most there was: strata_stats' two fields, O(1).
 * Follows dlmalloc's malloc_footprint and malloc_max_footprint. */
STRATA_EXPORT size_t strata_footprint(void);
STRATA_EXPORT size_t strata_footprint_peak(void);

/* ---- look inside ---- */

/* What a region is. */
typedef enum strata_region_kind {
    strata_region_used,   /* a block in use */
    strata_region_free,   /* free memory */
    strata_region_cached, /* freed, kept for the next request of its size */
    strata_region_top,    /* free memory at the end of a space */
    strata_region_direct  /* a block in use with a mapping of its own */
} strata_region_kind;

typedef struct strata_region {
    void *start;             /* where the block, or the free memory, begins */
    size_t size;             /* bytes from there that can be used */
    strata_region_kind kind;
    unsigned space;          /* number of its space; 0 for direct blocks */
} strata_region;

/* Calls `visit` for every region of every space, in address order within a segment. The
 * visitor must not call strata, and returns 0 to go on; anything else ends the walk and is
 * returned. Other threads wait meanwhile. Follows dlmalloc's malloc_inspect_all. */
STRATA_EXPORT int strata_walk(int (*visit)(void *context, const strata_region *region),
                              void *context);

/* Proves every invariant of every structure (docs/invariants.md). Returns the number of those
 * found broken, and stores the id of the first, like "INV-SPACE-3", in *first if that is not
 * NULL. Time proportional to the heap. */
STRATA_EXPORT int strata_check(const char **first);

/* Every block is aligned to at least this many bytes. */
#define STRATA_BLOCK_ALIGNMENT (2 * sizeof(void *))

#ifdef __cplusplus
}
#endif

#endif
