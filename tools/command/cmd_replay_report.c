/* SPDX-License-Identifier: MIT-0
 *
 * The order of the steps, the same for `strata replay` and `strata simulate`:
 *
 *   1 find the replayer, and whatever else it takes; open what is written to
 *   2 read every trace, so that a bad one is told before hours of measuring
 *   3 for each trace: make its plan, measure, let go of the plan
 *   4 print; draw; tell what went wrong
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include "cmd_plot.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- 1: what it takes ---- */

/* A program by its name, as a new path; or NULL. */
static char *report_find_program(const char *name)
{
    const char *path = getenv("PATH");
    char *directories = strdup(path != NULL ? path : "/usr/local/bin:/usr/bin:/bin");
    char *found = NULL;
    char *rest = directories;
    for (char *directory; found == NULL && (directory = strsep(&rest, ":")) != NULL;) {
        found = cmd_format("%s/%s", directory[0] != '\0' ? directory : ".", name);
        if (found != NULL && access(found, X_OK) != 0) {
            free(found);
            found = NULL;
        }
    }
    free(directories);
    return found;
}

/* A library that the dynamic linker does not take would be passed over, and the system's
 * allocator measured under its name. */
static int report_check_contenders(const cmd_comparison *comparison)
{
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        const cmd_contender *contender = &comparison->contenders.list[i];
        if (cmd_replay_is_loaded(comparison->replayer, contender)) continue;
        return cmd_fail(cmd_exit_bad_input, "%s'%s' can't be preloaded into %s.",
                        comparison->prefix, contender->library, comparison->replayer);
    }
    return cmd_exit_ok;
}

/* What draws, and where the pictures go. */
static int report_check_plot(const cmd_comparison *comparison)
{
    if (comparison->plot == NULL) return cmd_exit_ok;
    char *gnuplot = report_find_program("gnuplot");
    if (gnuplot == NULL) {
        return cmd_fail(cmd_exit_bad_input, "%s--plot needs gnuplot, which is not installed.",
                        comparison->prefix);
    }
    free(gnuplot);
    if (!cmd_plot_make_directory(comparison->prefix, comparison->plot)) {
        return cmd_exit_bad_input;
    }
    if (access(comparison->plot, W_OK | X_OK) == 0) return cmd_exit_ok;
    return cmd_fail(cmd_exit_bad_input, "%sthe directory '%s' can't be written to: %s.",
                    comparison->prefix, comparison->plot, strerror(errno));
}

static int report_find_all(cmd_comparison *comparison)
{
    comparison->replayer = cmd_find_tool("strata-replayer");
    if (comparison->replayer == NULL) return cmd_exit_failed;
    if (comparison->with_instructions) {
        comparison->valgrind = report_find_program("valgrind");
        if (comparison->valgrind == NULL) {
            return cmd_fail(cmd_exit_bad_input,
                            "%s--instructions needs valgrind, which is not installed.",
                            comparison->prefix);
        }
    }
    const int status = report_check_plot(comparison);
    return status != cmd_exit_ok ? status : report_check_contenders(comparison);
}

/* ---- 2: the traces ---- */

/* "cc1" of "traces/cc1.tr.xz". */
static char *report_trace_name(const char *path)
{
    static const char *const endings[] = {".xz", ".zst", ".tr"};
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash != NULL ? slash + 1 : path);
    if (name == NULL) return NULL;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const size_t length = strlen(name);
        const size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(name + length - ending, endings[i]) == 0) {
            name[length - ending] = '\0';
        }
    }
    return name;
}

static int report_make_plan(const cmd_comparison *comparison, cmd_replayed *trace)
{
    trace_error error;
    cmd_plan_free(&trace->plan);
    cmd_replay_progress("%sreading %s", comparison->prefix, trace->path);
    const bool is_made =
        cmd_plan_make(trace->path, comparison->with_threads, &trace->plan, &error);
    cmd_replay_progress_end();
    if (is_made) return cmd_exit_ok;
    return cmd_fail(error.is_ours ? cmd_exit_failed : cmd_exit_bad_input, "%s'%s' %s.",
                    comparison->prefix, trace->path, error.text);
}

/* Reads them all, and tells of each that is bad. */
static int report_read_all(cmd_comparison *comparison, char **paths, size_t count)
{
    int status = cmd_exit_ok;
    comparison->trace = calloc(count, sizeof *comparison->trace);
    if (comparison->trace == NULL) {
        return cmd_fail(cmd_exit_failed, "%sthere is no memory.", comparison->prefix);
    }
    for (size_t i = 0; i < count; i++) {
        cmd_replayed *trace = &comparison->trace[comparison->trace_count++];
        trace->path = paths[i];
        trace->plan.descriptor = -1;
        trace->name = report_trace_name(paths[i]);
        const int one = trace->name != NULL ? report_make_plan(comparison, trace)
                                            : cmd_fail(cmd_exit_failed, "%sthere is no memory.",
                                                       comparison->prefix);
        cmd_plan_close(&trace->plan);
        if (status == cmd_exit_ok) status = one;
    }
    return status;
}

