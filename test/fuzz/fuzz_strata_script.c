/* SPDX-License-Identifier: MIT-0
 *
 * Bytes as a script of operations on the public interface, judged by the model. Any bytes are a
 * script: the first eight are the options and the ways of the host, then each operation takes
 * four:
 *
 *   kind (3 bits)  slot (5 bits) | shape of the size | low byte of the size | other
 */
#include "model/strata_engine.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { fuzz_head_size = 8, fuzz_op_size = 4, fuzz_slots = 32 };

static size_t fuzz_choice(uint8_t byte, const size_t *of, size_t count)
{
    return of[byte % count];
}

#define FUZZ_OF(byte, ...)                                                                     \
    fuzz_choice(byte, (const size_t[]){__VA_ARGS__},                                           \
                sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t))

static void fuzz_read_setup(const uint8_t *head, script_setup *setup)
{
    os_fake_config *host = &setup->host;
    host->refuses_purge = head[0] & 1;
    host->refuses_decommit = head[0] & 2;
    host->refuses_resize = head[0] & 4;
    host->refuses_move = head[0] & 8;
    host->refuses_reserve_at = head[0] & 16;
    host->gap = head[0] & 32 ? ST_GRANULE : 0;
    setup->quick_limit = FUZZ_OF(head[1], 64 * ST_KIB, 0, 100, 500, 4 * ST_KIB);
    setup->trim_threshold = FUZZ_OF(head[2], 2 * ST_MIB, 0, 10000, 64 * ST_KIB, SIZE_MAX);
    setup->trim_pad = FUZZ_OF(head[3], 64 * ST_KIB, 0, 5000);
    setup->segment_size = FUZZ_OF(head[4], 64 * ST_KIB, 256 * ST_KIB, 4 * ST_MIB);
    setup->dirty_max = FUZZ_OF(head[5] >> 4, SIZE_MAX, 0, 64 * ST_KIB, ST_MIB);
    setup->purge_rate = head[5] & 8 ? SIZE_MAX : 64 * ST_KIB;
    setup->purge_delay = FUZZ_OF(head[5], 0, 1000, SIZE_MAX);
    setup->magazine_limit = head[0] & 64 ? 0 : 64 * ST_KIB;
    setup->direct_threshold = FUZZ_OF(head[6], 64 * ST_KIB, 150 * ST_KIB, 4 * ST_MIB);
    setup->direct_cache = FUZZ_OF(head[7], 4 * ST_MIB, 0, 300 * ST_KIB);
}

/* The shape's low five bits say how many bits the size has at most; its highest makes the size
 * one that a chunk holds exactly. */
static size_t fuzz_size(uint8_t shape, uint8_t low)
{
    unsigned bits = (shape & 31u) % 20;
    size_t size = ((size_t)low << (bits > 8 ? bits - 8 : 0)) & (((size_t)2 << bits) - 1);
    if (shape & 128) size = st_round_up(size, STRATA_ALIGNMENT) + sizeof(size_t);
    return size + ((shape >> 5) & 3);
}

/* Faults of release are left out: what is then lost would spoil the account of later inputs. */
#define FUZZ_FAULTS (OS_FAKE_ANY & ~OS_FAKE_ONLY(release))

static script_op fuzz_read_op(const uint8_t *bytes)
{
    /* Three bits make eight kinds; the eighth is the first again. */
    script_op op = {(script_kind)((bytes[0] >> 5) % script_kind_count), bytes[0] % fuzz_slots,
                    fuzz_size(bytes[1], bytes[2]), 0};
    if (op.kind == script_take_aligned) op.other = (size_t)1 << bytes[3] % 19;
    if (op.kind == script_take_zero) op.other = bytes[3] % 16;
    if (op.kind == script_fail) {
        op.other = bytes[3] == 0 ? FUZZ_FAULTS : bytes[3] & FUZZ_FAULTS;
        op.size = bytes[2] % 8;
    }
    return op;
}

static void fuzz_read(script *s, const uint8_t *data, size_t size)
{
    script_init(s);
    if (size < fuzz_head_size) return;
    fuzz_read_setup(data, &s->setup);
    for (size_t at = fuzz_head_size; size - at >= fuzz_op_size; at += fuzz_op_size) {
        if (s->count == SCRIPT_OPS_MAX) return;
        s->op[s->count++] = fuzz_read_op(data + at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static script s;
    size_t at = 0;
    fuzz_read(&s, data, size);
    script_apply_setup(&s.setup);
    const char *wrong = script_run_on(&strata_engine, &s, &at);
    if (wrong == NULL) return 0;
    script_print(&s);
    fprintf(stderr, "after operation %zu: %s\n", at, wrong);
    abort();
}
