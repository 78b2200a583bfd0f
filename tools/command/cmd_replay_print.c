/* SPDX-License-Identifier: MIT-0
 *
 * The comparison as text of at most 110 columns. Of many traces: a table for each figure with a
 * row a trace and a column a contender, and one over all. Of one trace, or of contenders that
 * are too many for columns: a table for each trace, with a row a contender.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include "strata.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum {
    print_width = 110,
    print_trace_width = 14,    /* of a trace's name */
    print_columns_max = 7,     /* contenders beside each other */
    print_compared_width = 13, /* of a value with its ratio */
    print_count_width = 11
};

/* ---- lines ---- */

/* A line that is written without blanks at its end. */
typedef struct print_line {
    char text[512];
    size_t length;
} print_line;

static void print_to(print_line *line, int width, const char *text)
{
    const size_t room = sizeof line->text - line->length;
    const int length = snprintf(line->text + line->length, room, "%*s", width, text);
    if (length > 0) line->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void print_end(FILE *stream, print_line *line)
{
    while (line->length > 0 && line->text[line->length - 1] == ' ') line->length--;
    fprintf(stream, "%.*s\n", (int)line->length, line->text);
    line->length = 0;
}

/* ---- cells ---- */

/* "1.2M": as short as it can be. */
static void print_short_size(double size, cmd_buffer *buffer)
{
    static const char units[] = "BKMGT";
    size_t unit = 0;
    while (size >= 999.5 && unit + 1 < strlen(units)) {
        size /= 1024;
        unit++;
    }
    snprintf(buffer->text, sizeof buffer->text, size < 9.95 && unit > 0 ? "%.1f%c" : "%.0f%c",
             size, units[unit]);
}

static void print_value(double value, int decimals, cmd_buffer *buffer)
{
    if (isnan(value)) {
        strcpy(buffer->text, "n/a");
    } else if (decimals == 0) {
        cmd_count_text((uint64_t)llround(value), buffer);
    } else {
        snprintf(buffer->text, sizeof buffer->text, "%.*f", decimals, value);
    }
}

/* "1.21" beside what is not the best. */
static void print_ratio(const double *values, size_t count, size_t which, cmd_buffer *buffer)
{
    const double ratio = cmd_ratio_to_best(values, count, which);
    buffer->text[0] = '\0';
    if (isnan(ratio)) return;
    if (ratio <= 1) {
        strcpy(buffer->text, "best");
    } else {
        snprintf(buffer->text, sizeof buffer->text,
                 ratio < 9.995  ? "%.2f"
                 : ratio < 99.5 ? "%.1f"
                                : "%.0f",
                 ratio);
    }
}

/* One row or column of values that are compared with each other. */
typedef struct print_values {
    cmd_figure figure;
    size_t count;
    double value[cmd_contender_max];
    double size[cmd_contender_max]; /* of what is kept, in bytes */
    bool has_failed[cmd_contender_max];
} print_values;

static int print_cell_width(cmd_figure figure)
{
    const cmd_figure_form *form = &cmd_figure_forms[figure];
    return form->is_compared || figure == cmd_figure_kept ? print_compared_width
                                                          : print_count_width;
}

static void print_cell(print_line *line, const print_values *values, size_t which)
{
    const cmd_figure_form *form = &cmd_figure_forms[values->figure];
    const double value = values->value[which];
    const int width = print_cell_width(values->figure);
    cmd_buffer text, beside = {""};
    if (values->has_failed[which]) {
        strcpy(text.text, "failed");
    } else if (values->figure == cmd_figure_kept && !isnan(value)) {
        print_short_size(values->size[which], &text);
        snprintf(beside.text, sizeof beside.text, "%.0f%%", value);
    } else {
        print_value(value, form->decimals, &text);
        if (form->is_compared) print_ratio(values->value, values->count, which, &beside);
    }
    if (width == print_count_width) {
        print_to(line, width, text.text);
    } else {
        print_to(line, width - 5, text.text);
        print_to(line, 5, beside.text);
    }
}

static void print_values_of_trace(const cmd_comparison *comparison, size_t trace,
                                  cmd_figure figure, print_values *values)
{
    values->figure = figure;
    values->count = comparison->contenders.count;
    for (size_t i = 0; i < values->count; i++) {
        const cmd_cell *cell = &comparison->trace[trace].cell[i];
        values->value[i] = cell->figure[figure];
        values->size[i] = cell->figure[cmd_figure_kept_size];
        values->has_failed[i] = cell->failure != NULL;
    }
}

static void print_values_over_traces(const cmd_comparison *comparison, size_t unused,
                                     cmd_figure figure, print_values *values)
{
    (void)unused;
    values->figure = figure;
    values->count = comparison->contenders.count;
    for (size_t i = 0; i < values->count; i++) {
        values->value[i] = cmd_figure_over_traces(comparison, figure, i);
        values->size[i] = cmd_figure_over_traces(comparison, cmd_figure_kept_size, i);
        values->has_failed[i] = false;
    }
}

/* ---- a table for each figure ---- */

static void print_row(FILE *stream, const char *label, const print_values *values)
{
    print_line line = {.length = 0};
    char cut[print_trace_width];
    snprintf(cut, sizeof cut, "%.*s", print_trace_width - 1, label);
    print_to(&line, -print_trace_width, cut);
    for (size_t i = 0; i < values->count; i++) {
        print_to(&line, print_compared_width - print_cell_width(values->figure), "");
        print_cell(&line, values, i);
    }
    print_end(stream, &line);
}

static void print_figure(FILE *stream, const cmd_comparison *comparison, cmd_figure figure)
{
    static const char *const summaries[] = {[cmd_summary_geometric] = "geom. mean",
                                            [cmd_summary_mean] = "sum, mean %",
                                            [cmd_summary_sum] = "sum"};
    print_values values;
    print_line line = {.length = 0};
    fprintf(stream, "\n%s\n", cmd_figure_forms[figure].title);
    print_to(&line, print_trace_width, "");
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        print_to(&line, print_compared_width, comparison->contenders.list[i].label);
    }
    print_end(stream, &line);
    for (size_t i = 0; i < comparison->trace_count; i++) {
        print_values_of_trace(comparison, i, figure, &values);
        print_row(stream, comparison->trace[i].name, &values);
    }
    print_values_over_traces(comparison, 0, figure, &values);
    print_row(stream, summaries[cmd_figure_forms[figure].summary], &values);
}

