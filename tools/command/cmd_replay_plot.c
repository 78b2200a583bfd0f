/* SPDX-License-Identifier: MIT-0
 *
 * The comparison as pictures:
 *
 *   compare.svg       time and memory below each other, a group of bars for each trace
 *   scatter.svg       time against memory, a point for each contender, over all traces
 *   memory-NAME.svg   of one trace: what is live and what is resident, over its operations
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include "cmd_plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { plots_panel_height = 300, plots_bar_width = 16 };

/* ---- numbers ---- */

/* What is missing is a question mark. */
static void plots_number(cmd_plot *plot, double number)
{
    if (isnan(number)) {
        fputs(" ?", plot->script);
    } else {
        fprintf(plot->script, " %.6g", number);
    }
}

static void plots_start(cmd_plot *plot) { fputs("set datafile missing '?'\n", plot->script); }

/* ---- compare.svg ---- */

static const cmd_figure plots_compared[] = {cmd_figure_warm_ns,      cmd_figure_cold_ns,
                                            cmd_figure_instructions, cmd_figure_warm_wall_ns,
                                            cmd_figure_cold_wall_ns, cmd_figure_memory};
enum { plots_compared_count = sizeof plots_compared / sizeof plots_compared[0] };

/* A line for each trace: its name, and a value for each contender. */
static void plots_figure_data(cmd_plot *plot, const cmd_comparison *comparison,
                              cmd_figure figure)
{
    fprintf(plot->script, "$figure%d << EOD\n", (int)figure);
    for (size_t i = 0; i < comparison->trace_count; i++) {
        cmd_plot_data_text(plot, comparison->trace[i].name);
        for (size_t j = 0; j < comparison->contenders.count; j++) {
            plots_number(plot, comparison->trace[i].cell[j].figure[figure]);
        }
        fputc('\n', plot->script);
    }
    fputs("EOD\n", plot->script);
}

/* Times of traces are apart by orders of magnitude; a bar of the least has to be seen, too. */
static void plots_panel_axes(cmd_plot *plot, const cmd_comparison *comparison,
                             cmd_figure figure)
{
    double least = INFINITY;
    for (size_t i = 0; i < comparison->trace_count; i++) {
        for (size_t j = 0; j < comparison->contenders.count; j++) {
            const double value = comparison->trace[i].cell[j].figure[figure];
            if (value > 0 && value < least) least = value;
        }
    }
    if (figure == cmd_figure_memory || isinf(least)) {
        /* Where nothing is known gnuplot would find no range itself. */
        fprintf(plot->script, "unset logscale y\nset yrange [0:%s]\n",
                isinf(least) ? "1" : "*");
    } else {
        fprintf(plot->script, "set logscale y\nset yrange [%.6g:*]\n", least / 2);
    }
    fprintf(plot->script, "set xrange [-0.6:%zu.6]\n", comparison->trace_count - 1);
}

static void plots_panel(cmd_plot *plot, const cmd_comparison *comparison, cmd_figure figure,
                        bool has_key)
{
    plots_panel_axes(plot, comparison, figure);
    cmd_plot_title(plot, cmd_figure_forms[figure].title);
    fputs(has_key ? "set key on\n" : "set key off\n", plot->script);
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        if (i == 0) {
            fprintf(plot->script, "plot $figure%d using 2:xtic(1)", (int)figure);
        } else {
            fprintf(plot->script, ", $figure%d using %zu", (int)figure, i + 2);
        }
        fprintf(plot->script, " lc %zu title ", i + 1);
        cmd_plot_text(plot, comparison->contenders.list[i].label);
    }
    fputc('\n', plot->script);
}

