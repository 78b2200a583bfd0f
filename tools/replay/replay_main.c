/* SPDX-License-Identifier: MIT-0
 *
 * The steps of a run, and its arguments.
 *
 *   1 read the arguments      4 read the memory        6 the other passes, the warm ones
 *   2 map the plan, check it  5 the first pass, the    7 write the results
 *   3 make and touch tables     cold one
 *
 * After step 3 the replayer touches nothing of its own that it has not touched before.
 */
#define _GNU_SOURCE
#include "replay.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>

enum { main_pass_max = 1000000, main_sample_max = 1000000 };

/* What is asked for on the command line. */
typedef struct main_request {
    bool null; /* no allocator */
    replay_touch touch;
    uint64_t pass_count;
    uint64_t sample_count;
} main_request;

typedef struct main_state {
    main_request request;
    const replay_plan *plan;
    replay_run run;
    replay_threads *threads; /* NULL if it is replayed without */
    replay_samples samples;
    replay_memory start;
    replay_memory cold;
    replay_faults cold_faults;
    replay_faults warm_faults; /* of all warm passes */
} main_state;

/* ---- arguments ---- */

static uint64_t main_number(const char *text, uint64_t max)
{
    uint64_t number = 0;
    const char *digit = text;
    for (; digit != NULL && *digit >= '0' && *digit <= '9' && number <= max; digit++) {
        number = number * 10 + (uint64_t)(*digit - '0');
    }
    if (digit == NULL || digit == text || *digit != '\0' || number > max) {
        replay_die(replay_exit_bad_input,
                   "an argument's number is missing or not in its range");
    }
    return number;
}

static replay_touch main_touch(const char *text)
{
    if (text != NULL && strcmp(text, "pages") == 0) return replay_touch_pages;
    if (text != NULL && strcmp(text, "all") == 0) return replay_touch_all;
    if (text != NULL && strcmp(text, "none") == 0) return replay_touch_none;
    replay_die(replay_exit_bad_input, "--touch wants pages, all or none");
}

static void main_read_arguments(main_request *request, char **argument)
{
    *request = (main_request){.touch = replay_touch_pages, .pass_count = 1};
    while (*argument != NULL) {
        const char *name = *argument++;
        if (strcmp(name, "--null") == 0) {
            request->null = true;
            continue;
        }
        if (strcmp(name, "--passes") == 0) {
            request->pass_count = main_number(*argument, main_pass_max);
        } else if (strcmp(name, "--samples") == 0) {
            request->sample_count = main_number(*argument, main_sample_max);
        } else if (strcmp(name, "--touch") == 0) {
            request->touch = main_touch(*argument);
        } else {
            replay_die(replay_exit_bad_input,
                       "the replayer knows --null, --passes, --touch and --samples only");
        }
        argument++;
    }
    if (request->pass_count == 0) {
        replay_die(replay_exit_bad_input, "there is at least one pass");
    }
}

/* ---- passes ---- */

static void main_run(main_state *state, uint64_t first, uint64_t end)
{
    const uint64_t tail = state->plan->tail_op;
    if (first < tail) replay_run_ops(&state->run, first, end < tail ? end : tail);
    if (end > tail) replay_run_tail(&state->run, first > tail ? first : tail, end);
}

/* All operations, with the memory read at the samples. */
static void main_run_sampled(main_state *state)
{
    uint64_t done = 0;
    for (uint64_t i = 0; i < state->samples.count; i++) {
        replay_sample *const sample = &state->samples.sample[i];
        main_run(state, done, sample->op);
        sample->rss = replay_read_rss();
        done = sample->op;
    }
    main_run(state, done, state->plan->op_count);
}

