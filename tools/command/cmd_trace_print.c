/* SPDX-License-Identifier: MIT-0
 *
 * What is in a trace, as text of at most 96 columns: figures, the most frequent sizes, and
 * histograms; or a row of a table.
 */
#define _GNU_SOURCE
#include "cmd_trace.h"

#include "cmd_plot.h"

#include <inttypes.h>
#include <string.h>

enum { trace_print_bar_width = 22, trace_print_thread_max = 12, trace_print_name_width = 18 };

/* Is this a character that moves the cursor, colors the terminal or the like? */
static bool trace_print_is_control(const unsigned char *character)
{
    if (character[0] < 0x20 || character[0] == 0x7f) return true;
    return character[0] == 0xc2 && character[1] < 0xa0;
}

/* Names come from the file: what could do more to the terminal than be seen is not written. */
static void trace_print_visible(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        const size_t size = cmd_character_size(at);
        if (size == 0 || trace_print_is_control(at)) {
            putchar('?');
        } else {
            fwrite(at, 1, size, stdout);
        }
        at += size > 0 ? size : 1;
    }
}

/* ---- figures ---- */

static void trace_print_count(const char *label, uint64_t count)
{
    cmd_buffer text;
    printf("  %-21s%13s", label, cmd_count_text(count, &text));
}

/* "  in 3 objects" */
static void trace_print_objects(uint64_t count)
{
    cmd_buffer text;
    printf("  in %s %s", cmd_count_text(count, &text), count == 1 ? "object" : "objects");
}

static void trace_print_size(const char *label, uint64_t size)
{
    cmd_buffer text;
    printf("  %-21s%13s", label, cmd_size_text(size, &text));
}

static void trace_print_kind(const trace_stats *stats, const char *label, trace_kind kind)
{
    if (stats->kind_count[kind] == 0 && kind == trace_kind_aligned) return;
    trace_print_count(label, stats->kind_count[kind]);
    printf("%7.1f %%", cmd_trace_percent(stats->kind_count[kind], stats->op_count));
}

static void trace_print_operations(const trace_stats *stats)
{
    const uint64_t reallocs = stats->kind_count[trace_kind_realloc];
    trace_print_count("operations", stats->op_count);
    putchar('\n');
    trace_print_kind(stats, "  malloc", trace_kind_malloc);
    putchar('\n');
    trace_print_kind(stats, "  calloc", trace_kind_calloc);
    putchar('\n');
    trace_print_kind(stats, "  realloc", trace_kind_realloc);
    if (reallocs > 0) {
        printf("  larger %.1f %%, smaller %.1f %%, same size %.1f %%",
               cmd_trace_percent(stats->grow_count, reallocs),
               cmd_trace_percent(stats->shrink_count, reallocs),
               cmd_trace_percent(stats->same_count, reallocs));
    }
    putchar('\n');
    trace_print_kind(stats, "  free", trace_kind_free);
    putchar('\n');
    if (stats->kind_count[trace_kind_aligned] == 0) return;
    cmd_buffer size;
    trace_print_kind(stats, "  aligned", trace_kind_aligned);
    printf("  the largest alignment is %s\n", cmd_size_text(stats->aligned_max, &size));
}

/* " after operation 17 (3.0 %, 1.2 s)" */
static void trace_print_moment(const trace_stats *stats, const trace_stats_moment *moment)
{
    cmd_buffer op, time;
    if (moment->op == 0) return;
    printf(", after operation %s (%.1f %%", cmd_count_text(moment->op, &op),
           cmd_trace_percent(moment->op, stats->op_count));
    if (stats->has_times) printf(", %s", cmd_trace_time_text(moment->time_ns, &time));
    putchar(')');
}

static void trace_print_memory(const trace_stats *stats)
{
    const uint64_t object_count = stats->objects.count;
    cmd_buffer count, size;
    trace_print_count("objects", object_count);
    putchar('\n');
    trace_print_size("requested", stats->request_size);
    if (stats->request_count > 0) {
        printf("  by %s requests; mean %s", cmd_count_text(stats->request_count, &count),
               cmd_size_text(stats->request_size / stats->request_count, &size));
        printf(", largest %s", cmd_size_text(stats->size_max, &size));
    }
    putchar('\n');
    trace_print_size("peak live", stats->peak_size.live_size);
    trace_print_objects(stats->peak_size.live_count);
    trace_print_moment(stats, &stats->peak_size);
    putchar('\n');
    trace_print_count("most objects", stats->peak_count.live_count);
    printf("  with %s", cmd_size_text(stats->peak_count.live_size, &size));
    trace_print_moment(stats, &stats->peak_count);
    putchar('\n');
    trace_print_size("left at the end", stats->now.live_size);
    trace_print_objects(stats->now.live_count);
    printf(" (%.1f %%)%s\n", cmd_trace_percent(stats->now.live_count, object_count),
           stats->is_cut ? "; the recording was cut" : "");
}

