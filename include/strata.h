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

/* Resizes the block at `mem` where it is: returns mem, or NULL if that can't be done, without errno; it
 * is then as it was. NULL for NULL. A small block that was shrunk keeps its size for the sized frees: they count
 * a mismatch, and free it. Follows dlmalloc's realloc_in_place. */
STRATA_EXPORT void *strata_realloc_in_place(void *mem, size_t size);

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

/* ---- when there is none ---- */

/* Called before a request for `size` bytes fails, because of the cap
 * (strata_heap_set_footprint_limit) or of the host, after all that was free has gone back. It may free
 * blocks. Anything but 0 has the request tried once more, and the handler called again if it still fails;
 * 0 makes it fail. What the handler itself asks for in vain fails at once. */
typedef int (*strata_scarcity_handler)(void *context, size_t size);

/* Sets the handler for the process's heap; NULL: none. Returns the one before. To be called before other
 * threads can come to need it. */
STRATA_EXPORT strata_scarcity_handler strata_set_scarcity_handler(strata_scarcity_handler handler,
                                                                  void *context);

/* ---- fork ---- */

/* What strata does around each fork(), for who makes processes in other ways (_Fork, clone): prepare
 * before it, then parent in the parent, child in the child, each in the thread that called prepare. In
 * between, that thread may allocate and free, and no other can. fork() does this by itself, also between
 * prepare and the other two. */
STRATA_EXPORT void strata_fork_prepare(void);
STRATA_EXPORT void strata_fork_parent(void);
STRATA_EXPORT void strata_fork_child(void);

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
    size_t dirty_max;
    size_t dirty_share;
    size_t purge_rate;
    size_t purge_delay;
    size_t segment_size;
    size_t spaces;
    size_t on_misuse;
    size_t on_foreign;
    size_t no_deepbind;
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

/* Writes the statistics as readable lines to a file descriptor, and a line for each heap with its name. */
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
    unsigned space;          /* number of its space; 0 for direct blocks, and in a heap */
    struct strata_heap *heap; /* the heap that it is in; NULL: the process's */
} strata_region;

/* Calls `visit` for every region of every space, in address order within a segment: those of the process's
 * heap, then those of each strata_heap but the ones of one thread (has_one_thread). The visitor must not
 * call strata, and returns 0 to go on; anything else ends the walk and is returned. Other threads wait
 * meanwhile. Follows dlmalloc's malloc_inspect_all. */
STRATA_EXPORT int strata_walk(int (*visit)(void *context, const strata_region *region),
                              void *context);

/* Proves every invariant of every structure (docs/invariants.md), also of heaps and ranges, but not of heaps
 * of one thread. Returns the number of those found broken, and stores the id of the first, like
 * "INV-SPACE-3", in *first if that is not NULL. Time proportional to the heap. */
STRATA_EXPORT int strata_check(const char **first);

/* ---- heaps ---- */

/* A heap is memory apart from everything else: what is allocated from it lies in its own segments, all of
 * it goes back at once when it is destroyed, and it may be capped. Blocks of a heap are freed and resized
 * by the functions here, or by strata_free and strata_realloc, which find the heap by the address; in a
 * heap on the caller's memory only by the functions here. Every function may be called from any thread at
 * any time, as long as nobody destroys or resets the heap meanwhile; a heap has one lock.
 *
 * Builds without STRATA_HEAPS have none of this. */

typedef struct strata_heap strata_heap;

/* Where a heap takes its segments from. */
typedef struct strata_pages {
    /* At least `size` bytes, a multiple of 64 KiB, at a multiple of 64 KiB; NULL if there are none. */
    void *(*take)(void *context, size_t size);
    /* Takes them back, exactly as given; 0 if it can't, and they stay the heap's. NULL: it never can. */
    int (*give)(void *context, void *mem, size_t size);
    void *context;
    int is_zero; /* what take gives reads as zero */
} strata_pages;

/* How a heap is to be. All zero is right: memory of the host, no cap, no name. */
typedef struct strata_heap_config {
    const char *name;          /* for statistics; copied, at most 31 bytes. NULL: none */
    size_t tag;                /* the caller's number for it, shown in statistics */
    size_t limit;              /* cap on its footprint; 0: none */
    size_t reserve;            /* address space (or memory, of `pages`) to begin with; 0: as options say */
    void *base;                /* memory of the caller's to begin with, of any alignment; or NULL */
    size_t base_size;          /* bytes of that. The heap's record lies there, too: below 1.1 KB */
    int is_fixed;              /* never more than base */
    const strata_pages *pages; /* copied; NULL: the host. Not with is_fixed */
    size_t granularity;        /* it grows by multiples of this: a power of two from 64 KiB to 1 GiB; 0: by */
                               /* a sixteenth of its footprint, at least 128 KiB */
    size_t trim_threshold;     /* so many free bytes at its end, or in a block, go back when freed, at once; */
                               /* rounded up to 4 KiB. 0: with time, as options say; SIZE_MAX: never */
    int has_one_thread;        /* nobody else ever calls for it at the same time: it takes no lock */
    int erases_freed;          /* what is freed is overwritten, in reset and destroy, too */
    size_t spare[4];           /* 0: fields of later versions */
} strata_heap_config;

