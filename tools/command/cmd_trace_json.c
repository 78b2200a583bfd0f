/* SPDX-License-Identifier: MIT-0
 *
 * What is in a trace as a JSON object. Sizes in bytes, times in nanoseconds, operations counted
 * from 1. Bars of histograms have their smallest value, "from"; those that are empty are left out.
 */
#define _GNU_SOURCE
#include "cmd_trace.h"

#include <inttypes.h>

static void trace_json_number(FILE *stream, const char *name, uint64_t value)
{
    fprintf(stream, "\"%s\": %" PRIu64, name, value);
}

static void trace_json_head(FILE *stream, const cmd_trace *trace)
{
    const trace_stats *stats = trace->stats;
    fputs("    {\"file\": ", stream);
    cmd_json_string(stream, trace->path);
    fputs(",\n     \"program\": ", stream);
    if (trace->program[0] != '\0') {
        cmd_json_string(stream, trace->program);
    } else {
        fputs("null", stream);
    }
    fprintf(stream, ",\n     \"cut\": %s,\n     \"has_times\": %s,\n",
            stats->is_cut ? "true" : "false", stats->has_times ? "true" : "false");
}

static void trace_json_operations(FILE *stream, const trace_stats *stats)
{
    static const char *const names[trace_stats_kind_count] = {"malloc", "calloc", "realloc",
                                                              "free", "aligned"};
    fputs("     \"operations\": {", stream);
    trace_json_number(stream, "all", stats->op_count);
    for (size_t i = 0; i < trace_stats_kind_count; i++) {
        fputs(", ", stream);
        trace_json_number(stream, names[i], stats->kind_count[i]);
    }
    fprintf(stream,
            "},\n     \"reallocs\": {\"larger\": %" PRIu64 ", \"smaller\": %" PRIu64
            ", \"same_size\": %" PRIu64 "},\n",
            stats->grow_count, stats->shrink_count, stats->same_count);
    fprintf(stream,
            "     \"requests\": {\"count\": %" PRIu64 ", \"bytes\": %" PRIu64
            ", \"largest\": %" PRIu64 ", \"alignment_max\": %" PRIu64 "},\n",
            stats->request_count, stats->request_size, stats->size_max, stats->aligned_max);
}

static void trace_json_moment(FILE *stream, const trace_stats *stats,
                              const trace_stats_moment *moment)
{
    fprintf(stream,
            "{\"operation\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"objects\": %" PRIu64,
            moment->op, moment->live_size, moment->live_count);
    if (stats->has_times) fprintf(stream, ", \"time\": %" PRIu64, moment->time_ns);
    fputc('}', stream);
}

static void trace_json_memory(FILE *stream, const trace_stats *stats)
{
    fprintf(stream, "     \"objects\": %" PRIu64 ",\n     \"peak\": ", stats->objects.count);
    trace_json_moment(stream, stats, &stats->peak_size);
    fputs(",\n     \"most_objects\": ", stream);
    trace_json_moment(stream, stats, &stats->peak_count);
    fprintf(stream, ",\n     \"left\": {\"bytes\": %" PRIu64 ", \"objects\": %" PRIu64 "},\n",
            stats->now.live_size, stats->now.live_count);
}

static void trace_json_threads(FILE *stream, const trace_stats *stats)
{
    const char *separator = "";
    fputs("     \"threads\": [", stream);
    for (uint64_t i = 0; i < stats->thread_count; i++) {
        const trace_stats_thread *thread = &stats->thread[i];
        if (thread->allocation_count + thread->realloc_count + thread->free_count == 0)
            continue;
        fprintf(stream,
                "%s{\"thread\": %" PRIu64 ", \"allocations\": %" PRIu64
                ", \"reallocs\": %" PRIu64 ", \"frees\": %" PRIu64 "}",
                separator, i, thread->allocation_count, thread->realloc_count,
                thread->free_count);
        separator = ", ";
    }
    fprintf(stream,
            "],\n     \"crossings\": {\"frees\": %" PRIu64 ", \"reallocs\": %" PRIu64
            ", \"pairs\": %" PRIu64 ", \"top_pairs\": [",
            stats->cross_free_count, stats->cross_realloc_count, stats->crossings.count);
    trace_tally_entry top[trace_stats_top_max];
    const size_t count = trace_tally_find_top(&stats->crossings, top, trace_stats_top_max);
    for (size_t i = 0; i < count; i++) {
        fprintf(stream,
                "%s{\"owner\": %" PRIu32 ", \"thread\": %" PRIu32 ", \"count\": %" PRIu64 "}",
                i > 0 ? ", " : "", (uint32_t)(top[i].key >> 32), (uint32_t)top[i].key,
                top[i].count);
    }
    fputs("]},\n", stream);
}

static void trace_json_bins(FILE *stream, const trace_stats_bin *bins)
{
    const char *separator = "";
    fputc('[', stream);
    for (unsigned i = 0; i < trace_stats_bin_count; i++) {
        if (bins[i].count == 0) continue;
        fprintf(stream,
                "%s{\"from\": %" PRIu64 ", \"count\": %" PRIu64 ", \"bytes\": %" PRIu64 "}",
                separator, trace_stats_bin_start(i), bins[i].count, bins[i].size);
        separator = ", ";
    }
    fputc(']', stream);
}

static void trace_json_sizes(FILE *stream, const trace_stats *stats)
{
    trace_tally_entry top[trace_stats_top_max];
    const size_t count = trace_tally_find_top(&stats->sizes, top, trace_stats_top_max);
    fprintf(stream, "     \"distinct_sizes\": %" PRIu64 ",\n     \"top_sizes\": [",
            stats->sizes.count);
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "%s{\"size\": %" PRIu64 ", \"count\": %" PRIu64 "}", i > 0 ? ", " : "",
                top[i].key, top[i].count);
    }
    fputs("],\n     \"sizes\": ", stream);
    trace_json_bins(stream, stats->size_bins);
    fputs(",\n     \"lifetimes\": {\"operations\": ", stream);
    trace_json_bins(stream, stats->op_bins);
    fputs(",\n                   \"bytes\": ", stream);
    trace_json_bins(stream, stats->byte_bins);
    if (stats->has_times) {
        fputs(",\n                   \"time\": ", stream);
        trace_json_bins(stream, stats->time_bins);
    }
    fputs("},\n", stream);
}

static void trace_json_columns(FILE *stream, const trace_stats *stats)
{
    fputs("     \"live\": [", stream);
    for (size_t i = 0; i < stats->column_count; i++) {
        if (i > 0) fputs(",\n              ", stream);
        trace_json_moment(stream, stats, &stats->column[i]);
    }
    fputs("]}", stream);
}

void cmd_trace_json(FILE *stream, const cmd_trace *trace)
{
    const trace_stats *stats = trace->stats;
    trace_json_head(stream, trace);
    trace_json_operations(stream, stats);
    trace_json_memory(stream, stats);
    trace_json_threads(stream, stats);
    trace_json_sizes(stream, stats);
    trace_json_columns(stream, stats);
}
