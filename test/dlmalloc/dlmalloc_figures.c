/* SPDX-License-Identifier: MIT-0
 *
 * Footprint, its limit, trim, mallinfo, the three lines of statistics and mallopt, in each way.
 */
#include "dl_test.h"

#include <fcntl.h>
#include <stdio.h>

static size_t option(const char *name)
{
    size_t value;
    assert_int_equal(strata_option_get(name, &value), 0);
    return value;
}

/* ---- footprint ---- */

static void footprint_follows_what_is_held(void **state)
{
    const way *w = *state;
    size_t before = w->footprint();
    void *mem[40];
    for (int i = 0; i < 40; i++) mem[i] = w->malloc(LARGE);
    size_t full = w->footprint();
    assert_true(w->has_base || full >= before + 20 * LARGE);
    assert_true(full >= 40 * LARGE);
    assert_true(w->max_footprint() >= full);
    assert_int_equal(w->bulk_free(mem, 40), 0);
    w->trim(0);
    assert_true(w->footprint() <= full);
    assert_true(w->max_footprint() >= full);
}

static void limit_is_none_at_first_and_can_be_set_and_lifted(void **state)
{
    const way *w = *state;
    assert_true(w->footprint_limit() == SIZE_MAX);
    size_t limit = w->footprint() + 10 * (size_t)MIB;
    size_t in_force = w->set_footprint_limit(limit);
    assert_true(in_force >= limit && in_force < limit + MIB);
    assert_true(w->footprint_limit() == in_force);
    assert_no_memory(w->malloc(30 * (size_t)MIB));
    assert_true(w->set_footprint_limit(SIZE_MAX) == SIZE_MAX);
    assert_true(w->footprint_limit() == SIZE_MAX);
    void *mem = w->malloc(30 * (size_t)MIB);
    assert_non_null(mem);
    w->free(mem);
}

/* Whatever is allocated, of many sizes, until nothing is left. */
static void limit_holds(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {40, 1000, 3000, 100000, 600000, 40 * (size_t)MIB};
    enum { most = 100000 };
    static void *mem[most];
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t limit = w->set_footprint_limit(w->footprint() + 3 * (size_t)MIB);
        size_t count = 0;
        errno = 0;
        while (count < most && (mem[count] = w->malloc(sizes[s])) != NULL) count++;
        if (count < most) assert_int_equal(errno, ENOMEM);
        assert_true(w->footprint() <= limit);
        assert_true(count < most || sizes[s] == 40);
        assert_int_equal(w->bulk_free(mem, count), 0);
        w->set_footprint_limit(SIZE_MAX);
    }
}

static void limit_below_what_is_held_only_stops_growth(void **state)
{
    const way *w = *state;
    void *mem = w->malloc(LARGE);
    fill(mem, LARGE, 1);
    w->set_footprint_limit(64 * KIB);
    assert_true(w->footprint() > 64 * KIB);
    assert_true(is_filled(mem, LARGE, 1));
    w->free(mem);
    mem = w->malloc(LARGE - 5000); /* what is there can be used */
    assert_non_null(mem);
    assert_no_memory(w->malloc(300 * (size_t)MIB));
    assert_no_memory(w->calloc(300, MIB));
    assert_no_memory(w->memalign(4096, 300 * (size_t)MIB));
    assert_no_memory(w->realloc(mem, 300 * (size_t)MIB));
    assert_null(w->realloc_in_place(mem, 300 * (size_t)MIB));
    assert_no_memory(w->independent_calloc(300, MIB, NULL));
    w->free(mem);
}

/* ---- trim ---- */

#if !STRATA_TINY
static void trim_gives_back_what_is_free_once(void **state)
{
    const way *w = *state;
    void *mem[10];
    for (int i = 0; i < 10; i++) {
        mem[i] = w->malloc(LARGE);
        memset(mem[i], 1, LARGE);
    }
    void *above = w->malloc(LARGE);
    assert_int_equal(w->bulk_free(mem, 10), 0);
    assert_int_equal(w->trim(0), 1);
    assert_int_equal(w->trim(0), 0);
    w->free(above);
}

/* Not in the process's heap, where the block may not lie at the end. */
static void trim_keeps_the_pad_at_the_end(void **state)
{
    const way *w = *state;
    size_t delay = option("purge_delay");
    w->mallopt(M_TRIM_THRESHOLD, -1);
    strata_option_set("purge_delay", SIZE_MAX);
    void *mem = w->malloc(24 * (size_t)MIB); /* more than is free anywhere else */
    memset(mem, 1, 24 * (size_t)MIB);
    w->trim(0); /* what else is free */
    w->free(mem);
    assert_int_equal(w->trim(100 * (size_t)MIB), 0);
    assert_int_equal(w->trim(0), 1);
    w->mallopt(M_TRIM_THRESHOLD, 2 * MIB);
    strata_option_set("purge_delay", delay);
}
#endif