static bool plots_compare(const cmd_comparison *comparison, const char *path)
{
    cmd_plot plot;
    int panels = 0;
    cmd_figure shown[plots_compared_count];
    for (size_t i = 0; i < plots_compared_count; i++) {
        if (cmd_figure_is_shown(comparison, plots_compared[i])) {
            shown[panels++] = plots_compared[i];
        }
    }
    const size_t bars = comparison->trace_count * (comparison->contenders.count + 1);
    const int wide = 120 + plots_bar_width * (int)bars;
    const int width = wide < cmd_plot_width ? cmd_plot_width : wide > 2400 ? 2400 : wide;
    if (!cmd_plot_open_sized(&plot, comparison->prefix, path, width,
                             plots_panel_height * panels)) {
        return false;
    }
    plots_start(&plot);
    for (int i = 0; i < panels; i++) plots_figure_data(&plot, comparison, shown[i]);
    fprintf(plot.script,
            "set style data histograms\nset style histogram clustered gap 1\n"
            "unset grid\nset grid ytics\nset multiplot layout %d,1\n",
            panels);
    for (int i = 0; i < panels; i++) {
        plots_panel(&plot, comparison, shown[i], i + 1 == panels);
    }
    fputs("unset multiplot\n", plot.script);
    return cmd_plot_close(&plot);
}

/* ---- scatter.svg ---- */

/* The points; how many are known. */
static size_t plots_scatter_data(cmd_plot *plot, const cmd_comparison *comparison)
{
    size_t known = 0;
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        const double time = cmd_figure_over_traces(comparison, cmd_figure_warm_ns, i);
        const double memory = cmd_figure_over_traces(comparison, cmd_figure_memory, i);
        if (!isnan(time) && !isnan(memory)) known++;
        fprintf(plot->script, "$point%zu << EOD\n", i);
        plots_number(plot, time);
        plots_number(plot, memory);
        fputc(' ', plot->script);
        cmd_plot_data_text(plot, comparison->contenders.list[i].label);
        fputs("\nEOD\n", plot->script);
    }
    return known;
}

static bool plots_scatter(const cmd_comparison *comparison, const char *path)
{
    cmd_plot plot;
    if (!cmd_plot_open(&plot, comparison->prefix, path)) return false;
    plots_start(&plot);
    cmd_plot_title(&plot, comparison->trace_count == 1
                              ? "Time against memory"
                              : "Time against memory, geometric means of all traces");
    fputs("set xlabel 'CPU time warm, ns per operation'\n"
          "set ylabel 'memory over live'\n"
          "set offsets graph 0.1, graph 0.15, graph 0.1, graph 0.1\nset key off\n",
          plot.script);
    if (plots_scatter_data(&plot, comparison) == 0) {
        fputs("set xrange [0:1]\nset yrange [0:1]\n", plot.script);
    }
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        fprintf(plot.script, "%s$point%zu using 1:2 with points lc %zu pt 7 ps 1.2 title ",
                i == 0 ? "plot " : ", ", i, i + 1);
        cmd_plot_text(&plot, comparison->contenders.list[i].label);
        fprintf(plot.script, ", $point%zu using 1:2:3 with labels left offset 1,0 notitle", i);
    }
    fputc('\n', plot.script);
    return cmd_plot_close(&plot);
}

/* ---- memory-NAME.svg ---- */

/* Memory of the replay itself, which is in what a sample says. */
static double plots_own_memory(const cmd_replayed *trace, const cmd_replay_run *run)
{
    const cmd_replay_run *null = &trace->null.sampled;
    const double replay = null->raw[cmd_raw_peak_rss] - null->raw[cmd_raw_file_rss];
    return run->raw[cmd_raw_file_rss] + (null->sample_count > 0 ? replay : 0);
}

static double plots_resident(const cmd_replayed *trace, const cmd_replay_run *run,
                             size_t sample)
{
    const double net = run->sample[sample].rss - plots_own_memory(trace, run);
    return net > 0 ? net : 0;
}

static double plots_most_resident(const cmd_replayed *trace, size_t contender_count)
{
    double most = (double)trace->plan.head.peak_live;
    for (size_t i = 0; i < contender_count; i++) {
        const cmd_replay_run *run = &trace->cell[i].sampled;
        for (size_t j = 0; j < run->sample_count; j++) {
            const double resident = plots_resident(trace, run, j);
            if (resident > most) most = resident;
        }
    }
    return most;
}

