/* SPDX-License-Identifier: MIT-0
 *
 * Ranges: a model of single grains agrees with every answer, nothing is touched, nothing is lost at the
 * end, and alignments carry over.
 */
#include "fake/little_heap.h"

#if STRATA_HEAPS

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "heaps/range.h"
#include "model/random_script.h"

/* Somewhere no test has memory. */
#define NOWHERE ((size_t)(SIZE_MAX > 0xffffffff ? UINT64_C(7) << 40 : UINT64_C(3) << 28))

static char *nowhere(size_t offset) { return st_at(NULL, (NOWHERE & SIZE_MAX / 4) + offset); }

static void expect_sound(strata_range *range)
{
    const char *first = NULL;
    int broken = strata_range_check(range, &first);
    TESTING_SOUND(broken, first);
}

static strata_range *new_range(void *base, size_t size, size_t grain)
{
    strata_range *range = strata_range_create(base, size, grain, "test");
    assert_non_null(range);
    expect_sound(range);
    return range;
}

static size_t live(strata_range *range)
{
    strata_stats stats;
    strata_range_stats_get(range, &stats);
    return stats.live;
}

/* ---- the model: whose each grain is ---- */

#define GRID_MAX 300
#define LEAST (ST_CHUNK_MIN / ST_CHUNK_GRAIN) /* grains of the smallest block: 2 */

typedef struct grid {
    strata_range *range;
    char *base;            /* of the first whole grain */
    size_t grain, count;   /* of which there are so many */
    int owner[GRID_MAX];  /* number of the block that each belongs to; 0: it is free */
    int numbers;
    size_t blocks;
    size_t start[GRID_MAX]; /* first grain of each block in use */
} grid;

static size_t grid_end(const grid *m, size_t at)
{
    size_t end = at;
    while (end < m->count && m->owner[end] == m->owner[at]) end++;
    return end;
}

static size_t grid_need(const grid *m, size_t size)
{
    size_t need = size / m->grain + (size % m->grain != 0);
    return need < LEAST ? LEAST : need;
}

/* Where in the free grains [start, end) a block can begin: there, or behind another block's room. */
static bool grid_fits(const grid *m, size_t start, size_t end, size_t need, size_t alignment)
{
    for (size_t at = start; at + need <= end; at++) {
        bool leaves_block = at == start || at - start >= LEAST;
        if (leaves_block && st_is_aligned(m->base + at * m->grain, alignment)) return true;
    }
    return false;
}

static bool grid_has_room(const grid *m, size_t need, size_t alignment)
{
    for (size_t at = 0; at < m->count; at = grid_end(m, at))
        if (m->owner[at] == 0 && grid_fits(m, at, grid_end(m, at), need, alignment)) return true;
    return false;
}

static size_t grid_largest(const grid *m)
{
    size_t largest = 0;
    for (size_t at = 0; at < m->count; at = grid_end(m, at))
        if (m->owner[at] == 0) largest = st_max(largest, grid_end(m, at) - at);
    return largest < LEAST ? 0 : largest * m->grain;
}

static void grid_set(grid *m, size_t start, size_t count, int number)
{
    for (size_t at = start; at < start + count; at++) m->owner[at] = number;
}

/* What is left of free memory is a block, or belongs to the one below it. A block that was cut to its size
 * keeps a single grain, too. */
static void grid_expect_rest(const grid *m, size_t start, size_t got, size_t need, bool was_cut)
{
    if (got == need) return;
    assert_int_equal(got, need + 1);
    if (was_cut) return;
    size_t end = start + got;
    assert_true(end == m->count || m->owner[end] != 0);
}

static void grid_allocate(grid *m, size_t size, size_t alignment)
{
    size_t need = grid_need(m, size);
    bool has_room = grid_has_room(m, need, st_max(alignment, 1));
    char *address = strata_range_allocate(m->range, size, alignment);
    assert_int_equal(address != NULL, has_room);
    if (address == NULL) return;
    assert_true(st_is_aligned(address, st_max(alignment, m->grain)));
    size_t got = strata_range_usable_size(m->range, address) / m->grain;
    size_t start = st_distance(m->base, address) / m->grain;
    assert_true(start + got <= m->count);
    for (size_t at = start; at < start + got; at++) assert_int_equal(m->owner[at], 0);
    grid_expect_rest(m, start, got, need, alignment > m->grain);
    grid_set(m, start, got, ++m->numbers);
    m->start[m->blocks++] = start;
}

