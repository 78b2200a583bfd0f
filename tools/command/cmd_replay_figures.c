/* SPDX-License-Identifier: MIT-0
 *
 * From what the runs say to figures: the median over the runs, less the median of the null runs,
 * by operation or by byte. No state, no files; test/command/command_replay.py computes them
 * again from the raw values.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const cmd_figure_form cmd_figure_forms[cmd_figure_count] = {
    [cmd_figure_warm_ns] = {"warm_ns", "warm ns", "CPU time warm, ns per operation",
                            cmd_summary_geometric, 1, true, true},
    [cmd_figure_cold_ns] = {"cold_ns", "cold ns", "CPU time cold, ns per operation",
                            cmd_summary_geometric, 1, true, true},
    [cmd_figure_warm_wall_ns] = {"warm_wall_ns", "warm wall",
                                 "Wall time warm, ns per operation of all threads",
                                 cmd_summary_geometric, 1, true, true},
    [cmd_figure_cold_wall_ns] = {"cold_wall_ns", "cold wall",
                                 "Wall time cold, ns per operation of all threads",
                                 cmd_summary_geometric, 1, true, true},
    [cmd_figure_instructions] = {"instructions", "instr.", "Instructions per operation, cold",
                                 cmd_summary_geometric, 1, true, true},
    [cmd_figure_memory] = {"memory_per_live", "mem/live",
                           "Memory: the most resident, over the most that was live",
                           cmd_summary_geometric, 3, true, true},
    [cmd_figure_kept] = {"kept_percent", "kept %",
                         "Kept after all is freed, in % of the most resident", cmd_summary_mean,
                         1, false, true},
    [cmd_figure_faults] = {"minor_faults", "faults", "Page faults of the cold pass",
                           cmd_summary_sum, 0, false, true},
    [cmd_figure_calls] = {"system_calls", "calls", "System calls of the cold pass",
                          cmd_summary_sum, 0, false, true},
    [cmd_figure_peak_size] = {"memory", "memory", "The most resident, in bytes",
                              cmd_summary_sum, 0, false, false},
    [cmd_figure_kept_size] = {"kept", "kept", "Kept after all is freed, in bytes",
                              cmd_summary_sum, 0, false, false},
};

/* ---- numbers ---- */

static int figures_compare(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

double cmd_median(double *values, size_t count)
{
    if (count == 0) return NAN;
    qsort(values, count, sizeof *values, figures_compare);
    const double upper = values[count / 2];
    return count % 2 != 0 ? upper : (values[count / 2 - 1] + upper) / 2;
}

double cmd_geometric_mean(const double *values, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] > 0)) return NAN;
        sum += log(values[i]);
    }
    return count > 0 ? exp(sum / (double)count) : NAN;
}

double cmd_ratio_to_best(const double *values, size_t count, size_t which)
{
    double best = INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (values[i] < best) best = values[i];
    }
    /* Nothing is so many times nothing; and what came out below is too small to be measured. */
    return best > 0 && !isinf(best) ? values[which] / best : NAN;
}

/* ---- of one run ---- */

static double figures_raw(const cmd_replay_run *run, int field) { return run->raw[field]; }

static double figures_peak(const cmd_replay_run *run, int unused)
{
    (void)unused;
    return run->raw[cmd_raw_peak_rss] - run->raw[cmd_raw_file_rss];
}

static double figures_kept(const cmd_replay_run *run, int unused)
{
    (void)unused;
    return run->raw[cmd_raw_end_rss] - run->raw[cmd_raw_file_rss];
}

static double figures_cold(const cmd_replay_run *run, int is_wall)
{
    const cmd_pass *pass = &run->pass[0];
    return (is_wall != 0 ? pass->wall_ns : pass->cpu_ns) / run->raw[cmd_raw_ops];
}

static double figures_warm(const cmd_replay_run *run, int is_wall)
{
    double sum = 0;
    if (run->pass_count < 2) return NAN;
    for (size_t i = 1; i < run->pass_count; i++) {
        sum += is_wall != 0 ? run->pass[i].wall_ns : run->pass[i].cpu_ns;
    }
    return sum / (double)(run->pass_count - 1) / run->raw[cmd_raw_ops];
}

typedef double figures_of_run(const cmd_replay_run *run, int which);

