/* SPDX-License-Identifier: MIT-0
 *
 * A build without liblzma and libzstd reads plain files, and says of the others what is missing.
 */
#include "trace_bytes.h"

static void expect_refused(const char *name, const char *sentence)
{
    char path[1024];
    trace_error error;
    snprintf(path, sizeof path, "%s/%s", TRACE_GOLDEN_DIRECTORY, name);
    assert_null(trace_open(path, &error));
    assert_string_equal(error.text, sentence);
    assert_false(error.is_ours);
}

static void what_is_missing_is_told(void **state)
{
    (void)state;
    expect_refused("small.tr.xz", "is compressed with xz, which this strata was built without "
                                  "(Debian: liblzma-dev); unpack it with `xz -d`");
    expect_refused("small.tr.zst",
                   "is compressed with zstd, which this strata was built without "
                   "(Debian: libzstd-dev); unpack it with `zstd -d`");
}

static void plain_files_are_read(void **state)
{
    trace_error error;
    (void)state;
    trace_reader *reader = trace_open(TRACE_GOLDEN_DIRECTORY "/small.tr", &error);
    assert_non_null(reader);
    assert_int_equal(trace_bytes_read_all(reader), 6);
    trace_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_told),
        cmocka_unit_test(plain_files_are_read),
    };
    return TRACE_BYTES_RUN(tests);
}
