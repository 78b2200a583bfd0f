/* SPDX-License-Identifier: MIT-0
 *
 * All runs of one trace. In every round the null run and each contender run once, each round
 * beginning with another one, so that whatever the machine does beside hits them all alike.
 * Before, one run tells how many passes make the time long enough to be measured; afterwards
 * come the runs that count what no other run shall be disturbed by.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The warm passes of a process together take about this long, but not the cold one. */
static const double rounds_warm_ns = 0.25e9;
enum { rounds_passes_min = 3, rounds_passes_max = 400, rounds_samples = 200 };

/* ---- progress ---- */

static struct {
    volatile sig_atomic_t is_shown;
} rounds_progress;

void cmd_replay_progress(const char *format, ...)
{
    char line[200];
    va_list arguments;
    if (!isatty(STDERR_FILENO)) return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    rounds_progress.is_shown = 1;
    fprintf(stderr, "\r\033[K%.78s", line);
    fflush(stderr);
}

/* Also called where a signal ends us. */
void cmd_replay_progress_end(void)
{
    static const char clear[] = "\r\033[K";
    if (rounds_progress.is_shown == 0) return;
    rounds_progress.is_shown = 0;
    if (write(STDERR_FILENO, clear, sizeof clear - 1) < 0) return;
}

/* ---- one run ---- */

typedef struct rounds_place {
    const cmd_comparison *comparison;
    cmd_replayed *trace;
} rounds_place;

/* The null run comes first, as number 0. */
static cmd_cell *rounds_cell(const rounds_place *place, size_t number)
{
    return number == 0 ? &place->trace->null : &place->trace->cell[number - 1];
}

static const cmd_contender *rounds_contender(const rounds_place *place, size_t number)
{
    return number == 0 ? NULL : &place->comparison->contenders.list[number - 1];
}

static const char *rounds_label(const rounds_place *place, size_t number)
{
    return number == 0 ? "nothing" : place->comparison->contenders.list[number - 1].label;
}

/* One sample is taken where the most lives: it is exact, which the kernel's own peak is not. */
static cmd_replay_start rounds_start(const rounds_place *place, size_t number)
{
    return (cmd_replay_start){
        .replayer = place->comparison->replayer,
        .plan = &place->trace->plan,
        .contender = rounds_contender(place, number),
        .touch = place->comparison->touch,
        .passes = place->trace->passes,
        .samples = 1,
    };
}

static void rounds_say(const rounds_place *place, const char *what, size_t number)
{
    cmd_replay_progress("%s%s, %s on %s", place->comparison->prefix, what, place->trace->name,
                        rounds_label(place, number));
}

/* One more run of a contender, unless it has failed before. */
static void rounds_run(const rounds_place *place, size_t number)
{
    cmd_cell *cell = rounds_cell(place, number);
    if (cell->failure != NULL) return;
    const cmd_replay_start start = rounds_start(place, number);
    cmd_replay_run *run = &cell->run[cell->run_count];
    cell->failure = cmd_replay_run_once(&start, run);
    if (cell->failure == NULL) {
        cell->run_count++;
    } else {
        cmd_replay_run_free(run);
    }
}

/* ---- the steps ---- */

/* So many passes that the warm ones are long enough on the system's allocator. */
static char *rounds_choose_passes(const rounds_place *place)
{
    static const cmd_contender system = {.label = NULL};
    cmd_replayed *trace = place->trace;
    trace->passes = place->comparison->passes;
    if (trace->passes != 0) return NULL;
    cmd_replay_progress("%slooking how long %s takes", place->comparison->prefix, trace->name);
    cmd_replay_start start = rounds_start(place, 0);
    cmd_replay_run run;
    start.contender = &system;
    start.passes = 2;
    char *failure = cmd_replay_run_once(&start, &run);
    if (failure == NULL) {
        const double passes =
            1 + ceil(rounds_warm_ns / (run.pass[run.pass_count - 1].cpu_ns + 1));
        trace->passes = passes < rounds_passes_min   ? rounds_passes_min
                        : passes > rounds_passes_max ? rounds_passes_max
                                                     : (unsigned)passes;
    }
    cmd_replay_run_free(&run);
    return failure;
}

