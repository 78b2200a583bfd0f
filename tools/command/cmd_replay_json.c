/* SPDX-License-Identifier: MIT-0
 *
 * The comparison as JSON: one object, with what each run said beside the figures made of it, so
 * that all of them can be made again. Sizes in bytes, times in nanoseconds. What is not known is
 * null.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include "strata.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void json_number(FILE *stream, double number)
{
    if (isnan(number) || isinf(number)) {
        fputs("null", stream);
    } else if (number == rint(number) && fabs(number) < 1e15) {
        fprintf(stream, "%.0f", number);
    } else {
        fprintf(stream, "%.10g", number);
    }
}

static void json_text(FILE *stream, const char *text)
{
    if (text == NULL) {
        fputs("null", stream);
    } else {
        cmd_json_string(stream, text);
    }
}

static void json_named_text(FILE *stream, const char *before, const char *name,
                            const char *text)
{
    fprintf(stream, "%s\"%s\": ", before, name);
    json_text(stream, text);
}

static void json_named_number(FILE *stream, const char *before, const char *name, double number)
{
    fprintf(stream, "%s\"%s\": ", before, name);
    json_number(stream, number);
}

/* ---- what ran ---- */

static void json_machine(FILE *stream)
{
    cmd_machine machine;
    cmd_machine_describe(&machine);
    json_named_text(stream, "", "date", machine.date);
    json_named_text(stream, ",\n  \"machine\": {", "host", machine.host);
    json_named_text(stream, ", ", "processor", machine.processor);
    json_named_number(stream, ", ", "processors", (double)machine.processor_count);
    json_named_number(stream, ", ", "memory", (double)machine.memory);
    json_named_text(stream, ", ", "kernel", machine.kernel);
    json_named_text(stream, ", ", "c_library", machine.c_library);
    json_named_text(stream, ", ", "huge_pages", machine.huge_pages);
    fputs("},\n", stream);
}

static void json_contenders(FILE *stream, const cmd_contenders *contenders)
{
    fputs("  \"allocators\": [", stream);
    for (size_t i = 0; i < contenders->count; i++) {
        const cmd_contender *contender = &contenders->list[i];
        json_named_text(stream, i == 0 ? "\n    {" : ",\n    {", "label", contender->label);
        json_named_text(stream, ", ", "library", contender->library);
        json_named_text(stream, ", ", "options", contender->options);
        json_named_text(stream, ", ", "environment", contender->environment);
        fputc('}', stream);
    }
    fputs("\n  ],\n", stream);
    json_named_text(stream, "  ", "left_out", contenders->left_out);
    fputs(",\n", stream);
}

static void json_head(FILE *stream, const cmd_comparison *comparison)
{
    const int version = strata_version();
    fprintf(stream,
            "{\n  \"format\": \"strata-replay 1\",\n  \"version\": \"%d.%d.%d\",\n"
            "  \"command\": [\"strata\"",
            version / 10000, version / 100 % 100, version % 100);
    for (char **word = comparison->words; *word != NULL; word++) {
        fputs(", ", stream);
        cmd_json_string(stream, *word);
    }
    fputs("],\n  ", stream);
    json_machine(stream);
    fprintf(stream, "  \"rounds\": %u,\n  \"with_threads\": %s,\n", comparison->rounds,
            comparison->with_threads ? "true" : "false");
    json_named_text(stream, "  ", "touch", comparison->touch);
    fputs(",\n", stream);
    json_contenders(stream, &comparison->contenders);
}

/* ---- one trace ---- */

static void json_run(FILE *stream, const cmd_replay_run *run)
{
    fputs("{\"passes\": [", stream);
    for (size_t i = 0; i < run->pass_count; i++) {
        fprintf(stream, "%s[%.0f, %.0f]", i == 0 ? "" : ", ", run->pass[i].cpu_ns,
                run->pass[i].wall_ns);
    }
    fputs("]", stream);
    for (size_t i = 0; i < cmd_raw_count; i++) {
        json_named_number(stream, ", ", cmd_raw_names[i], run->raw[i]);
    }
    fputc('}', stream);
}

static void json_samples(FILE *stream, const cmd_replay_run *run)
{
    fputs("\"samples\": [", stream);
    for (size_t i = 0; i < run->sample_count; i++) {
        fprintf(stream, "%s[%.0f, %.0f, %.0f]", i == 0 ? "" : ", ", run->sample[i].op,
                run->sample[i].live, run->sample[i].rss);
    }
    fputs("]", stream);
}

