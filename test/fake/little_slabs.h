/* SPDX-License-Identifier: MIT-0
 *
 * Slices, slabs and caches over the fake host, without a heap above them: for tests that want to
 * know every address and every call of the host. Forgetting them is what no program can do, so this
 * reaches into the files that own the state.
 */
#ifndef LITTLE_SLABS_H
#define LITTLE_SLABS_H

#include "fake/testing.h"

#include "books/options.h"
#include "map/room.h"
#include "slab/cache.h"

#if STRATA_SLABS

/* In the amalgamation they are in sight already. */
#ifndef STRATA_AMALGAMATION
#include "map/room.c"
#include "map/slices.c"
#include "slab/cache_life.c"
#endif

/* What a thread has at first; what it has now is forgotten. Once, before it has anything, this only
 * remembers. */
ST_INLINE void little_slabs_be_new_thread(void)
{
    static st_cache_near pristine;
    if (pristine.top[0] == NULL) pristine = st_near;
    st_near = pristine;
}

/* A pristine host, no window, no caches, all options as declared. Threads must have ended. */
ST_INLINE void little_slabs_forget(void)
{
    little_slabs_be_new_thread();
    for (uint32_t i = 0; i < slices_state.run_count; i++) {
        uint32_t run = slices_state.run[i];
        for (uint32_t idx = run; idx < run + ST_RUN_SLICES; idx++) slices_set_word(idx, 0);
    }
    memset(&slices_state, 0, sizeof slices_state);
    st_slices_first = UINTPTR_MAX >> 1;
    memset(life_state.cache, 0, (life_state.count + 1) * sizeof life_state.cache[0]);
    life_state.count = 0;
    life_state.spare = NULL;
    life_state.room = life_state.room_end = NULL;
    life_state.room_size = 0;
    memset(&room_state, 0, sizeof room_state);
    st_cache_limit = 0;
    life_state.room_taken = 0;
    st_slab_lacks_elsewhere = 0; /* and blocks of slabs from its first request on */
    st_cache_lone_frees = 0; /* a thread has a cache from its first free on */
    for (unsigned id = 0; id < st_option_count; id++)
        st_option_set((st_option_id)id, st_option_describe((st_option_id)id)->initial);
    os_fake_reset();
}

/* What the heap above does when the calling thread ends. */
ST_INLINE void little_slabs_end(void) { st_cache_close(); }

/* Starts as api/init.c does, as far as slabs are concerned. */
ST_INLINE void little_slabs_start(void)
{
    os_fake_tell_ends(true);
    st_os_start();
    if (STRATA_CHECK >= 2) st_lock_watch_ranks();
    assert_true(st_os_at_thread_end(little_slabs_end));
    st_cache_start();
    assert_true(st_cache_limit != 0);
}

/* The number of the slice, or of the slab, that `mem` lies in. */
ST_INLINE uint32_t little_slabs_idx(const void *mem)
{
    uintptr_t idx = st_slices_idx(mem);
    assert_true(idx < ST_SLICES_MAX);
    return (uint32_t)idx;
}

/* ---- as the heap above uses caches ---- */

/* A block of the class, from wherever a thread has it; NULL if there is none. */
ST_INLINE void *little_slabs_try(size_t class_idx)
{
    void *mem = st_cache_take(class_idx * ST_SLAB_GRAIN);
    return mem != NULL ? mem : st_cache_refill(class_idx);
}

ST_INLINE char *little_slabs_get(size_t class_idx)
{
    void *mem = little_slabs_try(class_idx);
    assert_non_null(mem);
    return mem;
}

ST_INLINE void little_slabs_put(void *mem)
{
    size_t class_idx = st_cache_class(st_slices_idx(mem));
    if (class_idx <= ST_SLAB_CLASSES) {
        st_cache_put_own(mem, class_idx);
    } else {
        st_cache_put_remote(mem);
    }
}

/* Blocks that the calling thread's magazine of the class has. */
ST_INLINE size_t little_slabs_kept(size_t class_idx)
{
    const st_cache *cache = st_near.cache;
    if (cache == NULL || cache->magazine[class_idx].slots == NULL) return 0;
    return (size_t)(st_near.top[class_idx] - cache->magazine[class_idx].slots);
}

/* What the block is for its slab: st_misuse_none if a cache or a user has it. */
ST_INLINE st_misuse_kind little_slabs_fault(const void *mem)
{
    return st_slab_fault(little_slabs_idx(mem), mem);
}

ST_INLINE size_t little_slabs_used(void)
{
    st_slices_totals totals;
    st_slices_totals_get(&totals);
    return totals.used / ST_SLICE;
}

ST_INLINE void little_slabs_expect_sound(void)
{
    const char *first = NULL;
    int broken = st_slices_check(&first);
    TESTING_SOUND(broken, first);
    broken = st_cache_check(&first);
    TESTING_SOUND(broken, first);
}

/* What most tests of caches end with: all they took was freed, so nothing is left in use, and
 * nobody said anything that they did not expect. */
ST_INLINE void little_slabs_expect_empty(void)
{
    st_cache_totals totals;
    little_slabs_expect_sound();
    st_cache_totals_get(&totals);
    assert_int_equal(totals.live, 0);
    assert_int_equal(totals.live_count, 0);
    st_cache_trim();
    st_cache_totals_get(&totals);
    assert_int_equal(totals.kept, 0);
    assert_int_equal(totals.free, 0);
    assert_int_equal(little_slabs_used(), 0);
    assert_string_equal(os_fake_output(), "");
    little_slabs_expect_sound();
}

/* The sentence of a wrong free, about `mem`, was said `count` times, and nothing else. */
ST_INLINE void little_slabs_expect_told(const char *words, const void *mem, size_t count)
{
    char line[160];
    size_t lines = 0, found = 0;
    snprintf(line, sizeof line, words, (unsigned long)(uintptr_t)mem);
    for (const char *at = os_fake_output(); *at != '\0'; at++) {
        if (strncmp(at, line, strlen(line)) == 0) found++;
        if (*at == '\n') lines++;
    }
    if (found != count || lines != count)
        fail_msg("\"%s\" instead of %zu times \"%s\"", os_fake_output(), count, line);
    os_fake_clear_output();
}

#define LITTLE_SLABS_DOUBLE "double free: the block at 0x%lx is already free\n"
#define LITTLE_SLABS_FOREIGN "free of a pointer that strata did not give out: 0x%lx\n"
#define LITTLE_SLABS_INTERIOR "free of a pointer that is not the start of a block: 0x%lx\n"
#define LITTLE_SLABS_MISALIGNED "free of a misaligned pointer: 0x%lx\n"

#define LITTLE_SLABS_EXPECT_BROKEN(check, id)                                                  \
    do {                                                                                       \
        const char *first_broken = "nothing";                                                  \
        assert_int_equal(check(&first_broken), 1);                                             \
        assert_string_equal(first_broken, id);                                                 \
        assert_int_equal(check(NULL), 1);                                                      \
    } while (0)

#endif
#endif