static void grid_free(grid *m, size_t idx)
{
    size_t start = m->start[idx];
    strata_range_free(m->range, m->base + start * m->grain);
    grid_set(m, start, grid_end(m, start) - start, 0);
    m->start[idx] = m->start[--m->blocks];
}

static void grid_resize(grid *m, size_t idx, size_t size)
{
    size_t start = m->start[idx], end = grid_end(m, start), need = grid_need(m, size);
    size_t room = end < m->count && m->owner[end] == 0 ? grid_end(m, end) : end;
    char *address = m->base + start * m->grain;
    bool done = strata_range_resize_in_place(m->range, address, size) != NULL;
    assert_int_equal(done, start + need <= room);
    size_t got = strata_range_usable_size(m->range, address) / m->grain;
    if (!done) {
        assert_int_equal(got, end - start);
        return;
    }
    int number = m->owner[start];
    grid_set(m, start, end - start, 0);
    grid_expect_rest(m, start, got, need, need < end - start);
    grid_set(m, start, got, number);
}

typedef struct grid_walk {
    const grid *grid;
    size_t at, largest;
} grid_walk;

static int grid_expect_region(void *context, const strata_region *region)
{
    grid_walk *walk = context;
    const grid *m = walk->grid;
    assert_ptr_equal(region->start, m->base + walk->at * m->grain);
    assert_int_equal(region->kind == strata_region_used, m->owner[walk->at] != 0);
    size_t end = grid_end(m, walk->at);
    assert_int_equal(region->size, (end - walk->at) * m->grain);
    if (region->kind == strata_region_top) assert_int_equal(end, m->count);
    walk->at = end;
    return 0;
}

static void grid_expect_all(const grid *m)
{
    strata_stats stats;
    grid_walk walk = {.grid = m};
    size_t used = 0;
    for (size_t at = 0; at < m->count; at++) used += m->owner[at] != 0;
    expect_sound(m->range);
    strata_range_stats_get(m->range, &stats);
    assert_int_equal(stats.live, used * m->grain);
    assert_int_equal(stats.free, (m->count - used) * m->grain);
    assert_int_equal(stats.footprint, m->count * m->grain);
    assert_int_equal(stats.largest_free, grid_largest(m));
    assert_int_equal(strata_range_largest_free(m->range), grid_largest(m));
    if (STRATA_STATS) {
        assert_int_equal(stats.allocations - stats.frees, m->blocks);
        assert_true(stats.live_peak >= stats.live);
    }
    assert_int_equal(strata_range_walk(m->range, grid_expect_region, &walk), 0);
    assert_int_equal(walk.at, m->count);
}

static void grid_step(grid *m, random_source *source)
{
    size_t size = random_below(source, random_below(source, 8) == 0 ? m->count * m->grain + 2 : 12 * m->grain);
    size_t choice = random_below(source, 16);
    size_t idx = m->blocks != 0 ? random_below(source, m->blocks) : 0;
    if (choice < 6 || m->blocks == 0) {
        grid_allocate(m, size, random_below(source, 3) == 0 ? 0 : 1);
    } else if (choice < 9) {
        grid_allocate(m, size, m->grain << random_below(source, 9));
    } else if (choice < 13) {
        grid_free(m, idx);
    } else {
        grid_resize(m, idx, size);
    }
}

static void a_model_agrees_with_every_answer(void **state)
{
    (void)state;
    for (size_t seed = 1; seed <= 600; seed++) {
        random_source source = {seed * 77777};
        grid m = {.grain = (size_t)64 << random_below(&source, 16)};
        m.count = random_from(&source, LEAST, random_below(&source, 2) == 0 ? 30 : GRID_MAX);
        size_t skipped = random_below(&source, m.grain);
        m.base = nowhere(random_from(&source, 1, 2000) * m.grain % (SIZE_MAX / 4 + 1));
        size_t more = skipped + m.count * m.grain + random_below(&source, m.grain);
        m.range = new_range(m.base - skipped, more, m.grain);
        for (size_t step = 0; step < 150; step++) {
            grid_step(&m, &source);
            grid_expect_all(&m);
        }
        while (m.blocks != 0) grid_free(&m, random_below(&source, m.blocks));
        grid_expect_all(&m);
        strata_range_destroy(m.range);
    }
}