/* ---- 3: measuring ---- */

static int report_measure_all(cmd_comparison *comparison)
{
    int status = cmd_exit_ok;
    cmd_replay_catch_signals();
    for (size_t i = 0; i < comparison->trace_count && status == cmd_exit_ok; i++) {
        cmd_replayed *trace = &comparison->trace[i];
        status = report_make_plan(comparison, trace);
        if (status == cmd_exit_ok) status = cmd_replay_measure(comparison, trace);
        cmd_plan_close(&trace->plan);
    }
    cmd_replay_release_signals();
    return status;
}

/* ---- 4: telling ---- */

static int report_print(const cmd_comparison *comparison, FILE *stream)
{
    signal(SIGPIPE, SIG_IGN);
    if (comparison->json) {
        cmd_replay_json(stream, comparison);
    } else {
        cmd_replay_print(stream, comparison);
    }
    if (!ferror(stream) && fflush(stream) == 0) return cmd_exit_ok;
    return cmd_fail(cmd_exit_failed, "%sthe report can't be written: %s.", comparison->prefix,
                    strerror(errno));
}

static int report_tell_cell(const cmd_comparison *comparison, const cmd_replayed *trace,
                            size_t contender)
{
    const cmd_cell *cell = &trace->cell[contender];
    const char *label = comparison->contenders.list[contender].label;
    cmd_buffer count;
    int status = cmd_exit_ok;
    if (cell->failure != NULL) {
        status = cmd_fail(cmd_exit_replay_broken, "%s%s on %s %s.", comparison->prefix, label,
                          trace->name, cell->failure);
    }
    if (cell->damaged > 0) {
        status = cmd_fail(cmd_exit_replay_broken,
                          "%s%s DAMAGED what %s had written: %s words were found changed.",
                          comparison->prefix, label, trace->name,
                          cmd_count_text((uint64_t)cell->damaged, &count));
    }
    if (cell->failed > 0) {
        status = cmd_fail(cmd_exit_replay_broken,
                          "%s%s REFUSED memory to %s: %s allocations returned NULL, so its "
                          "figures are of less than the trace.",
                          comparison->prefix, label, trace->name,
                          cmd_count_text((uint64_t)cell->failed, &count));
    }
    return status;
}

static int report_tell_all(const cmd_comparison *comparison)
{
    int status = cmd_exit_ok;
    for (size_t i = 0; i < comparison->trace_count; i++) {
        for (size_t j = 0; j < comparison->contenders.count; j++) {
            const int one = report_tell_cell(comparison, &comparison->trace[i], j);
            if (one != cmd_exit_ok) status = one;
        }
    }
    return status;
}

static int report_to(cmd_comparison *comparison, FILE *stream)
{
    int status = report_measure_all(comparison);
    if (status != cmd_exit_ok) return status;
    status = report_print(comparison, stream);
    const int drawn = comparison->plot != NULL ? cmd_replay_plot(comparison) : cmd_exit_ok;
    const int told = report_tell_all(comparison);
    if (status != cmd_exit_ok) return status;
    return drawn != cmd_exit_ok ? drawn : told;
}

static void report_free(cmd_comparison *comparison)
{
    for (size_t i = 0; i < comparison->trace_count; i++) {
        cmd_replayed *trace = &comparison->trace[i];
        cmd_plan_free(&trace->plan);
        cmd_cell_free(&trace->null);
        for (size_t j = 0; j < comparison->contenders.count; j++)
            cmd_cell_free(&trace->cell[j]);
        free(trace->name);
    }
    free(comparison->trace);
    free(comparison->replayer);
    free(comparison->valgrind);
}

int cmd_replay_compare(cmd_comparison *comparison, char **paths, size_t path_count)
{
    int status = report_find_all(comparison);
    if (status == cmd_exit_ok) status = report_read_all(comparison, paths, path_count);
    FILE *stream = stdout;
    if (status == cmd_exit_ok && comparison->output != NULL) {
        stream = fopen(comparison->output, "we");
        if (stream == NULL) {
            status = cmd_fail(cmd_exit_bad_input, "%s'%s' can't be written: %s.",
                              comparison->prefix, comparison->output, strerror(errno));
        }
    }
    if (status == cmd_exit_ok) status = report_to(comparison, stream);
    if (stream != NULL && stream != stdout && fclose(stream) != 0 && status == cmd_exit_ok) {
        status = cmd_fail(cmd_exit_failed, "%s'%s' can't be written: %s.", comparison->prefix,
                          comparison->output, strerror(errno));
    }
    report_free(comparison);
    return status;
}
