/* SPDX-License-Identifier: MIT-0
 *
 * Scripts: lists of operations on numbered slots, made at random or read from text, and run on
 * an engine with the model as judge. Every part of a script is a script, whatever is left out,
 * so that a failing one can be shortened by trial.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdio.h>

#include "base/bits.h"
#include "books/options.h"
#include "fake/crew.h"
#include "fake/os_fake.h"
#include "model/model.h"

/* ---- the script ---- */

typedef enum script_kind {
    script_take,         /* size */
    script_take_zero,    /* other elements of size */
    script_take_aligned, /* size at a multiple of other */
    script_resize,       /* to size */
    script_give,
    script_trim,   /* all but size */
    script_fail,   /* the size-th call of the host from now, of the kinds in other */
    script_thread, /* thread number size (of a few) does what follows */
    script_leave,  /* thread number size ends */
    script_limit,  /* the option magazine_limit becomes size */
    script_wait,   /* size milliseconds pass */
    script_kind_count
} script_kind;

typedef struct script_op {
    script_kind kind;
    unsigned slot;
    size_t size, other;
} script_op;

/* The options that scripts vary. */
#define SCRIPT_OPTIONS(X)                                                                      \
    X(quick_limit)                                                                             \
    X(magazine_limit)                                                                          \
    X(trim_threshold)                                                                          \
    X(trim_pad) X(segment_size) X(dirty_max) X(purge_rate) X(purge_delay) X(direct_threshold) X(direct_cache)

typedef struct script_setup {
    os_fake_config host;
#define SCRIPT_FIELD(name) size_t name;
    SCRIPT_OPTIONS(SCRIPT_FIELD)
#undef SCRIPT_FIELD
} script_setup;

#define SCRIPT_SLOTS 256
#define SCRIPT_THREADS 4 /* 0 is the main one, which also checks */
#define SCRIPT_OPS_MAX 4096

typedef struct script {
    size_t seed;
    script_setup setup;
    size_t count;
    script_op op[SCRIPT_OPS_MAX];
} script;

ST_INLINE void script_init(script *s)
{
    s->seed = 0;
    s->count = 0;
    s->setup.host = os_fake_usual;
#define SCRIPT_INIT(name) s->setup.name = st_option_describe(st_option_id_##name)->initial;
    SCRIPT_OPTIONS(SCRIPT_INIT)
#undef SCRIPT_INIT
}

/* ---- as text: lines of C, more or less, that can be read again ---- */

ST_INLINE void script_print_op(const script_op *op)
{
    static const char *const format[script_kind_count] = {
        "p[%u] = take(%zu);\n",
        "p[%u] = take_zero(%zu, %zu);\n",
        "p[%u] = take_aligned(%zu, %zu);\n",
        "p[%u] = resize(%zu);\n",
        "p[%u] = give();\n",
        "p[%u] = trim(%zu);\n",
        "p[%u] = fail(%zu, %zu);\n",
        "p[%u] = thread(%zu);\n",
        "p[%u] = leave(%zu);\n",
        "p[%u] = limit(%zu);\n",
        "p[%u] = wait(%zu);\n",
    };
    fprintf(stderr, format[op->kind], op->slot, op->size, op->other);
}

ST_INLINE void script_print(const script *s)
{
    const os_fake_config *host = &s->setup.host;
    fprintf(stderr, "seed = %zu;\n", s->seed);
    fprintf(stderr, "host = %zu, %zu, %d%d%d%d%d%d;\n", host->page_size, host->gap,
            host->refuses_purge, host->refuses_decommit, host->refuses_resize,
            host->refuses_move, host->refuses_reserve_at, host->refuses_part_release);
#define SCRIPT_PRINT(name) fprintf(stderr, #name " = %zu;\n", s->setup.name);
    SCRIPT_OPTIONS(SCRIPT_PRINT)
#undef SCRIPT_PRINT
    for (size_t i = 0; i < s->count; i++) script_print_op(&s->op[i]);
}

