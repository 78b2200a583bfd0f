/* SPDX-License-Identifier: MIT-0
 *
 * What glibc's malloc.h adds to ISO C and POSIX, by its own names, as the built library serves
 * them: mallopt, mallinfo, malloc_info and their like.
 */
#include "api/names.h"

#include <stdio.h>
#include <unistd.h>

/* mallinfo is obsolete, and must work all the same. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

/* mallopt: 1 for what is understood and accepted, 0 otherwise. */
static void mallopt_takes_what_it_can(void **state)
{
    (void)state;
    strata_options saved;
    strata_options_get(&saved);
    size_t value = 0;
    assert_int_equal(mallopt(M_TRIM_THRESHOLD, 1 << 20), 1);
    assert_int_equal(strata_option_get("trim_threshold", &value), 0);
    assert_int_equal(value, 1 << 20);
    assert_int_equal(mallopt(M_MMAP_THRESHOLD, 1 << 21), 1);
    assert_int_equal(strata_option_get("direct_threshold", &value), 0);
    assert_int_equal(value, 1 << 21);
    assert_int_equal(mallopt(12345, 1), 0);
    assert_int_equal(mallopt(-12345, 1), 0);
    assert_int_equal(mallopt(0, 0), 0);
    assert_int_equal(strata_options_set(&saved), 0);
    assert_sound();
}

static void mallinfo_agrees_with_the_statistics(void **state)
{
    (void)state;
    void *small = malloc(1000);
    void *large = malloc((size_t)9 << 20);
    assert_non_null(small);
    assert_non_null(large);
    strata_stats stats;
    strata_stats_get(&stats);
    struct mallinfo2 info = mallinfo2();
    assert_true(info.uordblks + info.fordblks <= info.arena);
    /* Records are left, and what slabs are made of: see api_stats_sums.c. */
    size_t slices = STRATA_SLABS ? 40 * 65536 + stats.slabs / 4 : 0;
    assert_true(info.arena - info.uordblks - info.fordblks <= info.arena / 50 + 65536 + slices);
    assert_true(info.fsmblks >= stats.kept);
    assert_true(info.uordblks + info.hblkhd >= 1000 + ((size_t)9 << 20));
    assert_int_equal(info.hblks, stats.direct_blocks);
    assert_true(info.hblkhd >= stats.direct);
    assert_true(info.fordblks >= info.keepcost);
    struct mallinfo old = mallinfo();
    assert_int_equal((size_t)(unsigned)old.uordblks, info.uordblks);
    assert_int_equal((size_t)(unsigned)old.fordblks, info.fordblks);
    assert_int_equal((size_t)(unsigned)old.hblkhd, info.hblkhd);
    free(large);
    free(small);
}

/* Enough of XML to tell a torn or unescaped document: tags nest, quotes close. */
static bool is_well_formed(const char *text)
{
    char open[32][32];
    size_t depth = 0;
    bool has_root = false;
    for (const char *at = strchr(text, '<'); at != NULL; at = strchr(at, '<')) {
        const char *end = strchr(at, '>');
        if (end == NULL) return false;
        size_t quotes = 0;
        for (const char *c = at; c < end; c++) quotes += *c == '"';
        if (quotes % 2 != 0) return false;
        bool is_closing = at[1] == '/';
        const char *name = at + 1 + is_closing;
        size_t length = strcspn(name, " \t\n/>");
        if (length == 0 || length >= sizeof open[0]) return false;
        if (is_closing) {
            if (depth == 0) return false;
            depth--;
            if (strlen(open[depth]) != length || memcmp(open[depth], name, length))
                return false;
        } else if (end[-1] != '/' && at[1] != '?' && at[1] != '!') {
            if (depth == 32 || (depth == 0 && has_root)) return false;
            memcpy(open[depth], name, length);
            open[depth++][length] = '\0';
            has_root = true;
        }
        at = end;
    }
    return has_root && depth == 0;
}

static void the_judge_of_xml_can_tell(void **state)
{
    (void)state;
    assert_true(is_well_formed("<a v=\"1\"><b/><c x=\"y\">z</c></a>\n"));
    assert_false(is_well_formed("<a><b></a></b>"));
    assert_false(is_well_formed("<a>"));
    assert_false(is_well_formed("</a>"));
    assert_false(is_well_formed("<a v=\"1></a>"));
    assert_false(is_well_formed("<a></a><b></b>"));
    assert_false(is_well_formed("nothing"));
}

static void malloc_info_writes_xml(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(malloc_info(0, file), 0);
    static char text[65536];
    assert_int_equal(fseek(file, 0, SEEK_SET), 0);
    size_t size = fread(text, 1, sizeof text - 1, file);
    assert_true(size > 0 && size < sizeof text - 1);
    assert_memory_equal(text, "<malloc version=", 16);
    assert_true(is_well_formed(text));
    assert_int_not_equal(malloc_info(1, file), 0);
    fclose(file);
}

static void malloc_stats_writes_to_standard_error(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    malloc_stats();
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    assert_true(ftell(file) > 50);
    fclose(file);
}

static void malloc_trim_tells_whether_it_gave(void **state)
{
    (void)state;
    void *mem = malloc(1000000);
    void *guard = malloc(10);
    assert_non_null(mem);
    assert_non_null(guard);
    memset(mem, 1, 1000000);
    free(mem);
    assert_int_equal(malloc_trim(0), 1);
    assert_int_equal(malloc_trim(0), 0);
    free(guard);
    assert_sound();
}

/* What the C library allocates for us must come from us, or freeing it would be foreign. */
static void blocks_of_the_c_library_are_ours(void **state)
{
    (void)state;
    char *copy = strdup("words");
    assert_non_null(copy);
    assert_true(malloc_usable_size(copy) >= 6);
    free(copy);
    char *line = NULL;
    size_t capacity = 0;
    FILE *file = tmpfile();
    assert_non_null(file);
    fputs("a line that getline allocates for\n", file);
    rewind(file);
    assert_true(getline(&line, &capacity, file) > 0);
    assert_true(malloc_usable_size(line) >= capacity);
    free(line);
    fclose(file);
    strata_stats before, after;
    strata_stats_get(&before);
    free(strdup("counted"));
    strata_stats_get(&after);
    assert_int_equal(after.allocations - before.allocations, 1);
    assert_int_equal(after.frees - before.frees, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mallopt_takes_what_it_can),
        cmocka_unit_test(mallinfo_agrees_with_the_statistics),
        cmocka_unit_test(the_judge_of_xml_can_tell),
        cmocka_unit_test(malloc_info_writes_xml),
        cmocka_unit_test(malloc_stats_writes_to_standard_error),
        cmocka_unit_test(malloc_trim_tells_whether_it_gave),
        cmocka_unit_test(blocks_of_the_c_library_are_ours),
    };
    return API_RUN(tests);
}
