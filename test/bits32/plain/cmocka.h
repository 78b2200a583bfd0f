/* SPDX-License-Identifier: MIT-0
 *
 * In place of libcmocka, where there is none for the machine that a test is compiled for: as much of it as
 * the tests of heaps and of dlmalloc's interface use. What fails ends the program at once, with a line that
 * tells where.
 */
#ifndef PLAIN_CMOCKA_H
#define PLAIN_CMOCKA_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state);
    int (*teardown)(void **state);
    void *initial;
};

#define cmocka_unit_test_setup_teardown(f, before, after) {#f, f, before, after, NULL}
#define cmocka_unit_test(f) cmocka_unit_test_setup_teardown(f, NULL, NULL)

static inline void plain_fail(const char *file, int line, const char *what)
{
    printf("%s:%d: %s\n", file, line, what);
    fflush(stdout);
    _Exit(1);
}

static inline void plain_expect(int holds, const char *what, const char *file, int line)
{
    if (!holds) plain_fail(file, line, what);
}

#define print_error(...) printf(__VA_ARGS__)
#define fail_msg(...) (printf(__VA_ARGS__), plain_fail(__FILE__, __LINE__, "fail_msg"))

#define PLAIN_EXPECT(holds, words) plain_expect(!!(holds), words, __FILE__, __LINE__)
#define PLAIN_INT(value) ((uintmax_t)(uintptr_t)(value))
#define assert_true(a) PLAIN_EXPECT(a, #a)
#define assert_false(a) PLAIN_EXPECT(!(a), "not " #a)
#define assert_null(a) PLAIN_EXPECT((a) == NULL, #a " == NULL")
#define assert_non_null(a) PLAIN_EXPECT((a) != NULL, #a " != NULL")
#define assert_int_equal(a, b) PLAIN_EXPECT(PLAIN_INT(a) == PLAIN_INT(b), #a " == " #b)
#define assert_int_not_equal(a, b) PLAIN_EXPECT(PLAIN_INT(a) != PLAIN_INT(b), #a " != " #b)
#define assert_ptr_equal(a, b) PLAIN_EXPECT((const void *)(a) == (const void *)(b), #a " == " #b)
#define assert_ptr_not_equal(a, b) PLAIN_EXPECT((const void *)(a) != (const void *)(b), #a " != " #b)
#define assert_string_equal(a, b) PLAIN_EXPECT(strcmp(a, b) == 0, #a " is the text " #b)
#define assert_string_not_equal(a, b) PLAIN_EXPECT(strcmp(a, b) != 0, #a " is not the text " #b)
#define assert_memory_equal(a, b, n) PLAIN_EXPECT(memcmp(a, b, n) == 0, #a " has the bytes of " #b)
#define assert_in_range(a, low, high)                                                          \
    PLAIN_EXPECT(PLAIN_INT(a) >= PLAIN_INT(low) && PLAIN_INT(a) <= PLAIN_INT(high), #a " is in range")

static inline int plain_run(const struct CMUnitTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        void *state = tests[i].initial;
        printf("%s\n", tests[i].name);
        fflush(stdout);
        PLAIN_EXPECT(tests[i].setup == NULL || tests[i].setup(&state) == 0, "setup");
        tests[i].test(&state);
        PLAIN_EXPECT(tests[i].teardown == NULL || tests[i].teardown(&state) == 0, "teardown");
    }
    return 0;
}

#define cmocka_run_group_tests(tests, before, after) plain_run(tests, sizeof(tests) / sizeof(tests)[0])
#define cmocka_run_group_tests_name(name, tests, before, after) cmocka_run_group_tests(tests, before, after)

#endif