static void trim_of_the_callers_memory_gives_nothing_back(void **state)
{
    const way *w = *state;
    void *mem = w->malloc(LARGE);
    memset(mem, 1, LARGE);
    w->free(mem);
    assert_int_equal(w->trim(0), 0);
    assert_int_not_equal(*((unsigned char *)mem + LARGE / 2), 0); /* a page that went back is zero */
}

/* ---- mallinfo ---- */

static void mallinfo_counts_blocks_in_use(void **state)
{
    const way *w = *state;
    static const size_t sizes[] = {40, 1000, 3000, 100000, 600000};
    void *first = w->malloc(100);
    dlmallinfo_t before = w->mallinfo();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *mem = w->malloc(sizes[i]);
        dlmallinfo_t now = w->mallinfo();
        assert_true(now.uordblks >= before.uordblks + sizes[i]);
        assert_true(now.uordblks <= before.uordblks + w->usable_size(mem) + 16);
        w->free(mem);
        assert_int_equal(w->mallinfo().uordblks, before.uordblks);
    }
    w->free(first);
}

static void mallinfo_has_ten_fields_that_agree(void **state)
{
    const way *w = *state;
    void *mem[30];
    for (unsigned i = 0; i < 30; i++) mem[i] = w->malloc(i * 5000);
    for (unsigned i = 0; i < 30; i += 2) w->free(mem[i]);
    dlmallinfo_t info = w->mallinfo();
    assert_int_equal(info.arena + info.hblkhd, w->footprint());
    assert_true(info.ordblks >= 1 && info.ordblks < 1000);
    assert_int_equal(info.smblks, 0);
    assert_int_equal(info.fsmblks, 0);
    assert_int_equal(info.hblks, 0);
    assert_int_equal(info.hblkhd, 0);
    assert_true(info.usmblks >= info.arena);
    assert_true(info.uordblks + info.fordblks <= w->footprint());
    assert_true(info.fordblks >= info.keepcost);
    assert_true(info.keepcost > 0);
    for (unsigned i = 1; i < 30; i += 2) w->free(mem[i]);
}

static void mallinfo_knows_mappings_of_single_blocks(void **state)
{
    const way *w = *state;
    void *mem = w->malloc(40 * (size_t)MIB);
    assert_non_null(mem);
    dlmallinfo_t info = w->mallinfo();
    if (HAS_DIRECT && !w->is_mspace) {
        assert_int_equal(info.hblks, 1);
        assert_true(info.hblkhd >= 40 * (size_t)MIB);
    } else {
        assert_int_equal(info.hblks, 0);
    }
    assert_true(info.uordblks >= 40 * (size_t)MIB);
    assert_int_equal(info.arena + info.hblkhd, w->footprint());
    w->free(mem);
    assert_int_equal(w->mallinfo().hblks, 0);
    assert_int_equal(w->mallinfo().hblkhd, 0);
}

/* ---- words ---- */

/* What `print` writes to standard error. */
static void catch_words(void (*print)(void), char *words, size_t size)
{
    int ends[2], saved = dup(2);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], 2);
    print();
    dup2(saved, 2);
    close(saved);
    close(ends[1]);
    ssize_t count = read(ends[0], words, size - 1);
    close(ends[0]);
    assert_true(count > 0);
    words[count] = '\0';
}

static void stats_are_three_lines(void **state)
{
    const way *w = *state;
    char words[1000], end;
    size_t most, held, used;
    void *mem = w->malloc(12345);
    catch_words(w->stats, words, sizeof words);
    dlmallinfo_t info = w->mallinfo();
    assert_int_equal(sscanf(words, "max system bytes = %zu\nsystem bytes = %zu\nin use bytes = %zu%c",
                            &most, &held, &used, &end), 4);
    assert_int_equal(end, '\n');
    assert_int_equal(most, w->max_footprint());
    assert_int_equal(held, w->footprint());
    assert_int_equal(used, info.uordblks);
    w->free(mem);
}

/* ---- mallopt ---- */