/* ---- threads ---- */

static void trace_print_crossings(const trace_stats *stats)
{
    const uint64_t reallocs = stats->kind_count[trace_kind_realloc];
    const uint64_t frees = stats->kind_count[trace_kind_free];
    const uint64_t crossings = stats->cross_free_count + stats->cross_realloc_count;
    trace_tally_entry top[trace_stats_top_max];
    trace_print_count("crossing frees", stats->cross_free_count);
    printf("%7.1f %%  of the frees are by another thread than the owner\n",
           cmd_trace_percent(stats->cross_free_count, frees));
    trace_print_count("crossing reallocs", stats->cross_realloc_count);
    printf("%7.1f %%  of the reallocs\n",
           cmd_trace_percent(stats->cross_realloc_count, reallocs));
    const size_t count = trace_tally_find_top(&stats->crossings, top, trace_stats_top_max);
    for (size_t i = 0; i < count; i++) {
        char label[32];
        snprintf(label, sizeof label, "  from %" PRIu32 " to %" PRIu32,
                 (uint32_t)(top[i].key >> 32), (uint32_t)top[i].key);
        trace_print_count(label, top[i].count);
        printf("%7.1f %%  of the crossings\n", cmd_trace_percent(top[i].count, crossings));
    }
    if (count < stats->crossings.count) {
        printf("    and %" PRIu64 " other pairs\n", stats->crossings.count - count);
    }
}

static void trace_print_threads(const trace_stats *stats)
{
    const uint64_t thread_count = trace_stats_count_threads(stats);
    trace_print_count("threads", thread_count);
    putchar('\n');
    if (thread_count < 2) return;
    trace_print_crossings(stats);
    printf("\n%10s %16s %16s %16s\n", "thread", "allocations", "reallocs", "frees");
    uint64_t shown_count = 0;
    for (uint64_t i = 0; i < stats->thread_count && shown_count < trace_print_thread_max; i++) {
        const trace_stats_thread *thread = &stats->thread[i];
        cmd_buffer allocations, reallocs, frees;
        if (thread->allocation_count + thread->realloc_count + thread->free_count == 0)
            continue;
        printf("%10" PRIu64 " %16s %16s %16s\n", i,
               cmd_count_text(thread->allocation_count, &allocations),
               cmd_count_text(thread->realloc_count, &reallocs),
               cmd_count_text(thread->free_count, &frees));
        shown_count++;
    }
    if (shown_count < thread_count) {
        printf("%10s and %" PRIu64 " other threads\n", "", thread_count - shown_count);
    }
}

/* ---- histograms ---- */

typedef const char *trace_print_value(uint64_t value, cmd_buffer *buffer);

/* How long the bar of `part` is; what is there at all is seen. */
static int trace_print_bar_length(uint64_t part, uint64_t most)
{
    const int length = (int)(cmd_trace_percent(part, most) * trace_print_bar_width / 100 + 0.5);
    return part > 0 && length == 0 ? 1 : length;
}

/* "  12.3 %  #####"; padded to the whole width if something follows. */
static void trace_print_bar(uint64_t part, uint64_t all, uint64_t most, bool is_last)
{
    static const char bar[] = "##############################";
    _Static_assert(sizeof bar > trace_print_bar_width, "the longest bar can be printed");
    printf("%6.1f %%  %-*.*s", cmd_trace_percent(part, all),
           is_last ? 0 : trace_print_bar_width, trace_print_bar_length(part, most), bar);
}

