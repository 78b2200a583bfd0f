/* SPDX-License-Identifier: MIT-0
 *
 * The small questions: which version runs, how aligned is an address.
 */
#include "api/names.h"

static void the_library_is_of_the_header(void **state)
{
    (void)state;
    assert_int_equal(strata_version(), STRATA_VERSION_NUMBER);
    assert_int_equal(STRATA_VERSION_NUMBER, STRATA_VERSION_MAJOR * 10000 +
                                                STRATA_VERSION_MINOR * 100 +
                                                STRATA_VERSION_PATCH);
}

static void the_alignment_of_an_address_is_its_lowest_bit(void **state)
{
    (void)state;
    assert_int_equal(strata_memalignment(NULL), 0);
    char *base = api_aligned_alloc(4096, 4096);
    assert_non_null(base);
    assert_true(strata_memalignment(base) >= 4096);
    for (size_t offset = 1; offset < 4096; offset++) {
        assert_int_equal(strata_memalignment(base + offset), offset & (0 - offset));
    }
    api_free(base);
    for (unsigned bit = 0; bit < sizeof(size_t) * 8; bit++) {
        size_t address = hidden((size_t)1 << bit);
        assert_int_equal(strata_memalignment((const void *)address), address);
        assert_int_equal(strata_memalignment((const void *)(SIZE_MAX << bit)), address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_is_of_the_header),
        cmocka_unit_test(the_alignment_of_an_address_is_its_lowest_bit),
    };
    return API_RUN(tests);
}
