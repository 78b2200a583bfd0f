/* SPDX-License-Identifier: MIT-0
 *
 * Promises that are about more than one function: where blocks grow to, what is locked meanwhile, what lies
 * where, and what a thread leaves behind. In each way.
 */
#include "dl_test.h"

#include <fcntl.h>
#include <pthread.h>

/* ---- growing ---- */

static void realloc_to_more_takes_what_is_free_above(void **state)
{
    const way *w = *state;
    char *mem = w->malloc(LARGE), *middle = w->malloc(LARGE), *above = w->malloc(LARGE);
    assert_true(middle > mem && middle < mem + LARGE + 100);
    fill(mem, LARGE, 1);
    w->free(middle);
    size_t in_use = w->mallinfo().uordblks;
    assert_ptr_equal(w->realloc(mem, LARGE + 100000), mem);
    assert_true(w->mallinfo().uordblks >= in_use + 100000);
    assert_ptr_equal(w->realloc(mem, 2 * LARGE), mem);
    assert_true(is_filled(mem, LARGE, 1));
    w->free(above);
    w->free(mem);
}

/* Nor does its beginning move into what is free below. */
static void realloc_never_takes_what_is_free_below(void **state)
{
    const way *w = *state;
    char *below = w->malloc(LARGE), *mem = w->malloc(LARGE), *above = w->malloc(LARGE);
    assert_true(mem > below && mem < below + LARGE + 100);
    w->free(below);
    fill(mem, LARGE, 1);
    assert_null(w->realloc_in_place(mem, LARGE + 100000));
    char *moved = w->realloc(mem, LARGE + 100000);
    assert_true(moved > above || moved < below);
    assert_true(is_filled(moved, LARGE, 1));
    w->free(moved);
    w->free(above);
}

#if HAS_DIRECT && !STRATA_DL_ONLY_MSPACES
/* A block with a mapping of its own is resized by the system, and never moved when it must stay. */
static void realloc_in_place_resizes_mappings(void **state)
{
    const way *w = *state;
    char *mem = w->malloc(64 * (size_t)MIB);
    assert_int_equal(w->mallinfo().hblks, 1);
    fill(mem, 5000, 1);
    size_t full = w->mallinfo().hblkhd;
    assert_ptr_equal(w->realloc_in_place(mem, 40 * (size_t)MIB), mem);
    assert_true(w->mallinfo().hblkhd <= full - 24 * (size_t)MIB);
    void *grown = w->realloc_in_place(mem, 64 * (size_t)MIB);
    assert_true(grown == mem || grown == NULL);
    assert_true(is_filled(mem, 5000, 1));
    w->free(mem);
    assert_int_equal(w->mallinfo().hblks, 0);
}

/* They belong to nobody whom dlbulk_free may ask, without FOOTERS as with them. */
static void bulk_free_leaves_blocks_of_mspaces(void **state)
{
    const way *w = *state;
    mspace space = create_mspace(0, 0);
    void *foreign = mspace_malloc(space, 500);
    void *mem[4] = {w->malloc(500), foreign, w->malloc(3000), NULL};
    assert_int_equal(w->bulk_free(mem, 4), 1);
    assert_null(mem[0]);
    assert_ptr_equal(mem[1], foreign);
    assert_null(mem[2]);
    mspace_free(space, foreign);
    destroy_mspace(space);
}
#if STRATA_RETURN
/* It fails by itself: nothing of the process's has to go back for it. */
static void mspace_at_its_limit_leaves_what_the_process_keeps(void **state)
{
    (void)state;
    strata_stats before, after;
    const size_t size = (SIZE_MAX > 0xffffffff ? 40 : 3) * (size_t)MIB; /* what is kept is less there */
    for (int i = 0; i < 3; i++) dlfree(dlmalloc(size));
    strata_stats_get(&before);
    assert_true(before.cached >= size);
    mspace space = create_mspace(0, 0);
    mspace_set_footprint_limit(space, MIB);
    assert_no_memory(mspace_malloc(space, 2 * MIB));
    strata_stats_get(&after);
    assert_int_equal(after.cached, before.cached);
    destroy_mspace(space);
}
#endif
#endif

/* ---- side by side ---- */

/* Nothing is lost between them: what is left over belongs to one of them. */
static void independent_blocks_lose_nothing_between_them(void **state)
{
    const way *w = *state;
    size_t sizes[5];
    void *chunks[5];
    for (size_t round = 0; round < 200; round++) {
        for (size_t i = 0; i < 5; i++) sizes[i] = round * 37 + i * 11;
        size_t sum = 0, in_use = w->mallinfo().uordblks;
        assert_ptr_equal(w->independent_comalloc(5, sizes, chunks), chunks);
        for (size_t i = 0; i < 5; i++) sum += w->usable_size(chunks[i]) + sizeof(size_t);
        assert_int_equal(w->mallinfo().uordblks, in_use + sum);
        for (size_t i = 1; i < 5; i++)
            assert_ptr_equal(chunks[i],
                             (char *)chunks[i - 1] + w->usable_size(chunks[i - 1]) + sizeof(size_t));
        assert_int_equal(w->bulk_free(chunks, 5), 0);
    }
}

/* ---- looking ---- */

typedef struct look {
    const way *w;
    size_t footprint, count, free_bytes;
    char *end_of_used;
    bool is_free_behind;
} look;