/* ---- what is not touched ---- */

static void memory_that_nobody_may_touch_is_given_out(void **state)
{
    (void)state;
    size_t size = 64 * ST_MIB;
    char *base = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(base != MAP_FAILED);
    strata_range *range = new_range(base, size, 0);
    char *kept[200];
    for (size_t i = 0; i < TESTING_COUNT(kept); i++) {
        kept[i] = strata_range_allocate(range, 1 + i * i * 7, i % 3 == 0 ? 4096 : 0);
        assert_non_null(kept[i]);
        assert_true(st_distance(base, kept[i]) + i * i * 7 < size);
    }
    for (size_t i = 0; i < TESTING_COUNT(kept); i += 2) strata_range_free(range, kept[i]);
    for (size_t i = 1; i < TESTING_COUNT(kept); i += 2) strata_range_resize_in_place(range, kept[i], i * 400);
    expect_sound(range);
    for (size_t i = 1; i < TESTING_COUNT(kept); i += 2) strata_range_free(range, kept[i]);
    assert_int_equal(strata_range_largest_free(range), size);
    strata_range_destroy(range);
    munmap(base, size);
}

/* Only what describes blocks is committed, however large the range is. */
static void a_large_range_costs_little_until_it_is_used(void **state)
{
    (void)state;
#if SIZE_MAX > 0xffffffff && STRATA_ALIGNMENT == 16
    os_fake_counts before, after;
    os_fake_count(&before);
    strata_range *range = new_range(nowhere(0), (size_t)64 << 30, 0);
    void *small = strata_range_allocate(range, 1000, 0);
    os_fake_count(&after);
    assert_in_range(after.committed - before.committed, 1, 128 * ST_KIB);
    void *large = strata_range_allocate(range, (size_t)1 << 30, 0);
    assert_non_null(small);
    assert_non_null(large);
    os_fake_count(&after);
    assert_true(after.committed - before.committed <= (size_t)80 << 20);
    strata_range_destroy(range);
#endif
}

/* ---- all of it ---- */

static void nothing_is_lost_at_the_end(void **state)
{
    (void)state;
    for (size_t grain = 64; grain <= 2 * ST_MIB; grain *= 2) {
        for (size_t count = LEAST; count < 400; count += 1 + count / 3) {
            char *base = nowhere(grain * 5);
            strata_range *range = new_range(base, count * grain, grain);
            assert_int_equal(strata_range_largest_free(range), count * grain);
            assert_ptr_equal(strata_range_allocate(range, count * grain, 0), base);
            assert_null(strata_range_allocate(range, 1, 0));
            assert_int_equal(errno, ENOMEM);
            assert_int_equal(strata_range_largest_free(range), 0);
            strata_range_free(range, base);
            size_t blocks = 0;
            while (strata_range_allocate(range, 1, 0) != NULL) blocks++;
            assert_int_equal(blocks, count / LEAST);
            expect_sound(range);
            strata_range_destroy(range);
        }
    }
}

/* ---- alignment ---- */

static void expect_alignments(size_t base_offset, size_t size, size_t grain)
{
    strata_range *range = new_range(nowhere(base_offset), size, grain);
    for (size_t alignment = 1; alignment <= ST_GIB_OR_MAX && alignment <= size / 4; alignment *= 2) {
        void *address = strata_range_allocate(range, grain, alignment);
        assert_non_null(address);
        assert_true(st_is_aligned(address, alignment));
        assert_true(st_is_aligned(address, grain));
        assert_non_null(strata_range_allocate(range, 1, 0));
    }
    expect_sound(range);
    strata_range_destroy(range);
}

static void alignments_carry_over(void **state)
{
    (void)state;
    size_t size = SIZE_MAX > 0xffffffff ? (size_t)5 * ST_GIB_OR_MAX : 512 * ST_MIB;
    expect_alignments(0, size, 256);
    expect_alignments(0x123400, size, 256);
    expect_alignments(0x1001, size, 2 * ST_MIB);
    expect_alignments((size_t)3 << 20, size, 4096);
}