static void mallopt_sets_the_thresholds(void **state)
{
    const way *w = *state;
    size_t trim = option("trim_threshold"), direct = option("direct_threshold");
    assert_int_equal(w->mallopt(M_TRIM_THRESHOLD, 12345678), 1);
    assert_int_equal(option("trim_threshold"), 12345678);
    assert_int_equal(w->mallopt(M_TRIM_THRESHOLD, 0), 1);
    assert_int_equal(option("trim_threshold"), 0);
    assert_int_equal(w->mallopt(M_TRIM_THRESHOLD, -1), 1);
    assert_true(option("trim_threshold") == SIZE_MAX);
    assert_int_equal(w->mallopt(M_MMAP_THRESHOLD, 3 * MIB), 1);
    assert_int_equal(option("direct_threshold"), 3 * MIB);
    assert_int_equal(w->mallopt(M_MMAP_THRESHOLD, -1), 1);
    assert_true(option("direct_threshold") == SIZE_MAX);
    assert_int_equal(w->mallopt(M_MMAP_THRESHOLD, 1), 1); /* as low as it goes */
    assert_int_equal(option("direct_threshold"), 64 * KIB);
    assert_int_equal(strata_option_set("trim_threshold", trim), 0);
    assert_int_equal(strata_option_set("direct_threshold", direct), 0);
}

static void mallopt_takes_powers_of_two_for_the_granularity(void **state)
{
    const way *w = *state;
    size_t segment_size = option("segment_size");
    int page = (int)sysconf(_SC_PAGESIZE);
    assert_int_equal(w->mallopt(M_GRANULARITY, 4 * MIB), 1);
    assert_int_equal(option("segment_size"), 4 * MIB);
    assert_int_equal(w->mallopt(M_GRANULARITY, page), 1);
    assert_int_equal(option("segment_size"), 64 * KIB);
    assert_int_equal(w->mallopt(M_GRANULARITY, 4 * MIB), 1);
    static const int wrong[] = {-1, 0, 1, 16, 12345, 3 * MIB, -2};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(w->mallopt(M_GRANULARITY, wrong[i]), 0);
    assert_int_equal(w->mallopt(M_GRANULARITY, page / 2), 0);
    assert_int_equal(option("segment_size"), 4 * MIB);
    assert_int_equal(strata_option_set("segment_size", segment_size), 0);
}

static void mallopt_knows_no_other_parameter(void **state)
{
    const way *w = *state;
    for (int parameter = -20; parameter <= 20; parameter++)
        if (parameter < -3 || parameter > -1) assert_int_equal(w->mallopt(parameter, 4096), 0);
}

static void mallopt_begins_with_2_mib_to_trim(void **state)
{
    (void)state;
    assert_int_equal(option("trim_threshold"), 2 * MIB);
    assert_true(M_TRIM_THRESHOLD == -1 && M_GRANULARITY == -2 && M_MMAP_THRESHOLD == -3);
}

#if HAS_DIRECT && !STRATA_DL_ONLY_MSPACES
/* The threshold is obeyed: a block above it has a mapping of its own, one below has none. */
static void mallopt_is_obeyed(void **state)
{
    const way *w = *state;
    size_t direct = option("direct_threshold");
    w->mallopt(M_MMAP_THRESHOLD, MIB);
    void *mem = w->malloc(2 * MIB);
    assert_int_equal(w->mallinfo().hblks, 1);
    w->free(mem);
    w->mallopt(M_MMAP_THRESHOLD, -1);
    mem = w->malloc(40 * (size_t)MIB);
    assert_int_equal(w->mallinfo().hblks, 0);
    w->free(mem);
    strata_option_set("direct_threshold", direct);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mallopt_begins_with_2_mib_to_trim),
        IN_EACH_WAY(footprint_follows_what_is_held),
        IN_EACH_WAY(limit_is_none_at_first_and_can_be_set_and_lifted),
        IN_EACH_WAY(limit_holds),
        IN_EACH_WAY(limit_below_what_is_held_only_stops_growth),
#if !STRATA_TINY
        ON_HOST_MEMORY(trim_gives_back_what_is_free_once),
        IN_MSPACE(trim_keeps_the_pad_at_the_end),
#endif
        IN_BASE(trim_of_the_callers_memory_gives_nothing_back),
        IN_EACH_WAY(mallinfo_counts_blocks_in_use),
        IN_EACH_WAY(mallinfo_has_ten_fields_that_agree),
        IN_EACH_WAY(mallinfo_knows_mappings_of_single_blocks),
        IN_EACH_WAY(stats_are_three_lines),
        IN_EACH_WAY(mallopt_sets_the_thresholds),
        IN_EACH_WAY(mallopt_takes_powers_of_two_for_the_granularity),
        IN_EACH_WAY(mallopt_knows_no_other_parameter),
#if HAS_DIRECT && !STRATA_DL_ONLY_MSPACES
        IN_PROCESS(mallopt_is_obeyed),
#endif
    };
    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
