/* SPDX-License-Identifier: MIT-0
 *
 * Any bytes as a trace, plain or compressed. Whatever they are, the reader gives operations that
 * are sound, judged here by a list of objects of our own, and ends in the end of the trace or in a
 * sentence; the statistics can count them.
 *
 * Mutations seldom keep a header's counts right, and hardly ever a check sum. So bytes that begin
 * like a plain trace are read twice more: with counts that allow all that follows, and, every now
 * and then, compressed, which must give the same as plain.
 */
#include "trace_stats.h"

#include <stdlib.h>
#include <string.h>

#if TRACE_HAS_ZSTD
#include <zstd.h>
#endif
#if TRACE_HAS_LZMA
#include <lzma.h>
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_REQUIRE(condition)                                                                \
    do {                                                                                       \
        if (!(condition)) abort();                                                             \
    } while (0)

/* What came of an input. */
typedef struct fuzz_result {
    uint64_t op_count;
    uint64_t size_sum;
    int got;
    trace_error error;
} fuzz_result;

enum { fuzz_object_max = 1 << 16 };

/* Size + 1 of the objects that live. */
static uint64_t fuzz_object[fuzz_object_max];

/* Is it what the contract of trace_next says? */
static void fuzz_judge(const trace_op *op, const trace_header *header, uint64_t *object_count)
{
    uint64_t nothing = 0;
    uint64_t *object = op->id < fuzz_object_max ? &fuzz_object[op->id] : &nothing;
    FUZZ_REQUIRE(op->thread < header->thread_count && op->thread < TRACE_THREAD_MAX);
    FUZZ_REQUIRE(op->size <= TRACE_SIZE_MAX && op->align_log2 <= trace_align_log2_max);
    FUZZ_REQUIRE(op->kind == trace_kind_aligned || op->align_log2 == 0);
    FUZZ_REQUIRE(op->kind == trace_kind_realloc || op->old_size == 0);
    switch (op->kind) {
    case trace_kind_malloc:
    case trace_kind_calloc:
    case trace_kind_aligned:
        FUZZ_REQUIRE(op->id == (*object_count)++ && *object_count <= header->id_count);
        *object = op->size + 1;
        return;
    case trace_kind_realloc:
        FUZZ_REQUIRE(op->id < *object_count && op->size > 0);
        FUZZ_REQUIRE(object == &nothing || *object == op->old_size + 1);
        *object = op->size + 1;
        return;
    case trace_kind_free:
        FUZZ_REQUIRE(op->id < *object_count);
        FUZZ_REQUIRE(object == &nothing || *object == op->size + 1);
        *object = 0;
        return;
    default: abort();
    }
}

/* At the end, what was counted agrees with itself. */
static void fuzz_judge_end(const trace_stats *stats, const trace_header *header)
{
    uint64_t bin_sum = 0;
    for (int i = 0; i < trace_stats_bin_count; i++) bin_sum += stats->size_bins[i].count;
    FUZZ_REQUIRE(bin_sum == stats->request_count);
    FUZZ_REQUIRE(stats->op_count == header->op_count);
    FUZZ_REQUIRE(stats->objects.count == header->id_count);
    FUZZ_REQUIRE(stats->now.live_count + stats->kind_count[trace_kind_free] ==
                 header->id_count);
    FUZZ_REQUIRE(stats->peak_size.live_size >= stats->now.live_size);
    FUZZ_REQUIRE(trace_stats_count_threads(stats) <= header->thread_count);
}

static void fuzz_read(const uint8_t *data, size_t size, fuzz_result *result)
{
    static trace_stats stats;
    trace_op op;
    uint64_t object_count = 0;
    *result = (fuzz_result){.got = -1};
    trace_reader *reader = trace_open_memory(data, size, &result->error);
    if (reader == NULL) return;
    const trace_header *header = trace_get_header(reader);
    FUZZ_REQUIRE(trace_stats_init(&stats, header));
    while ((result->got = trace_next(reader, &op, &result->error)) > 0) {
        fuzz_judge(&op, header, &object_count);
        FUZZ_REQUIRE(trace_stats_add(&stats, &op));
        result->op_count++;
        result->size_sum += op.size;
    }
    if (result->got == 0) fuzz_judge_end(&stats, header);
    FUZZ_REQUIRE(strlen(trace_get_program(reader)) <= trace_program_max);
    FUZZ_REQUIRE(trace_get_position(reader) <= header->byte_count);
    /* The end is the end, and an error stays. */
    FUZZ_REQUIRE(trace_next(reader, &op, &result->error) == result->got);
    trace_stats_fini(&stats);
    trace_close(reader);
}

/* ---- the other ways to read it ---- */

static void fuzz_expect_same(const uint8_t *data, size_t size, const fuzz_result *plain)
{
    fuzz_result result;
    fuzz_read(data, size, &result);
    FUZZ_REQUIRE(result.got == plain->got && result.op_count == plain->op_count);
    FUZZ_REQUIRE(result.size_sum == plain->size_sum);
    FUZZ_REQUIRE(result.got == 0 || strcmp(result.error.text, plain->error.text) == 0);
}

static void fuzz_compress(const uint8_t *data, size_t size, const fuzz_result *plain)
{
    const size_t capacity = 2 * size + 1024;
    uint8_t *packed = malloc(capacity);
    FUZZ_REQUIRE(packed != NULL);
#if TRACE_HAS_ZSTD
    const size_t zstd_size = ZSTD_compress(packed, capacity, data, size, 1);
    FUZZ_REQUIRE(!ZSTD_isError(zstd_size));
    fuzz_expect_same(packed, zstd_size, plain);
#endif
#if TRACE_HAS_LZMA
    size_t xz_size = 0;
    FUZZ_REQUIRE(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, data, size, packed,
                                         &xz_size, capacity) == LZMA_OK);
    fuzz_expect_same(packed, xz_size, plain);
#endif
    free(packed);
}

/* With a header that allows all records: what the bytes say is then in the way of nothing. */
static void fuzz_open_up(const uint8_t *data, size_t size)
{
    fuzz_result result;
    trace_header header = {.byte_count = size - trace_header_size,
                           .id_count = fuzz_object_max,
                           .thread_count = 1 + data[32],
                           .flags = trace_flag_notes};
    uint8_t *copy = malloc(size);
    FUZZ_REQUIRE(copy != NULL);
    memcpy(copy, data, size);
    trace_put_header(copy, &header);
    fuzz_read(copy, size, &result);
    if (result.op_count > 0) {
        /* Now that they are known the counts can be right, at least of operations. */
        header.op_count = result.op_count;
        trace_put_header(copy, &header);
        fuzz_read(copy, size, &result);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_result result;
    fuzz_read(data, size, &result);
    if (size < trace_header_size || memcmp(data, TRACE_MAGIC, trace_magic_size) != 0) return 0;
    fuzz_open_up(data, size);
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) sum += data[i];
    if (sum % 64 == 0) fuzz_compress(data, size, &result);
    return 0;
}