/* A new heap; config may be NULL. NULL and ENOMEM if there is no memory, or base is too small for one
 * smallest block; NULL and EINVAL if the config contradicts itself. */
STRATA_EXPORT strata_heap *strata_heap_create(const strata_heap_config *config) STRATA_USE_RESULT;

/* Gives back all the heap has, in time proportional to its segments, whatever is allocated; base is the
 * caller's again. Returns the bytes of footprint that went back (base is not among them). */
STRATA_EXPORT size_t strata_heap_destroy(strata_heap *heap);

/* Frees all its blocks at once; the heap stays, and keeps its first segment. */
STRATA_EXPORT void strata_heap_reset(strata_heap *heap);

/* As the functions without `heap`, from this heap: sizes of 0, failure and errno are the same. */
STRATA_EXPORT void *strata_heap_malloc(strata_heap *heap, size_t size) STRATA_NEW_BLOCK STRATA_SIZE_IS(2);
STRATA_EXPORT void *strata_heap_calloc(strata_heap *heap, size_t count, size_t size) STRATA_NEW_BLOCK
    STRATA_SIZE_IS(2, 3);
STRATA_EXPORT void *strata_heap_realloc(strata_heap *heap, void *mem, size_t size) STRATA_USE_RESULT
    STRATA_SIZE_IS(3);
STRATA_EXPORT void *strata_heap_memalign(strata_heap *heap, size_t alignment, size_t size)
    STRATA_NEW_BLOCK STRATA_SIZE_IS(3);

/* Resizes a block where it is. Returns mem, or NULL if that can't be done, without errno: it is as it
 * was. Follows dlmalloc's realloc_in_place. */
STRATA_EXPORT void *strata_heap_realloc_in_place(strata_heap *heap, void *mem, size_t size);

/* Frees the block at `mem`; nothing if it is NULL. One of another heap, or of none, is reported. */
STRATA_EXPORT void strata_heap_free(strata_heap *heap, void *mem);

/* Allocates `count` blocks of `size` bytes into `blocks`, with one lock; returns how many there are: fewer
 * only if there is no more memory. */
STRATA_EXPORT size_t strata_heap_malloc_batch(strata_heap *heap, size_t size, void **blocks, size_t count);

/* Frees every block of the array that is not NULL, with one lock, and makes its entry NULL. Those of other
 * heaps are left alone, and so are pointers that were reported as misuse if on_misuse tells to go on; returns
 * how many those are. Sorted arrays are fastest. */
STRATA_EXPORT size_t strata_heap_free_batch(strata_heap *heap, void **blocks, size_t count);

/* The same for the process's heap. Follows dlmalloc's bulk_free. */
STRATA_EXPORT size_t strata_free_batch(void **blocks, size_t count);

/* Blocks that lie side by side, each to be freed or resized by itself: `count` zeroed ones of `size`
 * bytes, or ones of sizes[i] bytes that are not. Their addresses are stored in `blocks`, which is
 * returned; if that is NULL, in an array that is allocated, too, and must be freed. NULL and ENOMEM if
 * there is no memory or the sum overflows. heap NULL: the process's. Follow dlmalloc's independent_calloc
 * and independent_comalloc. */
STRATA_EXPORT void **strata_heap_calloc_together(strata_heap *heap, size_t count, size_t size, void **blocks);
STRATA_EXPORT void **strata_heap_malloc_together(strata_heap *heap, size_t count, const size_t *sizes,
                                                 void **blocks);

/* The heap that the block at `mem` belongs to; NULL if that is the process's, or none at all. Heaps on the
 * caller's memory are found by their range. Any pointer. */
STRATA_EXPORT strata_heap *strata_heap_of(const void *mem);

/* Bytes usable in a block of the heap; 0 if it is no block in use there. */
STRATA_EXPORT size_t strata_heap_usable_size(strata_heap *heap, const void *mem);

/* Gives free pages back, except about `pad` bytes; 1 if any. Those of base never. */
STRATA_EXPORT int strata_heap_trim(strata_heap *heap, size_t pad);