/* Where the engine's way, which wants room for the alignment on top, finds none. */
static void the_only_aligned_place_is_found(void **state)
{
    (void)state;
    size_t size = SIZE_MAX > 0xffffffff ? ST_GIB_OR_MAX : 128 * ST_MIB;
    char *base = nowhere(0);
    strata_range *range = new_range(base, size, 4096);
    assert_ptr_equal(strata_range_allocate(range, size, size), base);
    strata_range_free(range, base);
    assert_null(strata_range_allocate(range, size + 1, size));
    strata_range_destroy(range);
    range = new_range(base - 8192, size, 4096);
    assert_ptr_equal(strata_range_allocate(range, 5000, size), base);
    assert_int_equal(live(range), 8192);
    assert_null(strata_range_allocate(range, 1, size));
    assert_null(strata_range_allocate(range, 1, SIZE_MAX / 2 + 1));
    assert_int_equal(errno, ENOMEM);
    strata_range_free(range, base);
    assert_int_equal(strata_range_largest_free(range), size);
    strata_range_destroy(range);
    range = new_range(base + 4096, size - 4096, 4096); /* there is none */
    assert_null(strata_range_allocate(range, 1, size));
    strata_range_destroy(range);
}

/* ---- what is refused ---- */

static void wrong_arguments_are_refused(void **state)
{
    (void)state;
    static const size_t grains[] = {1, 16, 32, 65, 257, 4 * ST_MIB, SIZE_MAX};
    for (size_t i = 0; i < TESTING_COUNT(grains); i++) {
        errno = 0;
        assert_null(strata_range_create(nowhere(0), ST_GIB_OR_MAX, grains[i], NULL));
        assert_int_equal(errno, EINVAL);
    }
    errno = 0;
    assert_null(strata_range_create(NULL, ST_MIB, 0, NULL));
    assert_int_equal(errno, EINVAL);
    errno = 0;
    assert_null(strata_range_create(nowhere(0), SIZE_MAX, 0, NULL));
    assert_int_equal(errno, EINVAL);
    assert_null(strata_range_create(nowhere(0), LEAST * 256 - 1, 0, NULL));
    assert_int_equal(errno, ENOMEM);
    assert_null(strata_range_create(nowhere(1), LEAST * 256, 0, NULL));
    assert_null(strata_range_create(nowhere(255), 0, 0, NULL));
    errno = 0;
    assert_null(strata_range_create(nowhere(0), SIZE_MAX / 2, 64, NULL)); /* no room for what we keep */
    assert_int_equal(errno, ENOMEM);
    strata_range *range = strata_range_create(nowhere(0), ST_MIB, 0, NULL);
    assert_string_equal(strata_range_name(range), "");
    errno = 0;
    assert_null(strata_range_allocate(range, 1, 3));
    assert_int_equal(errno, EINVAL);
    assert_null(strata_range_allocate(range, SIZE_MAX, 0));
    assert_int_equal(errno, ENOMEM);
    assert_null(strata_range_allocate(range, SIZE_MAX, 65536));
    assert_null(strata_range_resize_in_place(range, NULL, 1));
    void *address = strata_range_allocate(range, 0, 0);
    assert_int_equal(strata_range_usable_size(range, address), LEAST * 256);
    assert_null(strata_range_resize_in_place(range, address, SIZE_MAX));
    assert_int_equal(strata_range_usable_size(range, NULL), 0);
    assert_int_equal(strata_range_usable_size(range, st_at(address, 256)), 0);
    strata_range_free(range, NULL);
    strata_range_destroy(range);
    strata_range_destroy(NULL);
}

typedef struct wrong_free {
    strata_range *range;
    void *address;
} wrong_free;

static void act_free(void *context)
{
    const wrong_free *wrong = context;
    strata_range_free(wrong->range, wrong->address);
}

/* Reported in these words, with this address, and nothing has changed. */
static void expect_report(strata_range *range, void *address, const char *words)
{
    char text[80];
    size_t before = live(range);
    snprintf(text, sizeof text, "%p", address);
    for (int resizes = 0; resizes < 2; resizes++) {
        os_fake_clear_output();
        if (resizes) {
            assert_null(strata_range_resize_in_place(range, address, 1));
        } else {
            strata_range_free(range, address);
        }
        assert_non_null(strstr(os_fake_output(), words));
        assert_non_null(strstr(os_fake_output(), text));
    }
    os_fake_clear_output();
    expect_sound(range);
    assert_int_equal(live(range), before);
}

