/* SPDX-License-Identifier: MIT-0
 *
 * Run-time options as values: the storage that low layers read with one relaxed load and high
 * layers write. Parsing text and the environment is the api layer's work.
 */
#ifndef ST_OPTIONS_H
#define ST_OPTIONS_H

#include "base/atomic.h"

/* Defaults that differ by host width. */
#if SIZE_MAX > 0xffffffff
#define ST_GIB_OR_MAX ST_GIB
#define ST_DIRECT_CACHE_DEFAULT (64 * ST_MIB)
#else
#define ST_GIB_OR_MAX (ST_MIB / 4)
#define ST_DIRECT_CACHE_DEFAULT (4 * ST_MIB)
#endif

/* Those that dlmalloc's options may have set (base/dl_options.h). */
#ifndef ST_DIRECT_THRESHOLD_DEFAULT
#define ST_DIRECT_THRESHOLD_DEFAULT (SIZE_MAX > 0xffffffff ? 32 * ST_MIB : ST_MIB)
#endif
#ifndef ST_SEGMENT_SIZE_DEFAULT
#define ST_SEGMENT_SIZE_DEFAULT (SIZE_MAX > 0xffffffff ? 16 * ST_MIB : 4 * ST_MIB)
#endif
#ifndef ST_TRIM_THRESHOLD_DEFAULT
#define ST_TRIM_THRESHOLD_DEFAULT (2 * ST_MIB)
#endif
#ifndef ST_DIRTY_MAX_DEFAULT
#define ST_DIRTY_MAX_DEFAULT (8 * ST_MIB)
#endif
#ifndef ST_PURGE_RATE_DEFAULT
#define ST_PURGE_RATE_DEFAULT (64 * ST_KIB)
#endif
#ifndef ST_PURGE_DELAY_DEFAULT
#define ST_PURGE_DELAY_DEFAULT 1000
#endif
#ifndef ST_ON_MISUSE_DEFAULT
#define ST_ON_MISUSE_DEFAULT 0
#endif
#define ST_ON_FOREIGN_DEFAULT (STRATA_OVERRIDE == 2 && !STRATA_HARDENED ? 2 : 0)

typedef enum st_option_id {
#define ST_OPTION(name, unit, initial, minimum, maximum, sentence) st_option_id_##name,
#include "books/options.def"
#undef ST_OPTION
    st_option_count
} st_option_id;

/* What is known of an option besides its value. Arrays, not pointers, so that the table needs
 * no relocation and can be read before the dynamic linker has finished. */
typedef struct st_option_info {
    char name[20];
    char unit[12];
    char sentence[128];
    size_t initial;
    size_t minimum;
    size_t maximum;
} st_option_info;

typedef struct st_option_values {
    ST_ATOMIC(size_t) value[st_option_count]; /* any thread reads and writes, relaxed */
} st_option_values;

ST_DECLARE_DATA st_option_values st_options;

/* The value of option `name`, as the bare word. */
#define st_option(name)                                                                        \
    /* relaxed: each option stands alone, an old value is as good as a later call. */          \
    st_load_relaxed(&st_options.value[st_option_id_##name])

/* Facts about option `id`, which is less than st_option_count. */
ST_INTERNAL const st_option_info *st_option_describe(st_option_id id);

/* The option called the `length` characters at `name`; st_option_count if there is none. */
ST_INTERNAL st_option_id st_option_find(const char *name, size_t length);

/* Changes an option. False, and no change, if `value` is out of its range. Any thread. */
ST_INTERNAL bool st_option_set(st_option_id id, size_t value);

#endif
