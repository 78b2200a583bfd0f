/* SPDX-License-Identifier: MIT-0
 *
 * Scripts made from a seed: the same seed, the same script. The seed also chooses how sizes are
 * distributed, the options, and the ways of the host.
 */
#ifndef RANDOM_SCRIPT_H
#define RANDOM_SCRIPT_H

#include "model/script.h"

typedef struct random_source {
    uint64_t state;
} random_source;

/* xorshift64*: any of its generators would do. */
ST_INLINE uint64_t random_word(random_source *source)
{
    source->state ^= source->state >> 12;
    source->state ^= source->state << 25;
    source->state ^= source->state >> 27;
    return source->state * UINT64_C(2685821657736338717);
}

ST_INLINE size_t random_below(random_source *source, size_t limit)
{
    return (size_t)((random_word(source) >> 16) % limit);
}

ST_INLINE size_t random_from(random_source *source, size_t low, size_t high)
{
    return low + random_below(source, high - low + 1);
}

ST_INLINE size_t random_choice(random_source *source, const size_t *of, size_t count)
{
    return of[random_below(source, count)];
}

#define RANDOM_OF(source, ...)                                                                 \
    random_choice(source, (const size_t[]){__VA_ARGS__},                                       \
                  sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t))

/* ---- sizes ---- */

typedef enum random_shape {
    random_tiny,
    random_small,
    random_slab,  /* what threads keep in magazines, and the border above */
    random_flood, /* so many of one or two small sizes that magazines fill */
    random_shelf, /* what threads keep on shelves, and both borders */
    random_medium,
    random_large,
    random_direct,
    random_few,      /* a handful of sizes */
    random_mixed,    /* each power of two equally */
    random_sawtooth, /* mixed; all is taken, then all is given */
    random_shape_count
} random_shape;

ST_INLINE size_t random_size(random_source *source, random_shape shape)
{
    static const size_t few[] = {8, 24, 40, 100, 504, 520, 1000, 4096, 8000, 70000};
    switch (shape) {
    case random_tiny: return random_from(source, 0, 64);
    case random_small: return random_from(source, 0, 530);
    case random_slab: return random_from(source, 0, 1100);
    case random_flood: return RANDOM_OF(source, 16, 16, 48, 1024);
    case random_shelf: return random_from(source, 900, (size_t)2048 << random_below(source, 8));
    case random_medium: return random_from(source, 400, 9000);
    case random_large: return random_from(source, 8000, 200 * ST_KIB);
    case random_direct: return random_from(source, 60 * ST_KIB, 600 * ST_KIB);
    case random_few: return random_choice(source, few, sizeof few / sizeof few[0]);
    default: {
        size_t bits = random_from(source, 0, 17);
        return random_from(source, 0, (size_t)1 << bits);
    }
    }
}

/* ---- operations ---- */

ST_INLINE script_op random_take(random_source *source, random_shape shape, unsigned slot)
{
    script_op op = {script_take, slot, random_size(source, shape), 0};
    size_t dice = random_below(source, 16);
    if (dice == 0) {
        op.kind = script_take_aligned;
        op.other = (size_t)STRATA_ALIGNMENT << random_below(source, 9);
        if (random_below(source, 16) == 0) op.other <<= random_below(source, 8);
    } else if (dice <= 3) {
        op.kind = script_take_zero;
        op.other = random_from(source, 1, 9);
        op.size = op.size / op.other;
    }
    return op;
}

/* What happens to a heap beside its calls. */
ST_INLINE script_op random_event(random_source *source, unsigned slot)
{
    size_t thread = random_below(source, SCRIPT_THREADS);
    switch (random_below(source, 8)) {
    case 0: return (script_op){script_leave, slot, thread, 0};
    case 1:
        return (script_op){script_limit, slot, RANDOM_OF(source, 0, 500, 5000, 64 * ST_KIB), 0};
    case 2: return (script_op){script_wait, slot, RANDOM_OF(source, 1, 500, 5000), 0};
    default: return (script_op){script_thread, slot, thread, 0};
    }
}