static void plots_live_data(cmd_plot *plot, const cmd_replayed *trace)
{
    const cmd_replay_run *null = &trace->null.sampled;
    fputs("$live << EOD\n0 0\n", plot->script);
    for (size_t i = 0; i < null->sample_count; i++) {
        fprintf(plot->script, "%.0f %.0f\n", null->sample[i].op, null->sample[i].live);
    }
    fputs("EOD\n", plot->script);
}

static void plots_resident_data(cmd_plot *plot, const cmd_replayed *trace, size_t which)
{
    const cmd_replay_run *run = &trace->cell[which].sampled;
    fprintf(plot->script, "$resident%zu << EOD\n0 0\n", which);
    for (size_t i = 0; i < run->sample_count; i++) {
        fprintf(plot->script, "%.0f %.0f\n", run->sample[i].op, plots_resident(trace, run, i));
    }
    fputs("EOD\n", plot->script);
}

static bool plots_memory(const cmd_comparison *comparison, const cmd_replayed *trace,
                         const char *path)
{
    cmd_plot plot;
    const size_t count = comparison->contenders.count;
    char *title = cmd_format("Memory of %s: live, and resident on each allocator", trace->name);
    if (title == NULL || !cmd_plot_open(&plot, comparison->prefix, path)) {
        free(title);
        return false;
    }
    plots_start(&plot);
    cmd_plot_title(&plot, title);
    free(title);
    cmd_plot_size_axis(&plot, 'y', (uint64_t)plots_most_resident(trace, count));
    cmd_plot_count_axis(&plot, 'x', trace->plan.head.op_count);
    plots_live_data(&plot, trace);
    for (size_t i = 0; i < count; i++) plots_resident_data(&plot, trace, i);
    fputs("set xlabel 'operations'\n"
          "plot $live using 1:2 with filledcurves y1=0 fs solid 0.25 lc rgb '#888888' "
          "title 'live'",
          plot.script);
    for (size_t i = 0; i < count; i++) {
        fprintf(plot.script, ", $resident%zu using 1:2 with lines lc %zu title ", i, i + 1);
        cmd_plot_text(&plot, comparison->contenders.list[i].label);
    }
    fputc('\n', plot.script);
    return cmd_plot_close(&plot);
}

/* ---- the whole ---- */

/* Of traces with the same name the later ones get a number. */
static char *plots_memory_path(const cmd_comparison *comparison, size_t which)
{
    size_t same = 1;
    for (size_t i = 0; i < which; i++) {
        if (strcmp(comparison->trace[i].name, comparison->trace[which].name) == 0) same++;
    }
    if (same == 1) {
        return cmd_format("%s/memory-%s.svg", comparison->plot, comparison->trace[which].name);
    }
    return cmd_format("%s/memory-%s-%zu.svg", comparison->plot, comparison->trace[which].name,
                      same);
}

int cmd_replay_plot(const cmd_comparison *comparison)
{
    char *compare = cmd_format("%s/compare.svg", comparison->plot);
    char *scatter = cmd_format("%s/scatter.svg", comparison->plot);
    bool is_drawn = compare != NULL && scatter != NULL && plots_compare(comparison, compare) &&
                    plots_scatter(comparison, scatter);
    for (size_t i = 0; i < comparison->trace_count && is_drawn; i++) {
        char *path = plots_memory_path(comparison, i);
        cmd_replay_progress("%sdrawing %s", comparison->prefix, comparison->trace[i].name);
        is_drawn = path != NULL && plots_memory(comparison, &comparison->trace[i], path);
        free(path);
    }
    cmd_replay_progress_end();
    free(compare);
    free(scatter);
    return is_drawn ? cmd_exit_ok : cmd_exit_failed;
}