/* What was counted beside, and the runs. */
static void json_raw(FILE *stream, const cmd_cell *cell)
{
    json_named_number(stream, "", "counted_calls", cell->calls);
    json_named_number(stream, ", ", "counted_instructions", cell->instructions);
    fputs(",\n       \"runs\": [", stream);
    for (size_t i = 0; i < cell->run_count; i++) {
        fputs(i == 0 ? "\n        " : ",\n        ", stream);
        json_run(stream, &cell->run[i]);
    }
    fputs("],\n       ", stream);
    json_samples(stream, &cell->sampled);
    fputc('}', stream);
}

static void json_result(FILE *stream, const cmd_comparison *comparison,
                        const cmd_replayed *trace, size_t which)
{
    const cmd_cell *cell = &trace->cell[which];
    json_named_text(stream, "      {", "allocator", comparison->contenders.list[which].label);
    json_named_text(stream, ", ", "failure", cell->failure);
    json_named_number(stream, ", ", "damaged", cell->damaged);
    json_named_number(stream, ", ", "failed", cell->failed);
    for (cmd_figure i = 0; i < cmd_figure_count; i++) {
        double values[cmd_contender_max];
        json_named_number(stream, ",\n       ", cmd_figure_forms[i].name, cell->figure[i]);
        if (!cmd_figure_forms[i].is_compared) continue;
        for (size_t j = 0; j < comparison->contenders.count; j++) {
            values[j] = trace->cell[j].figure[i];
        }
        fprintf(stream, ", \"%s_ratio\": ", cmd_figure_forms[i].name);
        json_number(stream, cmd_ratio_to_best(values, comparison->contenders.count, which));
    }
    fputs(",\n       ", stream);
    json_raw(stream, cell);
}

static void json_trace(FILE *stream, const cmd_comparison *comparison,
                       const cmd_replayed *trace)
{
    const cmd_plan *plan = &trace->plan;
    json_named_text(stream, "    {", "file", trace->path);
    json_named_text(stream, ", ", "name", trace->name);
    json_named_text(stream, ", ", "program", plan->program);
    fprintf(stream,
            ",\n     \"operations\": %" PRIu64 ", \"left_to_free\": %" PRIu64
            ", \"objects\": %" PRIu64 ", \"slots\": %" PRIu64 ", \"threads\": %" PRIu32
            ",\n     \"replayed_threads\": %" PRIu32 ", \"largest\": %" PRIu64
            ", \"peak_live\": %" PRIu64 ", \"peak_live_operation\": %" PRIu64
            ", \"is_cut\": %s, \"passes\": %u,\n     \"null\": {",
            plan->head.op_count, plan->head.op_count - plan->head.tail_op, plan->object_count,
            plan->head.slot_count, plan->trace_threads, plan->head.thread_count,
            plan->head.size_max, plan->head.peak_live, plan->head.peak_live_op,
            plan->is_cut ? "true" : "false", trace->passes);
    json_raw(stream, &trace->null);
    fputs(",\n     \"results\": [", stream);
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        fputs(i == 0 ? "\n" : ",\n", stream);
        json_result(stream, comparison, trace, i);
    }
    fputs("]}", stream);
}

/* ---- the whole ---- */

static void json_over_traces(FILE *stream, const cmd_comparison *comparison)
{
    fputs("  \"over_all\": [", stream);
    for (size_t i = 0; i < comparison->contenders.count; i++) {
        json_named_text(stream, i == 0 ? "\n    {" : ",\n    {", "allocator",
                        comparison->contenders.list[i].label);
        for (cmd_figure j = 0; j < cmd_figure_count; j++) {
            json_named_number(stream, ", ", cmd_figure_forms[j].name,
                              cmd_figure_over_traces(comparison, j, i));
        }
        fputc('}', stream);
    }
    fputs("\n  ]\n}\n", stream);
}

void cmd_replay_json(FILE *stream, const cmd_comparison *comparison)
{
    json_head(stream, comparison);
    fputs("  \"traces\": [", stream);
    for (size_t i = 0; i < comparison->trace_count; i++) {
        fputs(i == 0 ? "\n" : ",\n", stream);
        json_trace(stream, comparison, &comparison->trace[i]);
    }
    fputs("\n  ],\n", stream);
    json_over_traces(stream, comparison);
}