static void wrong_frees_are_reported(void **state)
{
    (void)state;
    char *base = nowhere(0), *block[8];
    strata_range *range = new_range(base, ST_MIB, 0);
    for (size_t i = 0; i < 8; i++) block[i] = strata_range_allocate(range, 100000, 0);
    st_option_set(st_option_id_on_misuse, 1);
    /* Free, merged with what is above, with what is below, with both. */
    static const size_t order[] = {3, 2, 6, 7, 5};
    for (size_t i = 0; i < TESTING_COUNT(order); i++) {
        strata_range_free(range, block[order[i]]);
        for (size_t k = 0; k <= i; k++) expect_report(range, block[order[k]], "double free");
    }
    for (size_t offset = 256; offset < 100000; offset += 256)
        expect_report(range, block[1] + offset, "not the start of a block");
    expect_report(range, block[1] + 1, "misaligned");
    expect_report(range, base + ST_MIB - 256, "double free");
    expect_report(range, base + ST_MIB, "did not give out");
    expect_report(range, base - 256, "did not give out");
    expect_report(range, &range, "did not give out");
    st_option_set(st_option_id_on_misuse, 0);
    wrong_free wrong = {range, block[3]};
    assert_true(os_fake_stops(act_free, &wrong));
    os_fake_clear_output();
    st_heap_reset_locks();
    st_lock_pass_none();
    expect_sound(range);
    strata_range_destroy(range);
}

/* ---- beside others ---- */

static void a_range_is_no_heap(void **state)
{
    (void)state;
    strata_range *range = strata_range_create(nowhere(0), ST_MIB, 0, "a name of more than thirty-one letters");
    assert_string_equal(strata_range_name(range), "a name of more than thirty-one ");
    void *address = strata_range_allocate(range, 1, 0);
    strata_heap *heap = little_heap_new(NULL);
    assert_ptr_equal(strata_heap_next(NULL), heap);
    assert_null(strata_heap_next(heap));
    assert_null(strata_heap_of(address));
    assert_null(strata_heap_of(range));
    strata_range *other = new_range(nowhere(ST_MIB), ST_MIB, 0);
    assert_int_equal(strata_range_usable_size(other, address), 0);
    strata_heap_destroy(heap);
    assert_null(strata_heap_next(NULL));
    strata_range_destroy(other);
    strata_range_destroy(range);
}

static void a_fork_finds_no_lock_taken(void **state)
{
    (void)state;
    strata_range *range = new_range(nowhere(0), ST_MIB, 0);
    for (int in_child = 0; in_child < 2; in_child++) {
        st_heap_lock_all();
#if STRATA_THREADS
        assert_int_equal(range->shadow.space.lock.word, 1);
#endif
        if (in_child) {
            st_heap_reset_locks();
        } else {
            st_heap_unlock_all();
        }
        assert_non_null(strata_range_allocate(range, 1, 0));
    }
    strata_range_destroy(range);
}

/* Each thread finds its own blocks as it left them: sizes are odd for one, even for the other. */
static void *churn(void *context)
{
    strata_range *range = context;
    void *kept[64] = {NULL};
    random_source source = {(uint64_t)(uintptr_t)&source | 1};
    for (size_t i = 0; i < 20000; i++) {
        size_t at = random_below(&source, TESTING_COUNT(kept));
        if (kept[at] != NULL) strata_range_free(range, kept[at]);
        kept[at] = strata_range_allocate(range, random_below(&source, 20000), i % 5 == 0 ? 4096 : 0);
    }
    for (size_t at = 0; at < TESTING_COUNT(kept); at++) strata_range_free(range, kept[at]);
    return NULL;
}

static void two_threads_share_a_range(void **state)
{
    (void)state;
#if STRATA_THREADS
    strata_range *range = new_range(nowhere(0), ST_MIB, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, churn, range), 0);
    churn(range);
    pthread_join(thread, NULL);
    expect_sound(range);
    assert_int_equal(live(range), 0);
    assert_int_equal(strata_range_largest_free(range), ST_MIB);
    strata_range_destroy(range);