/* The clocks are read outside of the marks: between them are the allocator's system calls only. */
static void main_pass(main_state *state, bool is_first)
{
    if (state->threads != NULL) replay_threads_reset(state->threads);
    const uint64_t cpu = replay_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    const uint64_t wall = replay_clock_ns(CLOCK_MONOTONIC);
    if (is_first) replay_mark("begin");
    if (state->threads != NULL) {
        replay_threads_run(state->threads);
    } else if (is_first) {
        main_run_sampled(state);
    } else {
        main_run(state, 0, state->plan->op_count);
    }
    if (is_first) replay_mark("end");
    const uint64_t wall_end = replay_clock_ns(CLOCK_MONOTONIC);
    const uint64_t cpu_end = replay_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    replay_line("pass", 2, (uint64_t[]){cpu_end - cpu, wall_end - wall});
}

static void main_run_passes(main_state *state)
{
    replay_faults start;
    if (state->threads != NULL) replay_threads_reset(state->threads); /* touches its tables */
    replay_read_memory(&state->start);
    replay_reset_peak();
    replay_read_faults(&start);
    main_pass(state, true);
    replay_read_faults(&state->cold_faults);
    replay_read_memory(&state->cold);
    replay_line("ops", 1, &state->plan->op_count);
    replay_faults before;
    replay_faults after;
    replay_read_faults(&before);
    for (uint64_t i = 1; i < state->request.pass_count; i++) main_pass(state, false);
    replay_read_faults(&after);
    state->cold_faults.minor -= start.minor;
    state->cold_faults.major -= start.major;
    state->warm_faults.minor = after.minor - before.minor;
}

/* ---- results ---- */

/* The kernel keeps the peak by counters that are exact to some dozen pages only; what a sample
 * reads is exact (Linux 6.16 and later). */
static uint64_t main_peak_rss(const main_state *state)
{
    uint64_t peak = state->cold.peak_rss;
    for (uint64_t i = 0; i < state->samples.count; i++) {
        if (state->samples.sample[i].rss > peak) peak = state->samples.sample[i].rss;
    }
    return peak;
}

static void main_line(const char *name, uint64_t value) { replay_line(name, 1, &value); }

static void main_write_results(const main_state *state)
{
    replay_memory warm;
    replay_counts counts = state->run.counts;
    replay_read_memory(&warm);
    if (state->threads != NULL) replay_threads_counts(state->threads, &counts);
    const uint64_t warm_count = state->request.pass_count - 1;
    main_line("start_rss", state->start.rss);
    main_line("peak_rss", main_peak_rss(state));
    main_line("end_rss", state->cold.rss);
    main_line("file_rss", state->cold.file_rss);
    main_line("warm_end_rss", warm.rss);
    main_line("minor_faults", state->cold_faults.minor);
    main_line("major_faults", state->cold_faults.major);
    main_line("warm_faults", warm_count != 0 ? state->warm_faults.minor / warm_count : 0);
    main_line("damaged", counts.damaged);
    main_line("failed", counts.failed);
    for (uint64_t i = 0; i < state->samples.count; i++) {
        const replay_sample *sample = &state->samples.sample[i];
        replay_line("sample", 3, (uint64_t[]){sample->op, sample->live, sample->rss});
    }
    replay_line_flush();
}

int main(int argc, char **argv)
{
    static main_state state;
    main_read_arguments(&state.request, argv + (argc > 0));
    if (fcntl(replay_result_descriptor, F_GETFD) < 0) {
        replay_die(replay_exit_bad_input,
                   "descriptor 4 is missing; this program is for `strata replay` to start");
    }
    state.plan = replay_map_plan();
    replay_calls_get(&state.run.calls, state.request.null);
    state.run.op = replay_plan_ops(state.plan);
    state.run.touch = state.request.touch;
    replay_samples_make(&state.samples, state.plan, state.request.sample_count);
    if (state.plan->thread_count > 1) {
        state.threads = replay_threads_make(state.plan, &state.run, &state.samples);
    } else {
        state.run.slot = replay_map_memory(state.plan->slot_count * sizeof *state.run.slot);
    }
    main_run_passes(&state);
    main_write_results(&state);
    return replay_exit_ok;
}
