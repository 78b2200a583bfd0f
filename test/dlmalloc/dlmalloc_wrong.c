/* SPDX-License-Identifier: MIT-0
 *
 * Wrong pointers and wrong mspaces are reported: a child of the test does it, says one sentence and
 * stops.
 */
#include "dl_child.h"

/* ---- wrong pointers, in each way ---- */

static void free_twice(void)
{
    void *mem = child_way->malloc(3000), *above = child_way->malloc(3000);
    child_way->free(mem);
    child_way->free(mem);
    child_way->free(above);
}

static void free_of_the_stack(void)
{
    size_t words[64] = {0};
    child_way->free(&words[32]);
}

static void free_inside(void)
{
    size_t *mem = child_way->malloc(3000);
    memset(mem, 0, 3000);
    child_way->free(mem + 100);
}

static void free_misaligned(void) { child_way->free((char *)child_way->malloc(3000) + 5); }

static void realloc_of_a_freed_one(void)
{
    void *mem = child_way->malloc(LARGE), *above = child_way->malloc(LARGE);
    child_way->free(mem);
    child_way->free(child_way->realloc(mem, 2 * LARGE));
    child_way->free(above);
}

static void realloc_in_place_of_a_freed_one(void)
{
    void *mem = child_way->malloc(LARGE), *above = child_way->malloc(LARGE);
    child_way->free(mem);
    child_way->realloc_in_place(mem, 1000);
    child_way->free(above);
}

static void bulk_free_of_a_freed_one(void)
{
    void *mem[3] = {child_way->malloc(LARGE), child_way->malloc(LARGE), child_way->malloc(LARGE)};
    child_way->free(mem[1]);
    child_way->bulk_free(mem, 3);
}

static void write_past_the_end(void)
{
    size_t *mem = child_way->malloc(LARGE);
    void *above = child_way->malloc(LARGE);
    size_t words = child_way->usable_size(mem) / sizeof *mem;
    mem[words] = 0;
    child_way->free(mem);
    child_way->free(above);
    child_way->trim(0);
}

static void wrong_pointers_are_reported(void **state)
{
    child_way = *state;
    expect_report_of(free_twice, "already free");
    expect_report_of(free_of_the_stack, "did not give out");
    expect_report_of(free_misaligned, "misaligned");
    expect_report_of(realloc_of_a_freed_one, "already free");
    expect_report_of(realloc_in_place_of_a_freed_one, "already free");
    expect_report_of(bulk_free_of_a_freed_one, "already free");
}

#if !STRATA_TINY /* which looks less closely */
static void wrong_pointers_are_told_apart(void **state)
{
    child_way = *state;
    expect_report_of(free_inside, "not the start of a block");
    expect_report_of(write_past_the_end, "written past its end");
}
#endif

/* ---- blocks of another mspace ---- */

static void free_into_another(void)
{
    mspace other = create_mspace(0, 0);
    mspace_free(other, child_way->malloc(3000));
}

static void realloc_in_another(void)
{
    mspace other = create_mspace(0, 0);
    void *mem = mspace_realloc(other, child_way->malloc(3000), 100000);
    (void)mem;
}

static void realloc_in_place_in_another(void)
{
    mspace other = create_mspace(0, 0);
    mspace_realloc_in_place(other, child_way->malloc(3000), 100);
}

static void blocks_of_others_are_reported(void **state)
{
    child_way = *state;
    expect_report_of(free_into_another, "did not give out");
    expect_report_of(realloc_in_another, "did not give out");
    expect_report_of(realloc_in_place_in_another, "did not give out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_EACH_WAY(wrong_pointers_are_reported),
#if !STRATA_TINY
        IN_EACH_WAY(wrong_pointers_are_told_apart),
#endif
        IN_EACH_WAY(blocks_of_others_are_reported),
    };
    return cmocka_run_group_tests_name("wrong", tests, NULL, NULL);
}