ST_INLINE script_op random_op(random_source *source, random_shape shape, unsigned slots,
                              bool faults)
{
    unsigned slot = (unsigned)random_below(source, slots);
    size_t dice = random_below(source, 100);
    if (dice < 48) return random_take(source, shape, slot);
    if (dice < 60) return (script_op){script_resize, slot, random_size(source, shape), 0};
    if (dice < 97) return (script_op){script_give, slot, 0, 0};
    if (dice < 98 || !faults) {
        if (random_below(source, 3) > 0) return random_event(source, slot);
        return (script_op){script_trim, slot, RANDOM_OF(source, 0, 0, 4096, 100000), 0};
    }
    size_t kinds = RANDOM_OF(source, OS_FAKE_ANY & ~OS_FAKE_ONLY(release), OS_FAKE_ONLY(commit),
                             OS_FAKE_ANY, OS_FAKE_ONLY(map) | OS_FAKE_ONLY(reserve));
    return (script_op){script_fail, slot, random_from(source, 1, 4), kinds};
}

ST_INLINE void random_sawtooth_ops(random_source *source, script *s, unsigned slots)
{
    while (s->count + 2 * slots <= SCRIPT_OPS_MAX / 3) {
        random_shape shape = (random_shape)random_below(source, random_shape_count);
        bool upward = random_below(source, 2);
        unsigned step = (unsigned)RANDOM_OF(source, 1, 2, 3);
        for (unsigned slot = 0; slot < slots; slot++) {
            s->op[s->count++] = random_take(source, shape, slot);
        }
        for (unsigned i = 0; i < slots; i += step) {
            unsigned slot = upward ? i : slots - 1 - i;
            s->op[s->count++] = (script_op){script_give, slot, 0, 0};
        }
    }
}

/* ---- the setup ---- */

ST_INLINE void random_setup(random_source *source, script_setup *setup)
{
    os_fake_config *host = &setup->host;
    if (random_below(source, 4) == 0) host->page_size = RANDOM_OF(source, 16384, 65536);
    if (random_below(source, 8) == 0) host->gap = 65536;
    host->refuses_purge = random_below(source, 8) == 0;
    host->refuses_decommit = random_below(source, 8) == 0;
    host->refuses_resize = random_below(source, 6) == 0;
    host->refuses_move = random_below(source, 6) == 0;
    host->refuses_reserve_at = random_below(source, 4) == 0;
    setup->magazine_limit =
        RANDOM_OF(source, 0, 1000, 8192, 64 * ST_KIB, 64 * ST_KIB, 64 * ST_KIB);
    setup->quick_limit = RANDOM_OF(source, 0, 300, 8192, 64 * ST_KIB);
    setup->trim_threshold = RANDOM_OF(source, 0, 64 * ST_KIB, 2 * ST_MIB, SIZE_MAX);
    setup->trim_pad = RANDOM_OF(source, 0, 5000, 64 * ST_KIB);
    setup->segment_size = RANDOM_OF(source, 64 * ST_KIB, 64 * ST_KIB, ST_MIB, 4 * ST_MIB);
    setup->dirty_max = RANDOM_OF(source, 0, 64 * ST_KIB, ST_MIB, SIZE_MAX);
    setup->purge_rate = RANDOM_OF(source, 0, 64 * ST_KIB, SIZE_MAX, SIZE_MAX);
    setup->purge_delay = RANDOM_OF(source, 0, 1, 1000, SIZE_MAX);
    setup->direct_threshold = RANDOM_OF(source, 64 * ST_KIB, 200 * ST_KIB, 4 * ST_MIB);
    setup->direct_cache = RANDOM_OF(source, 0, ST_MIB, 4 * ST_MIB);
}

ST_INLINE void script_make(script *s, size_t seed)
{
    random_source source = {(uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    for (int i = 0; i < 4; i++) random_word(&source);
    script_init(s);
    s->seed = seed;
    random_setup(&source, &s->setup);
    random_shape shape = (random_shape)(seed % random_shape_count);
    unsigned slots = (unsigned)RANDOM_OF(&source, 8, 40, SCRIPT_SLOTS);
    if (shape == random_direct) slots = 24;
    if (shape == random_sawtooth) {
        random_sawtooth_ops(&source, s, slots);
        return;
    }
    bool faults = random_below(&source, 4) == 0;
    size_t count = random_from(&source, 20, 1000);
    while (s->count < count) s->op[s->count++] = random_op(&source, shape, slots, faults);
}

#endif
