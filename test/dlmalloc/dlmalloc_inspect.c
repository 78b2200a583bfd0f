/* SPDX-License-Identifier: MIT-0
 *
 * inspect_all: every block in use is told once, and what is told as free is free to be given back.
 */
#include "dl_test.h"

#include <sys/mman.h>

typedef struct seen {
    void *start, *end;
    size_t used;
} seen;

enum { seen_most = 40000 };
typedef struct view {
    size_t count;
    seen region[seen_most];
} view;
static view now;

static void note(void *start, void *end, size_t used_bytes, void *argument)
{
    view *all = argument;
    if (all->count < seen_most) all->region[all->count] = (seen){start, end, used_bytes};
    all->count++;
}

static void look(const way *w)
{
    now.count = 0;
    w->inspect_all(note, &now);
    assert_true(now.count > 0 && now.count < seen_most);
}

/* The region that begins at `mem`, which must be told at most once; NULL if it is not. */
static const seen *find(const void *mem)
{
    const seen *found = NULL;
    for (size_t i = 0; i < now.count; i++) {
        if (now.region[i].start != mem) continue;
        assert_null(found);
        found = &now.region[i];
    }
    return found;
}

static size_t used_in_all(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < now.count; i++) sum += now.region[i].used;
    return sum;
}

static void inspect_tells_blocks_in_use(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {0, 40, 1000, 3000, 100000, 600000, 40 * (size_t)MIB};
    enum { count = sizeof sizes / sizeof *sizes };
    void *mem[count];
    for (int i = 0; i < count; i++) mem[i] = w->malloc(sizes[i]);
    look(w);
    for (int i = 0; i < count; i++) {
        const seen *region = find(mem[i]);
        assert_non_null(region);
        assert_int_equal(region->used, w->usable_size(mem[i]));
        assert_true((char *)region->start + region->used <= (char *)region->end);
    }
    for (int i = 0; i < count; i++) w->free(mem[i]);
    look(w);
    for (int i = 0; i < count; i++) {
        const seen *region = find(mem[i]);
        assert_true(region == NULL || region->used == 0);
    }
}

static void inspect_tells_regions_that_do_not_overlap(void **state)
{
    const way *w = *state;
    static void *mem[400];
    for (unsigned i = 0; i < 400; i++) mem[i] = w->malloc(i * 40);
    for (unsigned i = 0; i < 400; i += 3) w->free(mem[i]);
    look(w);
    for (size_t i = 0; i < now.count; i++) {
        const char *end = now.region[i].end;
        assert_true((char *)now.region[i].start < end);
        for (size_t j = 0; j < now.count; j++) {
            const char *start = now.region[j].start;
            assert_true(i == j || start >= end || (char *)now.region[j].end <= (char *)now.region[i].start);
        }
    }
    for (unsigned i = 0; i < 400; i++)
        if (i % 3 != 0) w->free(mem[i]);
}

static void inspect_sums_up_to_mallinfo(void **state)
{
    const way *w = *state;
    void *mem[100];
    for (unsigned i = 0; i < 100; i++) mem[i] = w->malloc(i * 300);
    look(w);
    size_t in_use = w->mallinfo().uordblks;
    assert_true(used_in_all() <= in_use);
    assert_true(used_in_all() + now.count * 64 >= in_use);
    assert_int_equal(w->bulk_free(mem, 100), 0);
}

static void give_back(void *start, void *end, size_t used_bytes, void *argument)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = ((uintptr_t)start + page - 1) / page * page, to = (uintptr_t)end / page * page;
    if (used_bytes != 0 || from >= to) return;
    char *first = (char *)start + (from - (uintptr_t)start);
    assert_int_equal(madvise(first, to - from, MADV_DONTNEED), 0);
    *(size_t *)argument += to - from;
}

/* As Android's runtime does: the handler gives the pages of what is free back to the host. */
static void inspect_lets_free_pages_be_given_back(void **state)
{
    const way *w = *state;
    void *mem[40];
    size_t given = 0;
    for (unsigned i = 0; i < 40; i++) {
        mem[i] = w->malloc(5000 + i * 10000);
        fill(mem[i], 5000 + i * 10000, i);
    }
    for (unsigned i = 0; i < 40; i += 2) w->free(mem[i]);
    w->trim(0); /* what threads keep, too */
    w->inspect_all(give_back, &given);
    assert_true(given > 2 * MIB);
    assert_int_equal(strata_check(NULL), 0);
    for (unsigned i = 1; i < 40; i += 2) assert_true(is_filled(mem[i], 5000 + i * 10000, i));
    for (unsigned i = 0; i < 40; i += 2) {
        mem[i] = w->calloc(1, 5000 + i * 10000);
        assert_true(is_zero(mem[i], 5000 + i * 10000));
    }
    assert_int_equal(w->bulk_free(mem, 40), 0);
}

/* The links of free memory may lie right at the start of a page: that one is not told to be free. */
static void inspect_leaves_out_what_strata_needs(void **state)
{
    const way *w = *state;
    size_t given = 0, page = (size_t)sysconf(_SC_PAGESIZE);
    void *mem[8], *above[8];
    for (int i = 0; i < 8; i++) {
        mem[i] = w->malloc(LARGE);
        above[i] = w->malloc(LARGE);
        /* The rest begins at a page, behind its head. */
        size_t kept = page * 40 - (uintptr_t)mem[i] % page - sizeof(size_t);
        assert_ptr_equal(w->realloc_in_place(mem[i], kept), mem[i]);
    }
    w->inspect_all(give_back, &given);
    assert_int_equal(strata_check(NULL), 0);
    if (w->is_mspace) assert_int_equal(strata_heap_check(way_space, NULL), 0);
    for (int i = 0; i < 8; i++) {
        w->free(mem[i]);
        w->free(above[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_EACH_WAY(inspect_tells_blocks_in_use),
        IN_EACH_WAY(inspect_tells_regions_that_do_not_overlap),
        IN_EACH_WAY(inspect_sums_up_to_mallinfo),
        IN_EACH_WAY(inspect_lets_free_pages_be_given_back),
        IN_EACH_WAY(inspect_leaves_out_what_strata_needs),
    };
    return cmocka_run_group_tests_name("inspect", tests, NULL, NULL);
}
