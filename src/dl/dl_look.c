/* SPDX-License-Identifier: MIT-0
 *
 * dlmalloc's options, figures and inspection, translated from ours.
 */
#include "dl/dl.h"

#include "api/stats.h"
#include "base/bits.h"
#include "books/options.h"
#include "os/os.h"

#if STRATA_DLMALLOC

/* ---- options ---- */

/* dlmalloc takes any value, so what is out of our range means the end of it. */
static int dl_set_nearest(st_option_id id, size_t value)
{
    const st_option_info *known = st_option_describe(id);
    value = st_min(st_max(value, known->minimum), known->maximum);
    return strata_option_set(known->name, value) == 0;
}

/* The unit in which memory is asked from the host is here the address space of a new segment. */
static int dl_set_granularity(size_t value)
{
    if (!st_is_power_of_two(value) || value < st_os_page_size()) return 0;
    return dl_set_nearest(st_option_id_segment_size, value);
}

int st_dl_set_option(int parameter, int value)
{
    size_t size = value < 0 ? SIZE_MAX : (size_t)value; /* -1 is "never" */
    switch (parameter) {
    case M_TRIM_THRESHOLD: return dl_set_nearest(st_option_id_trim_threshold, size);
    case M_GRANULARITY: return dl_set_granularity(size);
    case M_MMAP_THRESHOLD: return dl_set_nearest(st_option_id_direct_threshold, size);
    default: return 0;
    }
}

/* ---- figures ---- */

#if ST_DL_MALLINFO
/* arena and hblkhd are together the footprint, as they were. */
dlmallinfo_t st_dl_info(const strata_stats *stats)
{
    return (dlmallinfo_t){
        .arena = stats->footprint - stats->direct,
        .ordblks = stats->free_chunks,
        .hblks = stats->direct_blocks,
        .hblkhd = stats->direct,
        .usmblks = stats->footprint_peak,
        .uordblks = stats->live,
        .fordblks = stats->free + stats->kept + stats->cached,
        .keepcost = stats->top,
    };
}
#endif

static void dl_add_line(st_text *text, const char *name, size_t value)
{
    st_text_add(text, name);
    st_text_add_size(text, value);
    st_text_add(text, "\n");
}

void st_dl_print(const strata_stats *stats)
{
    int descriptor = 2;
    st_text text;
    st_text_init(&text, st_stats_to_descriptor, &descriptor);
    dl_add_line(&text, "max system bytes = ", stats->footprint_peak);
    dl_add_line(&text, "system bytes     = ", stats->footprint);
    dl_add_line(&text, "in use bytes     = ", stats->live);
    st_text_flush(&text);
}

/* ---- inspection ---- */

/* Of free memory these bytes at its start and its end may hold links and sizes of ours. What lies
 * between, the handler may give back to the host, or overwrite. */
#define DL_FREE_LINKS (6 * sizeof(void *))
#define DL_FREE_FOOT sizeof(size_t)

int st_dl_inspect(void *context, const strata_region *region)
{
    const st_dl_inspector *inspector = context;
    char *start = region->start;
    char *end = start + region->size;
    if (region->kind == strata_region_used || region->kind == strata_region_direct) {
        inspector->handler(start, end, region->size, inspector->argument);
    } else if (region->size > DL_FREE_LINKS + DL_FREE_FOOT) {
        inspector->handler(start + DL_FREE_LINKS, end - DL_FREE_FOOT, 0, inspector->argument);
    }
    return 0;
}

#endif
