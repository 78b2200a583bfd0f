/* SPDX-License-Identifier: MIT-0
 *
 * A workload run again and again: each time the next call of the host fails, alone or with all that
 * follow, until no call is left to fail. Each time what fails returns NULL and ENOMEM, everything else
 * works, all invariants hold, no byte of any block changes, and once all is freed and trimmed nothing
 * is left over.
 */
#ifndef OOM_WORKLOAD_H
#define OOM_WORKLOAD_H

#include "fake/testing.h"

#include "books/options.h"
#include "model/strata_engine.h"

#define KIB ST_KIB
#define MIB ST_MIB

#define TAKE(slot, size)                                                                       \
    {                                                                                          \
        script_take, slot, size, 0                                                             \
    }
#define ZERO(slot, count, size)                                                                \
    {                                                                                          \
        script_take_zero, slot, size, count                                                    \
    }
#define ALIGN(slot, alignment, size)                                                           \
    {                                                                                          \
        script_take_aligned, slot, size, alignment                                             \
    }
#define RESIZE(slot, size)                                                                     \
    {                                                                                          \
        script_resize, slot, size, 0                                                           \
    }
#define GIVE(slot)                                                                             \
    {                                                                                          \
        script_give, slot, 0, 0                                                                \
    }
#define TRIM(pad)                                                                              \
    {                                                                                          \
        script_trim, 0, pad, 0                                                                 \
    }
#define THREAD(number)                                                                         \
    {                                                                                          \
        script_thread, 0, number, 0                                                            \
    }
#define LEAVE(number)                                                                          \
    {                                                                                          \
        script_leave, 0, number, 0                                                             \
    }
#define LIMIT(size)                                                                            \
    {                                                                                          \
        script_limit, 0, size, 0                                                               \
    }
#define WAIT(milliseconds)                                                                     \
    {                                                                                          \
        script_wait, 0, milliseconds, 0                                                        \
    }
/* Four blocks of a size in slots from `slot` on, and the end of those. */
#define TAKE_4(slot, size)                                                                     \
    TAKE(slot, size), TAKE((slot) + 1, size), TAKE((slot) + 2, size), TAKE((slot) + 3, size)
#define GIVE_4(slot) GIVE(slot), GIVE((slot) + 1), GIVE((slot) + 2), GIVE((slot) + 3)
#define TAKE_16(slot, size)                                                                    \
    TAKE_4(slot, size), TAKE_4((slot) + 4, size), TAKE_4((slot) + 8, size),                    \
        TAKE_4((slot) + 12, size)
#define GIVE_16(slot) GIVE_4(slot), GIVE_4((slot) + 4), GIVE_4((slot) + 8), GIVE_4((slot) + 12)

typedef struct oom_case {
    const char *name;
    const script_op *op; /* the workload */
    size_t count;
    bool all_later;
    unsigned kinds;
    script_setup setup;
    size_t nth;
} oom_case;

ST_INLINE void oom_complain(const oom_case *c, size_t at, const char *wrong)
{
    fprintf(stderr, "%s: host call %zu fails%s: after operation %zu: %s\n", c->name, c->nth,
            c->all_later ? ", and all later ones" : "", at, wrong);
}

/* After the end of the workload nothing is held but one segment a space and the records. */
ST_INLINE const char *oom_leak(void)
{
    strata_stats stats;
    os_fake_counts counts;
    os_fake_count(&counts);
    if (counts.failed[os_fake_call_release] > 0) return NULL;
    (void)strata_trim(0);
    strata_stats_get(&stats);
    if (stats.live != 0 || stats.cached != 0 || stats.direct_blocks != 0) {
        return "something is live or cached at the end";
    }
    if (stats.slabs != 0 || stats.kept != 0) return "a slab is left over";
    return stats.segments > stats.spaces ? "a segment is left over" : NULL;
}

/* In a child: 0 if all calls of the host worked, 1 if one failed and all is well, 2 if not. */
ST_INLINE int oom_run(void *context)
{
    static script s;
    const oom_case *c = context;
    size_t at = 0;
    script_init(&s);
    s.setup = c->setup;
    s.count = c->count;
    memcpy(s.op, c->op, c->count * sizeof c->op[0]);
    script_apply_setup(&s.setup);
    os_fake_fail(c->kinds, c->nth, c->all_later);
    const char *wrong = script_run_on(&strata_engine, &s, &at);
    os_fake_counts counts;
    os_fake_count(&counts);
    size_t failed = 0;
    for (size_t i = 0; i < os_fake_call_count; i++) failed += counts.failed[i];
    if (wrong == NULL) wrong = oom_leak();
    if (wrong == NULL) return failed > 0;
    oom_complain(c, at, wrong);
    return 2;
}

/* Fails each call of the host in turn. */
ST_INLINE void fail_each(oom_case *c)
{
    size_t failing_runs = 0;
    for (c->nth = 1;; c->nth++) {
        child_end end = child_run(oom_run, c, false);
        if (end.was_killed) oom_complain(c, 0, "it was killed");
        assert_false(end.was_killed);
        assert_true(end.code < 2);
        if (end.code == 0) break;
        failing_runs++;
    }
    assert_true(failing_runs > (STRATA_SLABS ? 5 : 2)); /* or this tries nothing */
}

ST_INLINE oom_case usual_case(const char *name, const script_op *op, size_t count)
{
    static script usual;
    script_init(&usual);
    oom_case c = {name, op, count, false, OS_FAKE_ANY, usual.setup, 0};
    c.setup.segment_size = 64 * KIB;
    c.setup.direct_threshold = 400 * KIB;
    c.setup.trim_threshold = 64 * KIB;
    c.setup.purge_delay = 0;
    return c;
}

ST_INLINE void fail_each_alone_and_with_all_later(oom_case *c)
{
    fail_each(c);
    c->all_later = true;
    fail_each(c);
}

#endif