/* Footprint, its peak and its cap (SIZE_MAX: none): O(1), no lock. heap NULL: the process's. */
STRATA_EXPORT size_t strata_heap_footprint(const strata_heap *heap);
STRATA_EXPORT size_t strata_heap_footprint_peak(const strata_heap *heap);
STRATA_EXPORT size_t strata_heap_footprint_limit(const strata_heap *heap);

/* Caps the footprint at `size` bytes, rounded up to whole granules of 64 KiB; SIZE_MAX: no cap. A heap that
 * has more already only grows no more. Returns what is in force. heap NULL: the process's heap.
 * Follows dlmalloc's malloc_set_footprint_limit; 0 means 0 here. */
STRATA_EXPORT size_t strata_heap_set_footprint_limit(strata_heap *heap, size_t size);

/* As strata_stats_get, strata_walk and strata_check, for this heap. */
STRATA_EXPORT void strata_heap_stats_get(strata_heap *heap, strata_stats *stats);
STRATA_EXPORT int strata_heap_walk(strata_heap *heap,
                                   int (*visit)(void *context, const strata_region *region), void *context);
STRATA_EXPORT int strata_heap_check(strata_heap *heap, const char **first);

/* What it was created with; "" if it has no name. */
STRATA_EXPORT const char *strata_heap_name(const strata_heap *heap);
STRATA_EXPORT size_t strata_heap_tag(const strata_heap *heap);

/* How the heap is: what it was created with, in the units that are in force, and its limit now (0: none).
 * Its `pages` are stored in *pages, if that is not NULL and it has any. */
STRATA_EXPORT void strata_heap_config_get(const strata_heap *heap, strata_heap_config *config,
                                          strata_pages *pages);

/* The next heap after this one, NULL to begin; NULL at the end. No heap may be created or destroyed
 * meanwhile. */
STRATA_EXPORT strata_heap *strata_heap_next(const strata_heap *heap);

/* ---- ranges ---- */

/* A range is a heap of addresses: blocks are given out and freed as from a heap, but nothing ever reads or
 * writes the memory there. So it may be a device's, shared, protected, or no memory at all. What is known
 * of its blocks lies elsewhere: up to 16 bytes for each grain.
 *
 * Functions may be called from any thread, as long as nobody destroys the range meanwhile. Misuse is
 * reported as elsewhere; no wrong address stays unseen. */

typedef struct strata_range strata_range;

/* A new range of the `size` bytes at `base`, of which only whole grains are used. `grain` is a power of two
 * from 64 to 2 MiB, 0 means 256: every block starts at a multiple of it and has a multiple of it, at least
 * two. `name` is for the caller; copied, at most 31 bytes; or NULL. NULL and EINVAL if base is NULL, the
 * range wraps around or the grain is wrong; NULL and ENOMEM if there are no two grains, or no memory for
 * what we keep. */
STRATA_EXPORT strata_range *strata_range_create(void *base, size_t size, size_t grain, const char *name)
    STRATA_USE_RESULT;

/* Forgets the range and all its blocks. Nothing for NULL. */
STRATA_EXPORT void strata_range_destroy(strata_range *range);

/* The address of a block of at least `size` bytes, at a multiple of `alignment`: a power of two, or 0. NULL
 * and EINVAL if it is neither; NULL and ENOMEM if there is no room anywhere. */
STRATA_EXPORT void *strata_range_allocate(strata_range *range, size_t size, size_t alignment)
    STRATA_USE_RESULT;

/* Frees the block at `address`; nothing if that is NULL. */
STRATA_EXPORT void strata_range_free(strata_range *range, void *address);

/* Resizes a block where it is. Returns `address`, or NULL if that can't be done, without errno: it is as it
 * was. */
STRATA_EXPORT void *strata_range_resize_in_place(strata_range *range, void *address, size_t size);

/* Bytes of the block at `address`; 0 if none in use begins there. */
STRATA_EXPORT size_t strata_range_usable_size(strata_range *range, const void *address);

/* The largest size that can be allocated now; 0 if none. Takes time proportional to the blocks. */
STRATA_EXPORT size_t strata_range_largest_free(strata_range *range);

/* As strata_stats_get, strata_walk and strata_check, for this range. Sizes are bytes of the range;
 * footprint and reserved are all of it. */
STRATA_EXPORT void strata_range_stats_get(strata_range *range, strata_stats *stats);
STRATA_EXPORT int strata_range_walk(strata_range *range,
                                    int (*visit)(void *context, const strata_region *region), void *context);
STRATA_EXPORT int strata_range_check(strata_range *range, const char **first);

/* What it was created with; "" if it has no name. */
STRATA_EXPORT const char *strata_range_name(const strata_range *range);

/* Every block is aligned to at least this many bytes. */
#define STRATA_BLOCK_ALIGNMENT (2 * sizeof(void *))

#ifdef __cplusplus
}
#endif

#endif
