/* SPDX-License-Identifier: MIT-0
 *
 * glibc's own functions around malloc: mallopt, mallinfo, malloc_info, malloc_stats. Options and
 * figures are ours; only names and layouts are glibc's.
 */
#include "strata.h"

#include "api/heap.h"
#include "api/stats.h"
#include "books/options.h"

#if STRATA_OVERRIDE && defined(__linux__) && defined(__GNUC__)

#include <errno.h>
#include <limits.h>
#include <stdio.h>

/* ---- mallopt ----
 *
 * glibc's numbers. -1 and -3 are dlmalloc's, too; the rest is understood where we have the like,
 * and accepted where it asks for nothing that we could do wrong. */
enum {
    glibc_mxfast = 1,
    glibc_trim_threshold = -1,
    glibc_top_pad = -2,
    glibc_mmap_threshold = -3,
    glibc_mmap_max = -4,
    glibc_check_action = -5,
    glibc_perturb = -6,
    glibc_arena_test = -7,
    glibc_arena_max = -8
};

STRATA_EXPORT int mallopt(int parameter, int value);
STRATA_EXPORT ST_COLD int mallopt(int parameter, int value)
{
    /* dlmalloc's -1 is "never". */
    size_t size = value < 0 ? SIZE_MAX : (size_t)value;
    switch (parameter) {
    case glibc_trim_threshold: return st_option_set(st_option_id_trim_threshold, size);
    case glibc_top_pad: return st_option_set(st_option_id_trim_pad, size);
    case glibc_mmap_threshold:
        return st_option_set(st_option_id_direct_threshold, st_max(size, 64 * ST_KIB));
    case glibc_mmap_max:
        return value != 0 || st_option_set(st_option_id_direct_threshold, SIZE_MAX);
    case glibc_arena_max:
        return value > 0 &&
               st_option_set(st_option_id_spaces, st_min(size, STRATA_SPACES_MAX));
    case glibc_mxfast:
    case glibc_check_action:
    case glibc_perturb:
    case glibc_arena_test: return 1;
    default: return 0;
    }
}

/* ---- mallinfo ---- */

/* The layouts of <malloc.h>, which we do not include: it declares malloc and its kin. */
struct glibc_mallinfo {
    int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct glibc_mallinfo2 {
    size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

STRATA_EXPORT struct glibc_mallinfo2 mallinfo2(void);
STRATA_EXPORT struct glibc_mallinfo2 mallinfo2(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return (struct glibc_mallinfo2){
        .arena = stats.footprint - stats.direct - stats.cached,
        .ordblks = stats.free_chunks,
        .hblks = stats.direct_blocks,
        .hblkhd = stats.direct,
        .usmblks = stats.footprint_peak,
        .fsmblks = stats.quick + stats.kept,
        .uordblks = stats.live - stats.direct,
        .fordblks = stats.free + stats.kept,
        .keepcost = stats.top,
    };
}

static int glibc_int(size_t value)
{
    return value > INT_MAX ? INT_MAX : (int)value;
}

STRATA_EXPORT struct glibc_mallinfo mallinfo(void);
STRATA_EXPORT struct glibc_mallinfo mallinfo(void)
{
    struct glibc_mallinfo2 info = mallinfo2();
    return (struct glibc_mallinfo){
        .arena = glibc_int(info.arena),
        .ordblks = glibc_int(info.ordblks),
        .hblks = glibc_int(info.hblks),
        .hblkhd = glibc_int(info.hblkhd),
        .usmblks = glibc_int(info.usmblks),
        .fsmblks = glibc_int(info.fsmblks),
        .uordblks = glibc_int(info.uordblks),
        .fordblks = glibc_int(info.fordblks),
        .keepcost = glibc_int(info.keepcost),
    };
}

/* ---- words ---- */

STRATA_EXPORT void malloc_stats(void);
STRATA_EXPORT void malloc_stats(void)
{
    strata_stats_print(2);
}

static void glibc_to_stream(void *context, const char *bytes, size_t size)
{
    fwrite(bytes, 1, size, context);
}

static void glibc_add_element(st_text *text, const char *element, const char *type, size_t size)
{
    st_text_add(text, "<");
    st_text_add(text, element);
    st_text_add(text, " type=\"");
    st_text_add(text, type);
    st_text_add(text, "\" size=\"");
    st_text_add_size(text, size);
    st_text_add(text, "\"/>\n");
}

static void glibc_add_total(st_text *text, const char *type, size_t count, size_t size)
{
    st_text_add(text, "<total type=\"");
    st_text_add(text, type);
    st_text_add(text, "\" count=\"");
    st_text_add_size(text, count);
    st_text_add(text, "\" size=\"");
    st_text_add_size(text, size);
    st_text_add(text, "\"/>\n");
}

/* XML of the same elements as glibc's, one heap for all spaces. */
STRATA_EXPORT int malloc_info(int options, FILE *stream);
STRATA_EXPORT ST_COLD int malloc_info(int options, FILE *stream)
{
    strata_stats stats;
    st_text text;
    if (options != 0) return EINVAL;
    /* All figures first: writing to the stream may allocate. */
    strata_stats_get(&stats);
    st_text_init(&text, glibc_to_stream, stream);
    st_text_add(&text, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n</sizes>\n");
    glibc_add_total(&text, "fast", 0, stats.quick + stats.kept);
    glibc_add_total(&text, "rest", stats.free_chunks, stats.free - stats.quick);
    glibc_add_element(&text, "system", "current", stats.footprint - stats.direct);
    glibc_add_element(&text, "system", "max", stats.footprint_peak);
    glibc_add_element(&text, "aspace", "total", stats.reserved);
    st_text_add(&text, "</heap>\n");
    glibc_add_total(&text, "fast", 0, stats.quick + stats.kept);
    glibc_add_total(&text, "rest", stats.free_chunks, stats.free - stats.quick);
    glibc_add_total(&text, "mmap", stats.direct_blocks, stats.direct);
    glibc_add_element(&text, "system", "current", stats.footprint);
    glibc_add_element(&text, "system", "max", stats.footprint_peak);
    glibc_add_element(&text, "aspace", "total", stats.reserved);
    st_text_add(&text, "</malloc>\n");
    st_text_flush(&text);
    return 0;
}

#endif
