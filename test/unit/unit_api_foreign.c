/* SPDX-License-Identifier: MIT-0
 *
 * Pointers of other allocators: who is asked, how often, and what never is. The other allocator here
 * writes down what it is asked, and may ask back.
 */
#include "fake/testing.h"

#include "api/foreign.h"
#include "api/front.h"
#include "books/options.h"
#include "strata.h"

#if STRATA_PAGEMAP

enum { misuse, ignored, handed_on };

static struct {
    unsigned frees, resizes, asked;
    size_t req;
    bool asks_back;
} other_did;

static _Alignas(64) char others[256]; /* blocks of the other one's */

static void other_free(void *mem)
{
    other_did.frees++;
    if (other_did.asks_back) strata_free(mem);
}

static void *other_realloc(void *mem, size_t req)
{
    other_did.resizes++;
    other_did.req = req;
    return other_did.asks_back ? strata_realloc(mem, req) : others + 128;
}

static size_t other_usable(void *mem)
{
    other_did.asked++;
    return other_did.asks_back ? strata_usable_size(mem) : 77;
}

static const st_os_other other_full = {other_free, other_realloc, other_usable};
static const st_os_other other_free_only = {other_free, NULL, NULL};

static int setup(void **state)
{
    (void)state;
    memset(&other_did, 0, sizeof other_did);
    st_os_start();
    os_fake_set_other(&other_full);
    os_fake_clear_output();
    st_option_set(st_option_id_on_misuse, 0);
    st_option_set(st_option_id_on_foreign, handed_on);
    return 0;
}

static void foreign_blocks_go_to_who_gave_them(void **state)
{
    (void)state;
    strata_free(others);
    strata_free_sized(others, 5);
    assert_int_equal(other_did.frees, 2 * (STRATA_DLOPEN < 2));
    if (STRATA_DLOPEN >= 2) return;
    assert_ptr_equal(strata_realloc(others, 500), others + 128);
    assert_ptr_equal(strata_realloc(others, 0), others + 128);
    assert_int_equal(other_did.req, 1); /* 0 would free the block and give none */
    assert_int_equal(strata_usable_size(others + 16), 77);
    assert_null(strata_realloc(others, (size_t)PTRDIFF_MAX + 1));
    assert_int_equal(other_did.resizes, 2);
    assert_null(strata_realloc_in_place(others, 1));
    assert_int_equal(other_did.frees, 2); /* asking whether it can grow is no free */
    assert_string_equal(os_fake_output(), "");
}

static void what_no_allocator_gives_goes_to_nobody(void **state)
{
    (void)state;
    strata_free(NULL);
    for (size_t byte = 1; byte < sizeof(void *); byte++) strata_free(others + byte);
    assert_int_equal(strata_usable_size(others + 1), 0);
    assert_null(strata_realloc(others + 3, 5));
    assert_int_equal(other_did.frees + other_did.asked + other_did.resizes, 0);
}

static void one_that_asks_back_is_asked_once(void **state)
{
    (void)state;
    if (STRATA_DLOPEN >= 2) return;
    other_did.asks_back = true;
    strata_free(others);
    assert_int_equal(other_did.frees, 1);
    assert_null(strata_realloc(others, 10));
    assert_int_equal(other_did.resizes, 1);
    assert_int_equal(strata_usable_size(others), 0);
    assert_int_equal(other_did.asked, 1);
    other_did.asks_back = false;
    strata_free(others);
    assert_int_equal(other_did.frees, 2);
}

static void one_that_only_frees_is_not_asked_more(void **state)
{
    (void)state;
    os_fake_set_other(&other_free_only);
    assert_null(strata_realloc(others, 10));
    assert_int_equal(strata_usable_size(others), 0);
    os_fake_set_other(NULL);
    strata_free(others);
    assert_null(strata_realloc(others, 10));
    assert_int_equal(other_did.frees, 0);
}

static void ignored_blocks_are_nobodys(void **state)
{
    (void)state;
    st_option_set(st_option_id_on_foreign, ignored);
    strata_free(others);
    assert_null(strata_realloc(others, 10));
    assert_null(strata_realloc_in_place(others, 10));
    assert_int_equal(strata_usable_size(others), 0);
    assert_int_equal(other_did.frees + other_did.asked + other_did.resizes, 0);
    assert_string_equal(os_fake_output(), "");
}

static void misuse_act(void *context)
{
    (void)context;
    strata_free(others);
}

static void without_the_option_it_is_misuse(void **state)
{
    (void)state;
    st_option_set(st_option_id_on_foreign, misuse);
    assert_true(os_fake_stops(misuse_act, NULL));
    assert_non_null(strstr(os_fake_output(), "that strata did not give out"));
    assert_int_equal(other_did.frees, 0);
}

/* Ours that are wrong are told of, whatever is done with foreign ones: freed twice, inside a block. */
static void wrong_pointers_of_ours_stay_misuse(void **state)
{
    (void)state;
    char *mem = strata_malloc(5000), *wall = strata_malloc(5000);
    st_option_set(st_option_id_on_misuse, 1);
    strata_free(mem + 64);
    assert_non_null(strstr(os_fake_output(), "not the start of a block"));
    strata_free(mem);
    strata_free(wall);
    assert_int_equal(other_did.frees, 0);
    assert_false(st_foreign_is_tolerated(mem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(foreign_blocks_go_to_who_gave_them, setup),
        cmocka_unit_test_setup(what_no_allocator_gives_goes_to_nobody, setup),
        cmocka_unit_test_setup(one_that_asks_back_is_asked_once, setup),
        cmocka_unit_test_setup(one_that_only_frees_is_not_asked_more, setup),
        cmocka_unit_test_setup(ignored_blocks_are_nobodys, setup),
        cmocka_unit_test_setup(without_the_option_it_is_misuse, setup),
        cmocka_unit_test_setup(wrong_pointers_of_ours_stay_misuse, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) { return 0; }

#endif