ST_INLINE bool script_read_op(const char *line, script_op *op)
{
    static const char *const format[script_kind_count] = {
        "p[%u] = take(%zu)",
        "p[%u] = take_zero(%zu, %zu)",
        "p[%u] = take_aligned(%zu, %zu)",
        "p[%u] = resize(%zu)",
        "p[%u] = give(%n",
        "p[%u] = trim(%zu)",
        "p[%u] = fail(%zu, %zu)",
        "p[%u] = thread(%zu)",
        "p[%u] = leave(%zu)",
        "p[%u] = limit(%zu)",
        "p[%u] = wait(%zu)",
    };
    for (unsigned kind = 0; kind < script_kind_count; kind++) {
        *op = (script_op){.kind = (script_kind)kind};
        int found = 0, end = 0;
        if (kind == script_give) {
            found = sscanf(line, format[kind], &op->slot, &end);
            if (found == 1 && end > 0) return op->slot < SCRIPT_SLOTS;
            continue;
        }
        found = sscanf(line, format[kind], &op->slot, &op->size, &op->other);
        if (found >= 2) return op->slot < SCRIPT_SLOTS;
    }
    return false;
}

ST_INLINE void script_read_host(const char *line, os_fake_config *host)
{
    char ways[7] = "000000";
    if (sscanf(line, "host = %zu, %zu, %6s", &host->page_size, &host->gap, ways) != 3) return;
    host->refuses_purge = ways[0] == '1';
    host->refuses_decommit = ways[1] == '1';
    host->refuses_resize = ways[2] == '1';
    host->refuses_move = ways[3] == '1';
    host->refuses_reserve_at = ways[4] == '1';
    host->refuses_part_release = ways[5] == '1';
}

ST_INLINE bool script_read(script *s, const char *path)
{
    char line[256];
    FILE *file = fopen(path, "r");
    script_init(s);
    if (file == NULL) return false;
    while (fgets(line, sizeof line, file) != NULL && s->count < SCRIPT_OPS_MAX) {
        (void)sscanf(line, "seed = %zu", &s->seed);
        script_read_host(line, &s->setup.host);
#define SCRIPT_READ(name) (void)sscanf(line, #name " = %zu", &s->setup.name);
        SCRIPT_OPTIONS(SCRIPT_READ)
#undef SCRIPT_READ
        if (script_read_op(line, &s->op[s->count])) s->count++;
    }
    fclose(file);
    return true;
}

/* ---- running ---- */

/* What a script runs on. All but the last five as the C library has them. */
typedef struct script_engine {
    void *(*take)(size_t size);
    void *(*take_zero)(size_t count, size_t size);
    void *(*take_aligned)(size_t alignment, size_t size);
    void *(*resize)(void *mem, size_t size);
    void (*give)(void *mem);
    size_t (*usable)(const void *mem);
    void (*trim)(size_t pad);
    /* Number of broken invariants. */
    int (*check)(const char **first);
    /* A sentence if what the engine tells of itself is not so. */
    const char *(*account)(const model *blocks);
    /* Called first of all; and changes the option magazine_limit. These two may be NULL. */
    void (*start)(void);
    void (*limit)(size_t size);
} script_engine;

/* Operations between two checks of the whole. */
#define SCRIPT_CHECK_PERIOD 16

typedef struct script_run {
    const script_engine *engine;
    model blocks;
    void *slot[SCRIPT_SLOTS];
    size_t failed; /* calls of the host that had failed before this operation */
    size_t thread; /* who does what */
    const script_op *op;
    const char *result; /* and what came of it */
    unsigned clock;
    char wrong[160];
} script_run;

ST_INLINE const char *script_give_slot(script_run *run, unsigned slot)
{
    void *mem = run->slot[slot];
    if (mem == NULL) return NULL;
    const char *wrong = model_check(&run->blocks, mem, run->engine->usable(mem));
    if (wrong != NULL) return wrong;
    run->engine->give(mem);
    model_remove(&run->blocks, mem);
    run->slot[slot] = NULL;
    return NULL;
}

/* NULL is an answer only if the host failed a call meanwhile. */
ST_INLINE const char *script_excuse(const script_run *run)
{
    return os_fake_failed() > run->failed ? NULL : "there is memory, and NULL was returned";
}

ST_INLINE const char *script_take_slot(script_run *run, const script_op *op)
{
    const script_engine *engine = run->engine;
    size_t alignment = op->kind == script_take_aligned ? op->other : STRATA_ALIGNMENT;
    size_t req = op->kind == script_take_zero ? op->size * op->other : op->size;
    const char *wrong = script_give_slot(run, op->slot);
    if (wrong != NULL) return wrong;
    void *mem;
    if (op->kind == script_take_zero) {
        mem = engine->take_zero(op->other, op->size);
    } else if (op->kind == script_take_aligned) {
        mem = engine->take_aligned(alignment, req);
    } else {
        mem = engine->take(req);
    }
    if (mem == NULL) return script_excuse(run);
    if (op->kind == script_take_zero && !model_is_zero(mem, req)) return "bytes are not zero";
    run->slot[op->slot] = mem;
    return model_add(&run->blocks, mem, req, engine->usable(mem),
                     alignment > STRATA_ALIGNMENT ? alignment : STRATA_ALIGNMENT);
}