/* ---- a table for each trace ---- */

static size_t print_longest_label(const cmd_comparison *comparison)
{
    size_t longest = 0;
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        const size_t length = strlen(comparison->contenders.list[i].label);
        if (length > longest) longest = length;
    }
    return longest;
}

/* Of the labels, in front of the figures; 0 if they are too long, and stand behind. */
static int print_label_width(const cmd_comparison *comparison)
{
    const size_t longest = print_longest_label(comparison);
    size_t room = print_width;
    for (cmd_figure i = 0; i < cmd_figure_count; i++) {
        if (cmd_figure_is_shown(comparison, i)) room -= (size_t)print_cell_width(i);
    }
    return longest <= room ? (int)longest : 0;
}

typedef void print_fill(const cmd_comparison *comparison, size_t trace, cmd_figure figure,
                        print_values *values);

static void print_contenders(FILE *stream, const cmd_comparison *comparison, size_t trace,
                             print_fill *fill)
{
    const int width = print_label_width(comparison);
    print_line line = {.length = 0};
    print_to(&line, width, "");
    for (cmd_figure i = 0; i < cmd_figure_count; i++) {
        if (!cmd_figure_is_shown(comparison, i)) continue;
        print_to(&line, print_cell_width(i), cmd_figure_forms[i].head);
    }
    print_end(stream, &line);
    for (size_t row = 0; row < comparison->contenders.count; row++) {
        const char *label = comparison->contenders.list[row].label;
        if (width > 0) print_to(&line, -width, label);
        for (cmd_figure i = 0; i < cmd_figure_count; i++) {
            print_values values;
            if (!cmd_figure_is_shown(comparison, i)) continue;
            fill(comparison, trace, i, &values);
            print_cell(&line, &values, row);
        }
        if (width == 0) print_to(&line, 0, "  ");
        if (width == 0) print_to(&line, 0, label);
        print_end(stream, &line);
    }
}

/* ---- above and below ---- */

static void print_command(FILE *stream, char **words)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_=./:,+@%";
    fputs("  strata", stream);
    for (; *words != NULL; words++) {
        const bool is_plain = (*words)[0] != '\0' && (*words)[strspn(*words, plain)] == '\0';
        fprintf(stream, is_plain ? " %s" : " '%s'", *words);
    }
    fputc('\n', stream);
}