/* Count and bytes side by side: most requests are small, most bytes are in the large ones. */
static void trace_print_bins(const trace_stats_bin *bins, unsigned first, unsigned last,
                             trace_print_value *value)
{
    trace_stats_bin most = {0, 0}, all = {0, 0};
    for (unsigned i = first; i <= last; i++) {
        if (bins[i].count > most.count) most.count = bins[i].count;
        if (bins[i].size > most.size) most.size = bins[i].size;
        all.count += bins[i].count;
        all.size += bins[i].size;
    }
    for (unsigned i = first; i <= last; i++) {
        cmd_buffer from, count;
        printf("%12s %13s", value(trace_stats_bin_start(i), &from),
               cmd_count_text(bins[i].count, &count));
        if (bins[i].count > 0) {
            trace_print_bar(bins[i].count, all.count, most.count, false);
            trace_print_bar(bins[i].size, all.size, most.size, true);
        }
        putchar('\n');
    }
}

static void trace_print_histogram(const trace_stats_bin *bins, const char *title,
                                  trace_print_value *value)
{
    unsigned first, last;
    if (!cmd_trace_find_bins(bins, &first, &last)) return;
    printf("\n%s\n%12s %13s%8s%*s%8s\n", title, "from", "count", "share",
           trace_print_bar_width + 2, "", "of bytes");
    trace_print_bins(bins, first, last, value);
}

static void trace_print_top_sizes(const trace_stats *stats)
{
    trace_tally_entry top[trace_stats_top_max];
    const size_t count = trace_tally_find_top(&stats->sizes, top, trace_stats_top_max);
    cmd_buffer text;
    if (count == 0) return;
    printf("\nMost frequent of %s sizes\n", cmd_count_text(stats->sizes.count, &text));
    for (size_t i = 0; i < count; i++) {
        cmd_buffer size;
        printf("%10s B %13s", cmd_count_text(top[i].key, &size),
               cmd_count_text(top[i].count, &text));
        trace_print_bar(top[i].count, stats->request_count, top[0].count, true);
        putchar('\n');
    }
}

/* ---- all ---- */

static void trace_print_title(const cmd_trace *trace)
{
    trace_print_visible(trace->path);
    if (trace->program[0] != '\0') {
        fputs(": ", stdout);
        trace_print_visible(trace->program);
    }
    if (trace->stats->is_cut) fputs(" (recording cut at its limit)", stdout);
    fputs("\n\n", stdout);
}

void cmd_trace_print(const cmd_trace *trace)
{
    const trace_stats *stats = trace->stats;
    trace_print_title(trace);
    trace_print_operations(stats);
    trace_print_memory(stats);
    trace_print_threads(stats);
    trace_print_top_sizes(stats);
    trace_print_histogram(stats->size_bins, "Sizes of requests, by power of two",
                          cmd_plot_size_text);
    trace_print_histogram(stats->op_bins, "Lifetimes of freed objects, in operations",
                          cmd_count_text);
    trace_print_histogram(stats->byte_bins,
                          "Lifetimes of freed objects, in bytes requested meanwhile",
                          cmd_plot_size_text);
    if (stats->has_times) {
        trace_print_histogram(stats->time_bins, "Lifetimes of freed objects, in time",
                              cmd_trace_time_text);
    }
}

void cmd_trace_print_head(void)
{
    printf("%-*s %13s %7s %10s %9s %7s %7s %10s  %s\n", trace_print_name_width, "trace",
           "operations", "threads", "peak live", "mean", "realloc", "cross", "left", "program");
}

void cmd_trace_print_row(const cmd_trace *trace)
{
    const trace_stats *stats = trace->stats;
    const uint64_t reallocs = stats->kind_count[trace_kind_realloc];
    const uint64_t changes = stats->kind_count[trace_kind_free] + reallocs;
    const uint64_t mean =
        stats->request_count > 0 ? stats->request_size / stats->request_count : 0;
    cmd_buffer ops, peak, size, left;
    printf("%-*.*s %13s %7" PRIu64 " %10s %9s %5.1f %% %5.1f %% %10s", trace_print_name_width,
           trace_print_name_width, trace->name, cmd_count_text(stats->op_count, &ops),
           trace_stats_count_threads(stats), cmd_size_text(stats->peak_size.live_size, &peak),
           cmd_size_text(mean, &size), cmd_trace_percent(reallocs, stats->op_count),
           cmd_trace_percent(stats->cross_free_count + stats->cross_realloc_count, changes),
           cmd_size_text(stats->now.live_size, &left));
    if (trace->base_name[0] != '\0') {
        fputs("  ", stdout);
        trace_print_visible(trace->base_name);
    }
    puts(stats->is_cut ? "  (cut)" : "");
}
