/* SPDX-License-Identifier: MIT-0
 *
 * The table against a model that is a plain array: long random scripts of putting and taking, of
 * addresses that are close together, far apart, or meant to collide.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record.h"
#include "record_table.h"

enum { model_addresses = 30000, model_rounds = 1000000 };

static uint64_t model_id[model_addresses]; /* RECORD_NO_ID: nothing is there */

/* The n-th address of a pattern. */
typedef uintptr_t model_address(size_t n);

static uintptr_t neighbors(size_t n) { return 0x7f0000001000 + 16 * n; }
static uintptr_t pages(size_t n) { return 0x550000000000 + ((uintptr_t)n << 12); }
static uintptr_t large(size_t n) { return 16 + ((uintptr_t)n << 24); }
static uintptr_t odd(size_t n) { return 1 + n; }

static uint64_t model_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void expect_count(const record_table *table)
{
    size_t count = 0;
    size_t entries = 0;
    for (size_t i = 0; i < model_addresses; i++) count += model_id[i] != RECORD_NO_ID;
    for (size_t i = 0; i >> table->size_log2 == 0; i++) entries += table->entry[i].address != 0;
    assert_int_equal(table->count, count);
    assert_int_equal(entries, count);
    assert_true(count * 8 <= (size_t)5 << table->size_log2);
}

/* Of 8 steps `puts` put; so the table fills up to about that share of the addresses. */
static void run_script(model_address *address, unsigned puts)
{
    record_table table;
    uint64_t seed = puts;
    uint64_t old;
    assert_true(record_table_init(&table));
    for (size_t i = 0; i < model_addresses; i++) model_id[i] = RECORD_NO_ID;
    for (uint64_t id = 0; id < model_rounds; id++) {
        const size_t n = model_random(&seed) % model_addresses;
        if (model_random(&seed) % 8 < puts) {
            assert_true(record_table_put(&table, address(n), id, &old));
            assert_int_equal(old, model_id[n]);
            model_id[n] = id;
        } else {
            assert_int_equal(record_table_take(&table, address(n)), model_id[n]);
            model_id[n] = RECORD_NO_ID;
        }
        if (id % (model_rounds / 16) == 0) expect_count(&table);
    }
    for (size_t n = 0; n < model_addresses; n++) {
        assert_int_equal(record_table_take(&table, address(n)), model_id[n]);
    }
    assert_int_equal(table.count, 0);
    record_table_fini(&table);
    assert_null(table.entry);
}

static void it_does_what_an_array_does(void **state)
{
    model_address *const patterns[] = {neighbors, pages, large, odd};
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        run_script(patterns[i], 2);
        run_script(patterns[i], 6);
    }
}

/* One that wraps around the end of the table, taken out in every order. */
static void a_run_over_the_end_closes_its_gaps(void **state)
{
    enum { run = 6 };
    record_table table;
    uintptr_t home[run];
    uint64_t old;
    size_t found = 0;
    (void)state;
    assert_true(record_table_init(&table));
    const size_t last = ((size_t)1 << table.size_log2) - 1;
    for (uintptr_t address = 16; found < run; address += 16) {
        assert_true(record_table_put(&table, address, 1, &old));
        if (table.entry[last].address == address) home[found++] = address;
        record_table_take(&table, address);
    }
    for (size_t first = 0; first < run; first++) {
        for (size_t i = 0; i < run; i++)
            assert_true(record_table_put(&table, home[i], i, &old));
        for (size_t i = 0; i < run; i++) {
            const size_t at = (first + i * 5) % run;
            assert_int_equal(record_table_take(&table, home[at]), at);
            for (size_t j = i + 1; j < run; j++) {
                const size_t other = (first + j * 5) % run;
                assert_true(record_table_put(&table, home[other], other, &old));
                assert_int_equal(old, other);
            }
        }
        assert_int_equal(table.count, 0);
    }
    record_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_what_an_array_does),
        cmocka_unit_test(a_run_over_the_end_closes_its_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