static double figures_median(const cmd_cell *cell, figures_of_run *of_run, int which)
{
    double *values = malloc((cell->run_count + 1) * sizeof *values);
    if (values == NULL) return NAN;
    for (size_t i = 0; i < cell->run_count; i++) values[i] = of_run(&cell->run[i], which);
    const double median = cmd_median(values, cell->run_count);
    free(values);
    return median;
}

/* ---- of one contender on one trace ---- */

static double figures_net(const cmd_cell *cell, const cmd_cell *null, figures_of_run *of_run,
                          int which)
{
    return figures_median(cell, of_run, which) - figures_median(null, of_run, which);
}

static double figures_at_least_zero(double value) { return value < 0 ? 0 : value; }

static double figures_sum(const cmd_cell *cell, cmd_raw field)
{
    double sum = 0;
    for (size_t i = 0; i < cell->run_count; i++) sum += cell->run[i].raw[field];
    return sum;
}

static void figures_fill_cell(const cmd_replayed *trace, cmd_cell *cell)
{
    const cmd_cell *null = &trace->null;
    double *figure = cell->figure;
    for (size_t i = 0; i < cmd_figure_count; i++) figure[i] = NAN;
    cell->damaged = figures_sum(cell, cmd_raw_damaged);
    cell->failed = figures_sum(cell, cmd_raw_failed);
    if (cell->failure != NULL || cell->run_count == 0) return;
    figure[cmd_figure_cold_ns] = figures_net(cell, null, figures_cold, 0);
    figure[cmd_figure_cold_wall_ns] = figures_net(cell, null, figures_cold, 1);
    figure[cmd_figure_warm_ns] = figures_net(cell, null, figures_warm, 0);
    figure[cmd_figure_warm_wall_ns] = figures_net(cell, null, figures_warm, 1);
    figure[cmd_figure_peak_size] = figures_net(cell, null, figures_peak, 0);
    figure[cmd_figure_kept_size] = figures_net(cell, null, figures_kept, 0);
    figure[cmd_figure_faults] = figures_net(cell, null, figures_raw, cmd_raw_minor_faults);
    figure[cmd_figure_calls] = cell->calls - null->calls;
    /* Counted over what was recorded, without the frees that the plan adds. */
    figure[cmd_figure_instructions] =
        (cell->instructions - null->instructions) / (double)trace->plan.head.tail_op;
    for (size_t i = 0; i < cmd_figure_count; i++) {
        figure[i] = figures_at_least_zero(figure[i]);
    }
    if (trace->plan.head.peak_live > 0) {
        figure[cmd_figure_memory] =
            figure[cmd_figure_peak_size] / (double)trace->plan.head.peak_live;
    }
    if (figure[cmd_figure_peak_size] > 0) {
        figure[cmd_figure_kept] =
            100 * figure[cmd_figure_kept_size] / figure[cmd_figure_peak_size];
    }
}

void cmd_figures_fill(cmd_replayed *trace, size_t contender_count)
{
    for (size_t i = 0; i < contender_count; i++) figures_fill_cell(trace, &trace->cell[i]);
}

void cmd_cell_free(cmd_cell *cell)
{
    for (size_t i = 0; i < cell->run_count; i++) cmd_replay_run_free(&cell->run[i]);
    cmd_replay_run_free(&cell->sampled);
    free(cell->run);
    free(cell->failure);
    memset(cell, 0, sizeof *cell);
}

/* ---- over all traces ---- */

double cmd_figure_over_traces(const cmd_comparison *comparison, cmd_figure figure,
                              size_t contender)
{
    const size_t count = comparison->trace_count;
    double *values = malloc((count + 1) * sizeof *values);
    double sum = 0;
    if (values == NULL) return NAN;
    for (size_t i = 0; i < count; i++) {
        values[i] = comparison->trace[i].cell[contender].figure[figure];
        sum += values[i];
    }
    const double geometric = cmd_geometric_mean(values, count);
    free(values);
    switch (cmd_figure_forms[figure].summary) {
    case cmd_summary_geometric: return geometric;
    case cmd_summary_mean: return sum / (double)count;
    default: return sum;
    }
}

bool cmd_figure_is_shown(const cmd_comparison *comparison, cmd_figure figure)
{
    if (figure == cmd_figure_warm_wall_ns || figure == cmd_figure_cold_wall_ns) {
        return comparison->with_threads;
    }
    if (figure == cmd_figure_instructions) return comparison->with_instructions;
    return cmd_figure_forms[figure].is_printed;
}