#else
    (void)churn;
#endif
}

/* ---- faults ---- */

static void live_a_life(void)
{
    strata_range *range = strata_range_create(nowhere(0), 256 * ST_MIB, 64, NULL);
    if (range == NULL) {
        assert_int_equal(errno, ENOMEM);
        return;
    }
    for (size_t i = 0; i < 40; i++) {
        size_t alignment = i % 4 == 0 ? ST_MIB : 0;
        void *address = strata_range_allocate(range, i * 50000, alignment);
        if (address != NULL && i % 3 == 0) strata_range_free(range, address);
        if (address != NULL && i % 3 == 1) strata_range_resize_in_place(range, address, 9000000);
        expect_sound(range);
    }
    strata_range_destroy(range);
}

static void any_call_of_the_host_may_fail(void **state)
{
    (void)state;
    for (size_t nth = 1;; nth++) {
        os_fake_counts before, after;
        os_fake_count(&before);
        os_fake_fail(OS_FAKE_ANY, nth, false);
        errno = 0;
        live_a_life();
        bool failed = os_fake_failed() != 0;
        os_fake_fail(OS_FAKE_ANY, 0, false);
        os_fake_count(&after);
        /* What the host does not take back can't be kept by anybody, but it has little memory. */
        size_t refused = after.failed[os_fake_call_release] - before.failed[os_fake_call_release];
        size_t lost = after.committed + after.reserved - before.committed - before.reserved;
        if (refused == 0) assert_int_equal(lost, 0);
        assert_true(after.committed - before.committed <= 4 * ST_KIB * refused);
        little_heap_taken += lost;
        if (!failed) break;
        assert_true(nth < 1000);
    }
}

static size_t committed_now(void)
{
    os_fake_counts counts;
    os_fake_count(&counts);
    return counts.committed;
}

/* What is known of blocks that are gone takes no memory for long; and can be had again. */
static void the_shadow_shrinks_with_the_blocks(void **state)
{
    (void)state;
    enum { count = 100000 };
    static void *blocks[count];
    strata_range *range = new_range(nowhere(0), (size_t)count * 640, 64);
    size_t empty = committed_now();
    for (int round = 0; round < 3; round++) {
        os_fake_counts before, after;
        for (size_t i = 0; i < count; i++) {
            blocks[i] = strata_range_allocate(range, 600, 0);
            assert_non_null(blocks[i]);
        }
        assert_true(committed_now() - empty > count * 100);
        expect_sound(range);
        os_fake_count(&before);
        if (round == 2) os_fake_fail(OS_FAKE_ONLY(decommit), 1, true);
        for (size_t i = count; i-- > 0;) strata_range_free(range, blocks[i]);
        os_fake_count(&after);
        assert_true(after.calls[os_fake_call_decommit] - before.calls[os_fake_call_decommit] < 20 || round == 2);
        if (round < 2) assert_true(committed_now() - empty <= 600 * 1024);
        expect_sound(range);
        assert_int_equal(strata_range_largest_free(range), (size_t)count * 640);
    }
    os_fake_fail(OS_FAKE_ANY, 0, false);
    strata_range_destroy(range);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITTLE_HEAP_TEST(a_model_agrees_with_every_answer),
        LITTLE_HEAP_TEST(memory_that_nobody_may_touch_is_given_out),
        LITTLE_HEAP_TEST(a_large_range_costs_little_until_it_is_used),
        LITTLE_HEAP_TEST(nothing_is_lost_at_the_end),
        LITTLE_HEAP_TEST(alignments_carry_over),
        LITTLE_HEAP_TEST(the_only_aligned_place_is_found),
        LITTLE_HEAP_TEST(wrong_arguments_are_refused),
        LITTLE_HEAP_TEST(wrong_frees_are_reported),
        LITTLE_HEAP_TEST(a_range_is_no_heap),
        LITTLE_HEAP_TEST(a_fork_finds_no_lock_taken),
        LITTLE_HEAP_TEST(two_threads_share_a_range),
        LITTLE_HEAP_TEST(any_call_of_the_host_may_fail),
        LITTLE_HEAP_TEST(the_shadow_shrinks_with_the_blocks),
    };
    return TESTING_RUN(tests);
}

#else

int main(void) { return 0; }

#endif
