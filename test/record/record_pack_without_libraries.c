/* SPDX-License-Identifier: MIT-0
 *
 * A build without liblzma and libzstd packs plain files, and says of the others what is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "trace_pack.h"

static void expect_refused(const char *path, const char *sentence)
{
    trace_error error;
    trace_pack_result result;
    assert_false(trace_packing_is_possible(trace_packing_of(path), &error));
    assert_string_equal(error.text, sentence);
    assert_int_equal(trace_pack("/dev/null", path, NULL, &result, &error), trace_pack_failed);
    assert_string_equal(error.text, sentence);
}

static void what_is_missing_is_told(void **state)
{
    (void)state;
    expect_refused("x.tr.xz",
                   "can't be written: this strata was built without the library that "
                   "compresses it (Debian: liblzma-dev)");
    expect_refused("x.tr.zst",
                   "can't be written: this strata was built without the library that "
                   "compresses it (Debian: libzstd-dev)");
}

static void plain_files_are_packed(void **state)
{
    trace_error error;
    (void)state;
    assert_int_equal(trace_packing_of("x.tr"), trace_packing_plain);
    assert_int_equal(trace_packing_of(".xz"), trace_packing_plain);
    assert_true(trace_packing_is_possible(trace_packing_plain, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_told),
        cmocka_unit_test(plain_files_are_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
