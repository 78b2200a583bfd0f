/* SPDX-License-Identifier: MIT-0
 *
 * The pictures of a trace: sizes, lifetimes, live memory over the operations.
 */
#define _GNU_SOURCE
#include "cmd_trace.h"

#include "cmd_plot.h"

#include <inttypes.h>
#include <stdlib.h>

/* Begins DIRECTORY/NAME-WHAT.svg; *path is to be freed after cmd_plot_close. */
static bool trace_plot_begin(cmd_plot *plot, const cmd_trace *trace, const char *directory,
                             const char *what, char **path)
{
    *path = cmd_format("%s/%s-%s.svg", directory, trace->name, what);
    if (*path == NULL) {
        cmd_warn("trace: there is no memory for pictures.");
        return false;
    }
    if (cmd_plot_open(plot, "trace: ", *path)) return true;
    free(*path);
    return false;
}

static bool trace_plot_end(cmd_plot *plot, char *path)
{
    const bool drawn = cmd_plot_close(plot);
    free(path);
    return drawn;
}

static void trace_plot_title(cmd_plot *plot, const cmd_trace *trace, const char *what)
{
    const char *name = trace->base_name[0] != '\0' ? trace->base_name : trace->name;
    char *title = cmd_format("%s: %s", name, what);
    cmd_plot_title(plot, title != NULL ? title : what);
    free(title);
}

/* The smallest value of a bar, short enough to stand below it: "64", "4 KiB", "1 M". */
static void trace_plot_bin_label(unsigned bin, bool is_size, cmd_buffer *label)
{
    static const char *const size_units[] = {"",     " KiB", " MiB", " GiB",
                                             " TiB", " PiB", " EiB"};
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    if (bin == 0) {
        snprintf(label->text, sizeof label->text, "0");
        return;
    }
    const unsigned shift = bin - 1;
    /* 2^10 operations are called 1k: a bar is a factor of two wide, that is not 3 % of it. */
    snprintf(label->text, sizeof label->text, "%u%s", 1u << shift % 10,
             is_size ? size_units[shift / 10] : units[shift / 10]);
}

/* "label" count% bytes%, a line a bar. */
static void trace_plot_write_bins(cmd_plot *plot, const char *name, const trace_stats_bin *bins,
                                  bool is_size)
{
    unsigned first = 0, last = 0;
    uint64_t count = 0, size = 0;
    fprintf(plot->script, "$%s << EOD\n", name);
    if (!cmd_trace_find_bins(bins, &first, &last)) fputs("\"\" 0 0\n", plot->script);
    for (unsigned i = first; i <= last; i++) {
        count += bins[i].count;
        size += bins[i].size;
    }
    for (unsigned i = first; count > 0 && i <= last; i++) {
        cmd_buffer label;
        trace_plot_bin_label(i, is_size, &label);
        fprintf(plot->script, "\"%s\" %.4f %.4f\n", label.text,
                cmd_trace_percent(bins[i].count, count), cmd_trace_percent(bins[i].size, size));
    }
    fputs("EOD\n", plot->script);
}

static const char trace_plot_bars[] = "set style data histograms\n"
                                      "set style histogram clustered gap 0.6\n"
                                      "set boxwidth 0.9 relative\n"
                                      "set yrange [0:*]\n"
                                      "set grid noxtics\n"
                                      "set xtics rotate by -45\n"
                                      "set format y '%g %%'\n";

static bool trace_plot_sizes(const cmd_trace *trace, const char *directory)
{
    cmd_plot plot;
    char *path;
    if (!trace_plot_begin(&plot, trace, directory, "sizes", &path)) return false;
    trace_plot_title(&plot, trace, "sizes of requests");
    trace_plot_write_bins(&plot, "sizes", trace->stats->size_bins, true);
    fputs(trace_plot_bars, plot.script);
    fputs("set xlabel 'bytes, from this on up to twice as many'\n"
          "plot $sizes using 2:xtic(1) title 'of the requests', "
          "'' using 3 title 'of the bytes'\n",
          plot.script);
    return trace_plot_end(&plot, path);
}

static bool trace_plot_lifetimes(const cmd_trace *trace, const char *directory)
{
    cmd_plot plot;
    char *path;
    if (!trace_plot_begin(&plot, trace, directory, "lifetimes", &path)) return false;
    trace_plot_title(&plot, trace, "lifetimes of freed objects");
    trace_plot_write_bins(&plot, "lifetimes", trace->stats->op_bins, false);
    fputs(trace_plot_bars, plot.script);
    fputs("set xlabel 'operations, from this on up to twice as many'\n"
          "plot $lifetimes using 2:xtic(1) title 'of the objects', "
          "'' using 3 title 'of their bytes'\n",
          plot.script);
    return trace_plot_end(&plot, path);
}

static bool trace_plot_live(const cmd_trace *trace, const char *directory)
{
    const trace_stats *stats = trace->stats;
    cmd_plot plot;
    char *path;
    if (!trace_plot_begin(&plot, trace, directory, "live", &path)) return false;
    trace_plot_title(&plot, trace, "live bytes");
    /* A little room above the peak. */
    cmd_plot_size_axis(&plot, 'y',
                       stats->peak_size.live_size + stats->peak_size.live_size / 20);
    cmd_plot_count_axis(&plot, 'x', stats->op_count);
    fputs("$live << EOD\n0 0\n", plot.script);
    for (size_t i = 0; i < stats->column_count; i++) {
        fprintf(plot.script, "%" PRIu64 " %" PRIu64 "\n", stats->column[i].op,
                stats->column[i].live_size);
    }
    fputs("EOD\nset xlabel 'operations'\n"
          "plot $live using 1:2 with filledcurves y1=0 lt 1 fs transparent solid 0.25 "
          "notitle, '' using 1:2 with lines lt 1 notitle\n",
          plot.script);
    return trace_plot_end(&plot, path);
}

bool cmd_trace_plot(const cmd_trace *trace, const char *directory)
{
    return trace_plot_sizes(trace, directory) && trace_plot_lifetimes(trace, directory) &&
           trace_plot_live(trace, directory);
}