static void rounds_measure(const rounds_place *place)
{
    const size_t count = place->comparison->contenders.count + 1;
    const unsigned rounds = place->comparison->rounds;
    for (unsigned round = 0; round < rounds; round++) {
        char what[64];
        snprintf(what, sizeof what, "round %u of %u", round + 1, rounds);
        for (size_t i = 0; i < count; i++) {
            const size_t number = (i + round) % count;
            rounds_say(place, what, number);
            rounds_run(place, number);
            if (number == 0 && place->trace->null.failure != NULL) return;
        }
    }
}

static void rounds_count_calls(const rounds_place *place, size_t number)
{
    cmd_cell *cell = rounds_cell(place, number);
    cell->calls = NAN;
    if (cell->failure != NULL) return;
    cmd_replay_start start = rounds_start(place, number);
    start.passes = 1;
    start.samples = 0;
    rounds_say(place, "counting system calls", number);
    cell->failure = cmd_replay_count_calls(&start, &cell->calls);
}

static void rounds_count_instructions(const rounds_place *place, size_t number)
{
    cmd_cell *cell = rounds_cell(place, number);
    cell->instructions = NAN;
    if (!place->comparison->with_instructions || cell->failure != NULL) return;
    cmd_replay_start start = rounds_start(place, number);
    start.passes = 1;
    start.samples = 0;
    rounds_say(place, "counting instructions", number);
    char *failure =
        cmd_replay_count_instructions(&start, place->comparison->valgrind, &cell->instructions);
    if (failure == NULL) return;
    cmd_replay_progress_end();
    cmd_warn("%s%s on %s %s under valgrind; its instructions are not known.",
             place->comparison->prefix, rounds_label(place, number), place->trace->name,
             failure);
    free(failure);
}

/* Memory over the operations, for the plots. */
static void rounds_sample(const rounds_place *place, size_t number)
{
    cmd_cell *cell = rounds_cell(place, number);
    if (place->comparison->plot == NULL || cell->failure != NULL) return;
    cmd_replay_start start = rounds_start(place, number);
    start.passes = 1;
    start.samples = rounds_samples;
    rounds_say(place, "watching memory", number);
    cell->failure = cmd_replay_run_once(&start, &cell->sampled);
}

/* False if there is no memory for the runs. */
static bool rounds_make_room(const rounds_place *place)
{
    for (size_t i = 0; i <= place->comparison->contenders.count; i++) {
        cmd_cell *cell = rounds_cell(place, i);
        cell->run = calloc(place->comparison->rounds, sizeof *cell->run);
        if (cell->run == NULL) return false;
    }
    return true;
}

/* The null run is ours alone: if that fails, nothing can be said of anyone. */
static int rounds_end(const rounds_place *place, char *failure)
{
    int status = cmd_exit_ok;
    cmd_replay_progress_end();
    if (failure != NULL) {
        status = cmd_fail(cmd_exit_failed, "%sstrata-replayer on %s %s.",
                          place->comparison->prefix, place->trace->name, failure);
    }
    free(failure);
    return status;
}

int cmd_replay_measure(const cmd_comparison *comparison, cmd_replayed *trace)
{
    const rounds_place place = {comparison, trace};
    if (!rounds_make_room(&place)) {
        return cmd_fail(cmd_exit_failed, "%sthere is no memory.", comparison->prefix);
    }
    char *failure = rounds_choose_passes(&place);
    if (failure != NULL) return rounds_end(&place, failure);
    rounds_measure(&place);
    for (size_t i = 0; i <= comparison->contenders.count; i++) {
        if (trace->null.failure != NULL) break;
        rounds_count_calls(&place, i);
        rounds_count_instructions(&place, i);
        rounds_sample(&place, i);
    }
    failure = trace->null.failure;
    trace->null.failure = NULL;
    if (failure == NULL) cmd_figures_fill(trace, comparison->contenders.count);
    return rounds_end(&place, failure);
}
