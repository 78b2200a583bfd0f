/* SPDX-License-Identifier: MIT-0
 *
 * Property tests: scripts run each in a process of its own; one that fails is shortened until
 * no part of it can be left out, and printed as text that --replay understands.
 *
 *   prop_x                    the seeds that are always run
 *   prop_x FIRST COUNT        these seeds
 *   prop_x --replay FILE      one script from a file
 *   STRATA_PROP_SEEDS=COUNT   that many more seeds
 */
#ifndef SHRINK_H
#define SHRINK_H

#include "base/config.h" /* first: it chooses what the system headers declare */

#include <stdlib.h>
#include <unistd.h>

#include "fake/child.h"
#include "model/random_script.h"

/* Seconds after which a script counts as one that never ends. */
#define SHRINK_PATIENCE 60
/* Tries at most: a script that needs more is short enough. */
#define SHRINK_TRIES 4000

typedef struct shrink_job {
    const script_engine *engine;
    const script *s;
    bool speaks;
} shrink_job;

/* In the child. */
ST_INLINE int shrink_act(void *context)
{
    const shrink_job *job = context;
    size_t at = 0;
    alarm(SHRINK_PATIENCE);
    script_apply_setup(&job->s->setup);
    const char *wrong = script_run_on(job->engine, job->s, &at);
    if (wrong == NULL) return 0;
    if (job->speaks) fprintf(stderr, "after operation %zu: %s\n", at, wrong);
    return 1;
}

ST_INLINE bool shrink_fails(const script_engine *engine, const script *s, bool speaks)
{
    shrink_job job = {engine, s, speaks};
    child_end end = child_run(shrink_act, &job, !speaks);
    if (speaks && end.was_killed) fprintf(stderr, "killed, code %d\n", end.code);
    return end.was_killed || end.code != 0;
}

/* ---- shortening ---- */

typedef struct shrink_state {
    const script_engine *engine;
    script *best; /* fails */
    size_t tries;
} shrink_state;

static script shrink_trial;

/* Takes the trial over if it fails, too. */
ST_INLINE bool shrink_try(shrink_state *state)
{
    if (state->tries++ >= SHRINK_TRIES) return false;
    if (!shrink_fails(state->engine, &shrink_trial, false)) return false;
    *state->best = shrink_trial;
    return true;
}

/* Leaves out runs of `length` operations. */
ST_INLINE bool shrink_cut(shrink_state *state, size_t length)
{
    bool any = false;
    for (size_t from = 0; from < state->best->count;) {
        size_t end = st_min(from + length, state->best->count);
        shrink_trial = *state->best;
        memmove(&shrink_trial.op[from], &shrink_trial.op[end],
                (shrink_trial.count - end) * sizeof shrink_trial.op[0]);
        shrink_trial.count -= end - from;
        if (shrink_try(state)) {
            any = true;
        } else {
            from = end;
        }
    }
    return any;
}

/* Makes sizes smaller, and aligned blocks and zeroed ones plain. */
ST_INLINE bool shrink_simplify(shrink_state *state)
{
    bool any = false;
    for (size_t i = 0; i < state->best->count; i++) {
        script_op *op = &shrink_trial.op[i];
        shrink_trial = *state->best;
        if (op->kind == script_take_aligned || op->kind == script_take_zero) {
            op->kind = script_take;
            op->other = 0;
            if (shrink_try(state)) any = true;
        }
        for (size_t divisor = 2; divisor <= 16; divisor *= 8) {
            shrink_trial = *state->best;
            if (op->size == 0 || op->kind == script_fail) continue;
            op->size -= (op->size + divisor - 1) / divisor;
            if (shrink_try(state)) any = true;
        }
    }
    return any;
}

ST_INLINE void shrink_setup(shrink_state *state)
{
    static script usual;
    script_init(&usual);
    shrink_trial = *state->best;
    shrink_trial.setup.host = usual.setup.host;
    shrink_try(state);
#define SHRINK_OPTION(name)                                                                    \
    shrink_trial = *state->best;                                                               \
    shrink_trial.setup.name = usual.setup.name;                                                \
    shrink_try(state);
    SCRIPT_OPTIONS(SHRINK_OPTION)
#undef SHRINK_OPTION
}

ST_INLINE void shrink(const script_engine *engine, script *s)
{
    shrink_state state = {engine, s, 0};
    bool any = true;
    shrink_setup(&state);
    while (any && state.tries < SHRINK_TRIES) {
        any = false;
        for (size_t length = st_max(s->count / 2, 1); length > 0; length /= 2) {
            if (shrink_cut(&state, length)) any = true;
        }
        if (shrink_simplify(&state)) any = true;
    }
}

/* ---- the main program of a property test ---- */

ST_INLINE bool shrink_run(const script_engine *engine, script *s)
{
    if (!shrink_fails(engine, s, false)) return true;
    fprintf(stderr, "seed %zu fails: shortening it\n", s->seed);
    shrink(engine, s);
    script_print(s);
    return !shrink_fails(engine, s, true);
}

ST_INLINE int shrink_main(int argc, char **argv, const script_engine *engine, size_t count)
{
    static script s;
    size_t first = 1;
    const char *more = getenv("STRATA_PROP_SEEDS");
    if (more != NULL) count += (size_t)strtoul(more, NULL, 10);
    if (argc == 3 && strcmp(argv[1], "--replay") == 0) {
        if (script_read(&s, argv[2]) && !shrink_fails(engine, &s, true)) return EXIT_SUCCESS;
        return EXIT_FAILURE;
    }
    if (argc == 3) {
        first = (size_t)strtoul(argv[1], NULL, 10);
        count = (size_t)strtoul(argv[2], NULL, 10);
    }
    for (size_t seed = first; seed < first + count; seed++) {
        script_make(&s, seed);
        if (!shrink_run(engine, &s)) return EXIT_FAILURE;
    }
    printf("%zu scripts ran as the model wants\n", count);
    return EXIT_SUCCESS;
}

#endif