static void print_head(FILE *stream, const cmd_comparison *comparison)
{
    cmd_machine machine;
    cmd_buffer memory;
    const int version = strata_version();
    cmd_machine_describe(&machine);
    fprintf(stream, "strata %d.%d.%d %s, %s: medians of %u run%s\n", version / 10000,
            version / 100 % 100, version % 100, comparison->words[0], machine.date,
            comparison->rounds, comparison->rounds == 1 ? "" : "s");
    print_command(stream, comparison->words);
    fprintf(stream, "  on %s: %ld x %s, %s, %s, %s, huge pages: %s\n", machine.host,
            machine.processor_count, machine.processor, cmd_size_text(machine.memory, &memory),
            machine.kernel, machine.c_library,
            machine.huge_pages[0] != '\0' ? machine.huge_pages : "not known");
    fputc('\n', stream);
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        const cmd_contender *contender = &comparison->contenders.list[i];
        /* Where there are options the label tells them, and the first column the library. */
        if (contender->options != NULL) continue;
        fprintf(stream, "%-13s %s%s%s\n", contender->label,
                contender->library != NULL ? contender->library : "the system's own",
                contender->environment != NULL ? " with " : "",
                contender->environment != NULL ? contender->environment : "");
    }
}

static void print_traces(FILE *stream, const cmd_comparison *comparison)
{
    cmd_buffer operations, objects, peak;
    fprintf(stream, "\n%-14s%14s%14s%9s%12s%8s\n", "trace", "operations", "objects", "threads",
            "peak live", "passes");
    for (size_t i = 0; i < comparison->trace_count; i++) {
        const cmd_replayed *trace = &comparison->trace[i];
        fprintf(stream, "%-13s %14s%14s%9u%12s%8u%s\n", trace->name,
                cmd_count_text(trace->plan.head.op_count, &operations),
                cmd_count_text(trace->plan.object_count, &objects), trace->plan.trace_threads,
                cmd_size_text(trace->plan.head.peak_live, &peak), trace->passes,
                trace->plan.is_cut ? "  the recording was cut" : "");
    }
}

static void print_notes(FILE *stream, const cmd_comparison *comparison)
{
    bool has_calls = true;
    fputs("\nCold: the first pass of a fresh process; warm: the mean of the later ones. Times, "
          "faults and calls are\nless what the replay itself takes, by a null run. Beside a "
          "value: how many times the best of its row or\ncolumn it is. Memory is anonymous "
          "memory only.\n",
          stream);
    if (comparison->contenders.left_out != NULL) {
        fprintf(stream, "Left out, for they are not installed: %s.\n",
                comparison->contenders.left_out);
    }
    for (size_t i = 0; i < comparison->trace_count; i++) {
        const cmd_replayed *trace = &comparison->trace[i];
        has_calls = has_calls && !isnan(trace->null.calls);
        for (size_t j = 0; j < comparison->contenders.count; j++) {
            if (trace->cell[j].failure == NULL) continue;
            fprintf(stream, "%s on %s %s.\n", comparison->contenders.list[j].label, trace->name,
                    trace->cell[j].failure);
        }
    }
    if (!has_calls) {
        fputs("System calls could not be counted: processes may not be traced here.\n", stream);
    }
}

void cmd_replay_print(FILE *stream, const cmd_comparison *comparison)
{
    const bool is_by_figure = comparison->trace_count > 1 &&
                              comparison->contenders.count <= print_columns_max &&
                              print_longest_label(comparison) < print_compared_width;
    print_head(stream, comparison);
    print_traces(stream, comparison);
    for (cmd_figure i = 0; is_by_figure && i < cmd_figure_count; i++) {
        if (cmd_figure_is_shown(comparison, i)) print_figure(stream, comparison, i);
    }
    for (size_t i = 0; !is_by_figure && i < comparison->trace_count; i++) {
        fprintf(stream, "\n%s\n", comparison->trace[i].name);
        print_contenders(stream, comparison, i, print_values_of_trace);
    }
    if (comparison->trace_count > 1) {
        fprintf(stream, "\nAll %zu traces: geometric means; sums of kept, faults and calls\n",
                comparison->trace_count);
        print_contenders(stream, comparison, 0, print_values_over_traces);
    }
    print_notes(stream, comparison);
}