ST_INLINE const char *script_resize_slot(script_run *run, const script_op *op)
{
    void *old = run->slot[op->slot];
    if (old == NULL)
        return script_take_slot(run, &(script_op){script_take, op->slot, op->size, 0});
    const char *wrong = model_check(&run->blocks, old, run->engine->usable(old));
    if (wrong != NULL) return wrong;
    void *mem = run->engine->resize(old, op->size);
    if (mem == NULL) {
        wrong = model_check(&run->blocks, old, run->engine->usable(old));
        return wrong != NULL ? wrong : script_excuse(run);
    }
    run->slot[op->slot] = mem;
    return model_resize(&run->blocks, old, mem, op->size, run->engine->usable(mem),
                        STRATA_ALIGNMENT);
}

/* What the thread does whose turn it is. */
ST_INLINE const char *script_do_here(script_run *run, const script_op *op)
{
    switch (op->kind) {
    case script_take:
    case script_take_zero:
    case script_take_aligned: return script_take_slot(run, op);
    case script_resize: return script_resize_slot(run, op);
    case script_give: return script_give_slot(run, op->slot);
    case script_trim: run->engine->trim(op->size); return NULL;
    case script_limit:
        if (run->engine->limit != NULL) run->engine->limit(op->size);
        return NULL;
    default: return NULL;
    }
}

ST_INLINE void script_act(void *context)
{
    script_run *run = context;
    run->result = script_do_here(run, run->op);
}

ST_INLINE const char *script_do(script_run *run, const script_op *op)
{
    run->failed = os_fake_failed();
    run->op = op;
    switch (op->kind) {
    case script_fail: os_fake_fail((unsigned)op->other, op->size, false); return NULL;
    case script_thread: run->thread = op->size % SCRIPT_THREADS; return NULL;
    case script_leave: crew_end(op->size % SCRIPT_THREADS); return NULL;
    case script_wait:
        os_fake_set_clock(run->clock += (unsigned)(op->size % 100000));
        return NULL;
    default: crew_do(run->thread, script_act, run); return run->result;
    }
}

ST_INLINE const char *script_check(script_run *run)
{
    const char *first = NULL;
    int broken = run->engine->check(&first);
    if (broken == 0) return run->engine->account(&run->blocks);
    snprintf(run->wrong, sizeof run->wrong, "%d invariants are broken, the first is %s", broken,
             first);
    return run->wrong;
}

/* All threads end. Frees all blocks, every second one first. */
ST_INLINE const char *script_end(script_run *run)
{
    const char *wrong = script_check(run);
    crew_end_all();
    if (wrong == NULL) wrong = script_check(run);
    for (unsigned i = 0; i < 2 * SCRIPT_SLOTS && wrong == NULL; i += 2) {
        wrong = script_give_slot(run, i % SCRIPT_SLOTS + (i >= SCRIPT_SLOTS));
    }
    if (wrong == NULL) wrong = script_check(run);
    if (wrong != NULL) return wrong;
    run->engine->trim(0);
    return script_check(run);
}

ST_INLINE void script_apply_setup(const script_setup *setup)
{
    os_fake_configure(&setup->host);
    os_fake_fail(OS_FAKE_ANY, 0, false);
#define SCRIPT_APPLY(name) st_option_set(st_option_id_##name, setup->name);
    SCRIPT_OPTIONS(SCRIPT_APPLY)
#undef SCRIPT_APPLY
}

/* Runs the operations on an engine whose options are set. NULL, or what went wrong; *at is the
 * operation after which that was seen. */
ST_INLINE const char *script_run_on(const script_engine *engine, const script *s, size_t *at)
{
    static script_run run;
    memset(&run, 0, sizeof run);
    run.engine = engine;
    run.clock = 1;
    if (engine->start != NULL) engine->start();
    for (*at = 0; *at < s->count; ++*at) {
        const char *wrong = script_do(&run, &s->op[*at]);
        if (wrong == NULL && *at % SCRIPT_CHECK_PERIOD == 0) wrong = script_check(&run);
        if (wrong != NULL) return wrong;
    }
    os_fake_fail(OS_FAKE_ANY, 0, false);
    return script_end(&run);
}

#endif