static void ask_for_figures(void *start, void *end, size_t used_bytes, void *argument)
{
    look *l = argument;
    (void)start, (void)end, (void)used_bytes;
    l->count++;
    l->footprint = l->w->footprint();
    assert_true(l->w->max_footprint() >= l->footprint);
    assert_true(l->w->footprint_limit() == SIZE_MAX);
}

/* An inspector runs under the lock, and may ask for them: it would wait for ever. */
static void footprint_functions_take_no_lock(void **state)
{
    look l = {.w = *state};
    void *mem = l.w->malloc(LARGE);
    alarm(10);
    l.w->inspect_all(ask_for_figures, &l);
    alarm(0);
    assert_true(l.count > 0);
    assert_int_equal(l.footprint, l.w->footprint());
    l.w->free(mem);
}

static void see_what_is_behind(void *start, void *end, size_t used_bytes, void *argument)
{
    look *l = argument;
    if (used_bytes != 0) return;
    l->free_bytes += (size_t)((char *)end - (char *)start);
    l->is_free_behind |= (char *)start >= l->end_of_used && (char *)start < l->end_of_used + 200;
}

/* The end of a space is free memory like other. */
static void inspect_tells_the_end_of_the_space_as_free(void **state)
{
    look l = {.w = *state};
    char *mem = l.w->malloc(3000);
    l.end_of_used = mem + l.w->usable_size(mem);
    l.w->inspect_all(see_what_is_behind, &l);
    assert_true(l.is_free_behind);
    assert_true(l.free_bytes <= l.w->mallinfo().fordblks);
    assert_true(l.free_bytes + 1000 >= l.w->mallinfo().keepcost);
    l.w->free(mem);
}

/* ---- after mistakes ---- */

/* Whatever is passed, nothing outside of the heap's memory is written to. */
static void mistakes_write_nothing_outside_the_base(void **state)
{
    (void)state;
    static char memory[3 * 64 * KIB];
    char *base = memory + 64 * KIB;
    int saved = dup(2), nowhere = open("/dev/null", O_WRONLY);
    memset(memory, 0x5c, sizeof memory);
    mspace space = create_mspace_with_base(base, 64 * KIB, 0);
    mspace_set_footprint_limit(space, 64 * KIB);
    char *mem = mspace_malloc(space, 3000), *above = mspace_malloc(space, 3000);
    strata_option_set("on_misuse", 1);
    dup2(nowhere, 2);
    mspace_free(space, mem);
    mspace_free(space, mem);
    mspace_free(space, above + 64);
    for (size_t offset = 0; offset < sizeof memory; offset += 4096 - 16) {
        if (memory + offset >= base && memory + offset < base + 64 * KIB) continue;
        mspace_free(space, memory + offset);
        assert_null(mspace_realloc(space, memory + offset, 100));
        assert_null(mspace_realloc_in_place(space, memory + offset, 100));
    }
    dup2(saved, 2);
    close(saved);
    close(nowhere);
    strata_option_set("on_misuse", 0);
    for (size_t i = 0; i < 64 * KIB; i++) assert_true(memory[i] == 0x5c && base[64 * KIB + i] == 0x5c);
    assert_int_equal(strata_heap_check(space, NULL), 0);
    assert_int_equal(destroy_mspace(space), 0);
}

/* ---- threads ---- */

#if STRATA_THREADS
enum { left_count = 50 };
static const way *thread_way;
static void *left[left_count];

static void *leave_blocks(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < left_count; i++) {
        left[i] = thread_way->malloc(i * 400);
        if (left[i] != NULL) fill(left[i], i * 400, i);
        thread_way->free(thread_way->malloc(i * 400)); /* what the thread keeps at its end */
    }
    return NULL;
}

/* A thread's end needs nothing: its blocks stay, and others free them. */
static void blocks_outlive_their_thread(void **state)
{
    thread_way = *state;
    size_t most = 0;
    for (int round = 0; round < 20; round++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, leave_blocks, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        for (unsigned i = 0; i < left_count; i++) assert_true(is_filled(left[i], i * 400, i));
        assert_int_equal(thread_way->bulk_free(left, left_count), 0);
        if (round == 3) most = thread_way->footprint();
    }
    assert_true(thread_way->footprint() <= most + MIB);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_EACH_WAY(realloc_to_more_takes_what_is_free_above),
        IN_MSPACES(realloc_never_takes_what_is_free_below),
#if HAS_DIRECT && !STRATA_DL_ONLY_MSPACES
        IN_PROCESS(realloc_in_place_resizes_mappings),
        IN_PROCESS(bulk_free_leaves_blocks_of_mspaces),
#if STRATA_RETURN
        cmocka_unit_test(mspace_at_its_limit_leaves_what_the_process_keeps),
#endif
#endif
        IN_EACH_WAY(independent_blocks_lose_nothing_between_them),
        IN_EACH_WAY(footprint_functions_take_no_lock),
        IN_MSPACES(inspect_tells_the_end_of_the_space_as_free),
        cmocka_unit_test(mistakes_write_nothing_outside_the_base),
#if STRATA_THREADS
        IN_EACH_WAY(blocks_outlive_their_thread),
#endif
    };
    return cmocka_run_group_tests_name("promises", tests, NULL, NULL);
}
