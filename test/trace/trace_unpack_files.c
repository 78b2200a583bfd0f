/* SPDX-License-Identifier: MIT-0
 *
 * Where the bytes come from: files that can't be read, compressed ones that are cut or corrupt,
 * other compressors, several streams in one file, and every division into reads.
 */
#define _GNU_SOURCE
#include "trace_bytes.h"

#include "trace_unpack.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { file_size_max = 1 << 16 };

static char path[1024];

/* A path in the directory of golden files. */
static const char *golden(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", TRACE_GOLDEN_DIRECTORY, name);
    return path;
}

static size_t read_golden(const char *name, unsigned char *data)
{
    FILE *file = fopen(golden(name), "rb");
    assert_non_null(file);
    const size_t size = fread(data, 1, file_size_max, file);
    fclose(file);
    assert_in_range(size, 1, file_size_max - 1);
    return size;
}

/* ---- files ---- */

static void expect_unopened(const char *file, const char *sentence)
{
    trace_error error;
    assert_null(trace_open(file, &error));
    assert_string_equal(error.text, sentence);
    assert_false(error.is_ours);
}

static void files_that_can_not_be_read_are_told(void **state)
{
    (void)state;
    expect_unopened("/", "is a directory");
    expect_unopened(golden("none.tr"), "can't be read: No such file or directory");
    expect_unopened(golden("small.tr/none"), "can't be read: Not a directory");
    expect_unopened("", "can't be read: No such file or directory");
    expect_unopened("/dev/null", "is empty");
    /* Its reading fails after its opening; also for root, whom no permission stops. */
    expect_unopened("/proc/self/mem", "can't be read: Input/output error");
}

static void *feed_slowly(void *golden_data)
{
    const int pipe_end = open(path, O_WRONLY);
    for (size_t i = 0; i < file_size_max && pipe_end >= 0; i++) {
        if (write(pipe_end, (unsigned char *)golden_data + i, 1) != 1) break;
        if (i + 1 == *(size_t *)((unsigned char *)golden_data + file_size_max)) break;
    }
    close(pipe_end);
    return NULL;
}

/* A pipe gives less than was asked for, and can't be sought in. */
static void a_pipe_is_read_as_a_file(void **state)
{
    static const char *const names[] = {"small.tr", "small.tr.xz", "small.tr.zst"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        static _Alignas(size_t) unsigned char data[file_size_max + sizeof(size_t)];
        char directory[] = "/tmp/trace-test-XXXXXX";
        pthread_t feeder;
        trace_error error;
        const size_t size = read_golden(names[i], data);
        memcpy(data + file_size_max, &size, sizeof size);
        assert_non_null(mkdtemp(directory));
        snprintf(path, sizeof path, "%s/pipe", directory);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(pthread_create(&feeder, NULL, feed_slowly, data), 0);
        trace_reader *reader = trace_open(path, &error);
        assert_non_null(reader);
        assert_int_equal(trace_bytes_read_all(reader), 6);
        trace_close(reader);
        pthread_join(feeder, NULL);
        unlink(path);
        rmdir(directory);
    }
}

static void other_compressors_are_named(void **state)
{
    static const struct {
        const char *bytes, *sentence;
    } others[] = {
        {"\x1f\x8b\x08\x01\x01\x01\x01\x01",
         "is compressed with gzip, which strata does not read; unpack it with `gzip -d`"},
        {"BZh91AY&SY",
         "is compressed with bzip2, which strata does not read; unpack it with `bzip2 -d`"},
        {"\x04\x22\x4d\x18\x64\x40\xa7\x01",
         "is compressed with lz4, which strata does not read; unpack it with `lz4 -d`"},
    };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        trace_error error;
        assert_null(trace_open_memory(others[i].bytes, strlen(others[i].bytes), &error));
        assert_string_equal(error.text, others[i].sentence);
    }
}

/* ---- damage ---- */

/* Reads all there is; returns false with *error set, or true if nothing was wrong. */
static bool try_to_read(const unsigned char *data, size_t size, trace_error *error)
{
    trace_op op;
    trace_reader *reader = trace_open_memory(data, size, error);
    int got = -1;
    if (reader != NULL) {
        while ((got = trace_next(reader, &op, error)) > 0) continue;
    }
    trace_close(reader);
    return got == 0;
}

static void expect_cut(const char *name, const char *coder, size_t magic_size)
{
    static unsigned char data[file_size_max];
    const size_t size = read_golden(name, data);
    trace_error error;
    assert_true(try_to_read(data, size, &error));
    for (size_t cut = magic_size; cut < size; cut++) {
        char sentence[80];
        snprintf(sentence, sizeof sentence,
                 "is cut short: its %s data ends too early, after %zu bytes", coder, cut);
        assert_false(try_to_read(data, cut, &error));
        assert_string_equal(error.text, sentence);
    }
}

static void compressed_files_that_are_cut_are_told(void **state)
{
    (void)state;
    expect_cut("small.tr.xz", "xz", 6);
    expect_cut("small.tr.zst", "zstd", 4);
}

static void a_plain_file_cut_anywhere_is_told(void **state)
{
    static unsigned char data[file_size_max];
    trace_error error;
    (void)state;
    const size_t size = read_golden("small.tr", data);
    for (size_t cut = trace_magic_size; cut < size; cut++) {
        assert_false(try_to_read(data, cut, &error));
        assert_memory_equal(error.text, "is cut short: it ", strlen("is cut short: it "));
    }
}

