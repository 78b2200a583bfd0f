/* SPDX-License-Identifier: MIT-0
 *
 * Any text in a picture is just text: as a title and between the double quotes of a data block,
 * gnuplot neither runs it nor stumbles over it, and shows it, or what looks alike.
 */
#define _GNU_SOURCE
#include "trace_bytes.h"

#include "cmd_plot.h"

#include <unistd.h>

/* `shown` is how SVG writes it. */
typedef struct plot_sample {
    const char *text;
    const char *shown;
} plot_sample;

static const plot_sample samples[] = {
    {"plain", "plain"},
    {"two words", "two words"},
    {"a_b^c {d} @e $f %g", "a_b^c {d} @e $f %g"},
    {"<&>", "&lt;&amp;"},
    {"[[x]]]>y", "[[x]] ]>y"},
    {"back\\slash \\n \\", "back\\slash \\n \\"},
    {"`touch mark`", "`touch mark`"},
    {"a\tb\nc\x7f"
     "d",
     "a b c d"},
    {"\xc3\xa9t\xc3\xa9 \xe2\x82\xac", "\xc3\xa9t\xc3\xa9 \xe2\x82\xac"},
    {"\xff\xfe \xc3", "?? ?"},
};

static char directory[] = "/tmp/trace-test-XXXXXX";
static char path[64];

/* Draws a picture with `text` in it, as a title if `is_title`, else as the label of a tic. Returns
 * the picture, which is to be freed. */
static char *draw(const char *text, bool is_title)
{
    cmd_plot plot;
    assert_true(cmd_plot_open(&plot, "test: ", path));
    if (is_title) cmd_plot_title(&plot, text);
    fputs("$data << EOD\n", plot.script);
    if (is_title) {
        fputs("\"tic\"", plot.script);
    } else {
        cmd_plot_data_text(&plot, text);
    }
    fputs(" 1\n\"other\" 2\nEOD\nset style data histograms\n"
          "plot $data using 2:xtic(1) notitle\n",
          plot.script);
    assert_true(cmd_plot_close(&plot));
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *picture = calloc(1, 1 << 16);
    assert_in_range(fread(picture, 1, (1 << 16) - 1, file), 1, (1 << 16) - 2);
    fclose(file);
    return picture;
}

static void expect_shown(const char *text, const char *shown, bool is_title)
{
    char *picture = draw(text, is_title);
    if (strstr(picture, shown) == NULL) fail_msg("'%s' is not shown as '%s'", text, shown);
    assert_int_equal(access("mark", F_OK), -1);
    free(picture);
}

static void any_text_is_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        expect_shown(samples[i].text, samples[i].shown, true);
        expect_shown(samples[i].text, samples[i].shown, false);
    }
}

static void quotes_do_not_end_the_text(void **state)
{
    (void)state;
    expect_shown("'; system 'touch mark'; a='",
                 "\xe2\x80\x99; system \xe2\x80\x99touch mark\xe2\x80\x99; a=\xe2\x80\x99",
                 true);
    expect_shown("''''.system(\"touch mark\").''",
                 "\xe2\x80\x99\xe2\x80\x99\xe2\x80\x99\xe2\x80\x99.system(", true);
    expect_shown("\" 5 \"x", "\xe2\x80\x9d 5 \xe2\x80\x9dx", false);
    expect_shown("\\\"x", "\\\xe2\x80\x9dx", false);
}

static void labels_of_sizes_are_short(void **state)
{
    cmd_buffer label;
    (void)state;
    assert_string_equal(cmd_plot_size_text(0, &label), "0 B");
    assert_string_equal(cmd_plot_size_text(65536, &label), "64 KiB");
    assert_string_equal(cmd_plot_size_text(1536, &label), "1.5 KiB");
    assert_string_equal(cmd_plot_size_text((uint64_t)1 << 60, &label), "1 EiB");
}

/* What cmd_plot_size_axis or cmd_plot_count_axis writes. */
static void expect_axis(uint64_t maximum, bool is_size, const char *expected)
{
    char text[1024] = "";
    cmd_plot plot = {.script = fmemopen(text, sizeof text, "w")};
    if (is_size) {
        cmd_plot_size_axis(&plot, 'y', maximum);
    } else {
        cmd_plot_count_axis(&plot, 'x', maximum);
    }
    fclose(plot.script);
    assert_string_equal(text, expected);
}

static void axes_have_round_tics(void **state)
{
    (void)state;
    expect_axis(0, true, "set yrange [0:1]\nset ytics ('0 B' 0)\n");
    expect_axis(3000, true,
                "set yrange [0:3000]\nset ytics ('0 B' 0, '512 B' 512, '1 KiB' 1024, '1.5 KiB' "
                "1536, '2 KiB' 2048, '2.5 KiB' 2560, '3 KiB' 3072)\n");
    expect_axis(7, false,
                "set xrange [0:7]\nset xtics ('0' 0, '1' 1, '2' 2, '3' 3, '4' 4, '5' 5, '6' 6, "
                "'7' 7)\n");
    expect_axis(
        1500000, false,
        "set xrange [0:1500000]\nset xtics ('0' 0, '200k' 200000, '400k' 400000, '600k' "
        "600000, '800k' 800000, '1M' 1000000, '1.2M' 1200000, '1.4M' 1400000, '1.6M' "
        "1600000)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_text_is_shown),
        cmocka_unit_test(quotes_do_not_end_the_text),
        cmocka_unit_test(labels_of_sizes_are_short),
        cmocka_unit_test(axes_have_round_tics),
    };
    if (mkdtemp(directory) == NULL || chdir(directory) != 0) return EXIT_FAILURE;
    snprintf(path, sizeof path, "%s/picture.svg", directory);
    const int failed_count = TRACE_BYTES_RUN(tests);
    unlink(path);
    rmdir(directory);
    return failed_count;
}
