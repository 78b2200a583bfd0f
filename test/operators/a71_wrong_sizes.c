/* SPDX-License-Identifier: MIT-0
 *
 * a wrong size in a sized free is safe: the block is freed as what it is, and the lie is counted;
 * a build with all checks stops and tells both sizes.
 */
#include "api/names.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef STRATA_CHECK
#define STRATA_CHECK 1
#endif

static const size_t sizes[] = {1, 100, 1000, 3000, 70000, 600000, 40000000};

static size_t counted(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return stats.size_mismatches;
}

/* The block must not end up among those of the size that was told. */
static void wrong_sizes_do_no_harm(void **state)
{
    (void)state;
    assert_int_equal(strata_option_set("on_misuse", 1), 0);
    for (size_t real = 0; real < API_COUNT(sizes); real++) {
        for (size_t told = 0; told < API_COUNT(sizes); told++) {
            if (real == told) continue;
            size_t before = counted();
            void *mem = api_malloc(sizes[real]);
            assert_non_null(mem);
            memset(mem, 1, sizes[real]);
            api_free_sized(mem, hidden(sizes[told]));
            if (STRATA_STATS) assert_int_equal(counted(), before + 1);
            unsigned char *small = api_malloc(sizes[real]), *large = api_malloc(sizes[told]);
            assert_non_null(small);
            assert_non_null(large);
            memset(small, 2, sizes[real]);
            memset(large, 3, sizes[told]);
            assert_true(is_filled_with(small, sizes[real], 2));
            api_free(small);
            api_free(large);
            assert_sound();
        }
    }
    assert_int_equal(strata_option_set("on_misuse", 0), 0);
}

/* What the child writes to its standard error, and how it ends. */
static int free_wrongly(size_t real, size_t told, char *words, size_t room)
{
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t id = fork();
    if (id == 0) {
        dup2(ends[1], STDERR_FILENO);
        api_free_sized(api_malloc(real), hidden(told));
        _exit(0);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t count;
    while ((count = read(ends[0], words + used, room - 1 - used)) > 0) used += (size_t)count;
    words[used] = '\0';
    close(ends[0]);
    assert_true(waitpid(id, &status, 0) == id);
    return status;
}

static void a_build_with_all_checks_tells_both_sizes(void **state)
{
    (void)state;
    static const size_t pairs[][2] = {
        {100, 5000}, {3000, 10}, {600000, 64}, {16, 1}, {50, 900}};
    char words[2000], expected[100];
    for (size_t n = 0; n < API_COUNT(pairs); n++) {
        int status = free_wrongly(pairs[n][0], pairs[n][1], words, sizeof words);
        bool is_wrong = pairs[n][0] != 16; /* of 16 bytes is what 1 byte gets, too */
        if (STRATA_CHECK < 3 || !STRATA_STATS || !is_wrong) {
            assert_int_equal(status, 0);
            assert_string_equal(words, "");
            continue;
        }
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        void *mem = api_malloc(pairs[n][0]);
        snprintf(expected, sizeof expected,
                 "strata: free of a block of %zu bytes as one of %zu\n", api_usable_size(mem),
                 pairs[n][1]);
        api_free(mem);
        assert_string_equal(words, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_sizes_do_no_harm),
        cmocka_unit_test(a_build_with_all_checks_tells_both_sizes),
    };
    return API_RUN(tests);
}