/* Any byte changed is found out: the check sums see to it. Where it is found depends on the
 * library; that it is the file's fault does not. Returns how often it was called corrupt. */
static int expect_corrupt(const char *name, const char *coder, size_t magic_size)
{
    static unsigned char data[file_size_max];
    const size_t size = read_golden(name, data);
    char sentence[80];
    int corrupt_count = 0;
    snprintf(sentence, sizeof sentence, "is damaged: its %s data is corrupt near byte ", coder);
    for (size_t at = magic_size; at < size; at++) {
        trace_error error;
        data[at] ^= 0x20;
        assert_false(try_to_read(data, size, &error));
        assert_false(error.is_ours);
        if (memcmp(error.text, sentence, strlen(sentence)) == 0) corrupt_count++;
        data[at] ^= 0x20;
    }
    return corrupt_count;
}

static void compressed_files_that_are_corrupt_are_told(void **state)
{
    (void)state;
    assert_in_range(expect_corrupt("small.tr.xz", "xz", 6), 80, 128);
    assert_in_range(expect_corrupt("small.tr.zst", "zstd", 5), 8, 78);
}

static void garbage_behind_compressed_data_is_told(void **state)
{
    static unsigned char data[file_size_max];
    trace_error error;
    (void)state;
    size_t size = read_golden("small.tr.xz", data);
    memcpy(data + size, "garbage garbage!", 16);
    assert_false(try_to_read(data, size + 16, &error));
    assert_memory_equal(error.text, "is damaged: its xz data is corrupt near byte 1", 46);
    size = read_golden("small.tr.zst", data);
    memcpy(data + size, "garbage garbage!", 16);
    assert_false(try_to_read(data, size + 16, &error));
    assert_memory_equal(error.text, "is damaged: its zstd data is corrupt near byte ", 47);
}

/* ---- what the formats allow ---- */

/* large.xz asks for a dictionary of 1.5 GiB, the bytes for a window of 256 MiB. */
static void too_much_memory_is_refused(void **state)
{
    static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x90, 0x01, 0x00, 0x00};
    trace_error error;
    (void)state;
    assert_false(try_to_read(zstd, sizeof zstd, &error));
    assert_string_equal(error.text,
                        "needs more than 128 MiB of memory to be unpacked; `zstd -d "
                        "--long=31` can");
    static unsigned char data[file_size_max];
    const size_t size = read_golden("large.xz", data);
    assert_false(try_to_read(data, size, &error));
    assert_string_equal(error.text,
                        "needs more than 256 MiB of memory to be unpacked; `xz -d` can");
}

static void streams_one_behind_the_other_are_one_file(void **state)
{
    static const char *const names[] = {"halves.tr.xz", "halves.tr.zst"};
    static unsigned char data[file_size_max];
    trace_error error;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const size_t size = read_golden(names[i], data);
        if (!try_to_read(data, size, &error)) fail_msg("%s %s", names[i], error.text);
    }
}

static void every_division_into_reads_gives_the_same(void **state)
{
    static const char *const names[] = {"small.tr", "small.tr.xz", "small.tr.zst"};
    static unsigned char plain[file_size_max];
    const size_t plain_size = read_golden("small.tr", plain);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t step = 1; step <= plain_size + 1; step++) {
            unsigned char got[256];
            trace_error error;
            size_t size = 0;
            trace_unpack *unpack = trace_unpack_open(golden(names[i]), &error);
            assert_non_null(unpack);
            for (size_t part = step; part == step; size += part) {
                part = trace_unpack_read(unpack, got + size, step);
            }
            assert_null(trace_unpack_get_error(unpack));
            assert_int_equal(size, plain_size);
            assert_memory_equal(got, plain, plain_size);
            assert_int_equal(trace_unpack_read(unpack, got, 1), 0);
            trace_unpack_close(unpack);
        }
    }
}

static int lowest_descriptor(void)
{
    const int descriptor = open("/dev/null", O_RDONLY);
    close(descriptor);
    return descriptor;
}

static void no_file_stays_open(void **state)
{
    static const char *const names[] = {"small.tr", "large.xz", "none", "small.hex"};
    const int before = lowest_descriptor();
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        trace_error error;
        trace_close(trace_open(golden(names[i]), &error));
        assert_int_equal(lowest_descriptor(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_can_not_be_read_are_told),
        cmocka_unit_test(a_pipe_is_read_as_a_file),
        cmocka_unit_test(other_compressors_are_named),
        cmocka_unit_test(compressed_files_that_are_cut_are_told),
        cmocka_unit_test(a_plain_file_cut_anywhere_is_told),
        cmocka_unit_test(compressed_files_that_are_corrupt_are_told),
        cmocka_unit_test(garbage_behind_compressed_data_is_told),
        cmocka_unit_test(too_much_memory_is_refused),
        cmocka_unit_test(streams_one_behind_the_other_are_one_file),
        cmocka_unit_test(every_division_into_reads_gives_the_same),
        cmocka_unit_test(no_file_stays_open),
    };
    return TRACE_BYTES_RUN(tests);
}
