/* SPDX-License-Identifier: MIT-0
 *
 * The report of `strata run --stats` as text: what happened; the largest process in full; the
 * others in a table.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { print_table_rows = 10 };

static const char *print_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

static void print_headline(FILE *stream, const cmd_result *result)
{
    const cmd_outcome *outcome = &result->outcome;
    fprintf(stream, "strata: %s (pid %d) ", print_base_name(result->program[0]),
            (int)outcome->pid);
    if (outcome->signal != 0) {
        fprintf(stream, "was killed by signal %d (%s)", outcome->signal,
                strsignal(outcome->signal));
    } else {
        fprintf(stream, "ended with exit status %d", outcome->exit_status);
    }
    fprintf(stream, " after %.3f s; CPU time %.3f s user, %.3f s system.\n", outcome->wall_s,
            outcome->user_s, outcome->system_s);
}

/* ---- one process in full ---- */

/* "  label   45.3 MiB  note"; nothing if the line did not have it. */
static void print_size(FILE *stream, const cmd_process *process, const char *label,
                       cmd_field field, const char *note)
{
    cmd_buffer size, exact;
    if (!process->known[field]) return;
    fprintf(stream, "  %-20s%11s  %s bytes%s%s\n", label,
            cmd_size_text(process->value[field], &size),
            cmd_count_text(process->value[field], &exact), note[0] != '\0' ? "; " : "", note);
}

static void print_count(FILE *stream, const cmd_process *process, const char *label,
                        cmd_field field, const char *note)
{
    cmd_buffer count;
    if (!process->known[field]) return;
    fprintf(stream, "  %-20s%11s%s%s\n", label, cmd_count_text(process->value[field], &count),
            note[0] != '\0' ? "  " : "", note);
}

static void print_fragmentation(FILE *stream, const cmd_process *process)
{
    const uint64_t footprint = process->value[cmd_field_footprint];
    const uint64_t live = process->value[cmd_field_live];
    const uint64_t free_size = process->value[cmd_field_free];
    cmd_buffer size, largest, chunks;
    if (!process->known[cmd_field_footprint] || footprint == 0) return;
    if (process->known[cmd_field_free]) {
        fprintf(stream, "  %-20s%9.1f %%  free/footprint: %s in %s chunks, the largest %s\n",
                "fragmentation", 100.0 * (double)free_size / (double)footprint,
                cmd_size_text(free_size, &size),
                cmd_count_text(process->value[cmd_field_free_chunks], &chunks),
                cmd_size_text(process->value[cmd_field_largest_free], &largest));
    }
    if (process->known[cmd_field_live] && live != 0) {
        fprintf(stream, "  %-20s%11.3f  bytes held for each byte live\n", "footprint/live",
                (double)footprint / (double)live);
    }
}

static void print_calls(FILE *stream, const cmd_process *process)
{
    const uint64_t allocations = process->value[cmd_field_allocations];
    const uint64_t frees = process->value[cmd_field_frees];
    cmd_buffer left;
    print_count(stream, process, "allocations", cmd_field_allocations, "");
    print_count(stream, process, "frees", cmd_field_frees, "");
    if (process->known[cmd_field_allocations] && process->known[cmd_field_frees] &&
        allocations >= frees) {
        fprintf(stream, "  %-20s%11s  blocks at exit\n", "not freed",
                cmd_count_text(allocations - frees, &left));
    }
    if (process->value[cmd_field_size_mismatches] != 0) {
        print_count(stream, process, "size mismatches", cmd_field_size_mismatches,
                    "sized frees with a wrong size");
    }
}

static void print_process(FILE *stream, const cmd_process *process)
{
    cmd_buffer direct;
    print_size(stream, process, "peak memory", cmd_field_peak_rss,
               "resident, from the operating system");
    print_size(stream, process, "memory at exit", cmd_field_rss, "likewise");
    print_size(stream, process, "peak footprint", cmd_field_footprint_peak,
               "held by strata from the host");
    print_size(stream, process, "footprint at exit", cmd_field_footprint, "");
    /* Each space knows its own peak only; they need not have been at the same time. */
    print_size(stream, process, "peak live", cmd_field_live_peak,
               process->value[cmd_field_spaces] > 1
                   ? "in blocks; the sum of the spaces' own peaks, so at most"
                   : "in blocks, as seen when the footprint grew");
    print_size(stream, process, "live at exit", cmd_field_live, "in blocks not freed");
    print_fragmentation(stream, process);
    print_calls(stream, process);
    print_count(stream, process, "spaces", cmd_field_spaces, "");
    if (process->known[cmd_field_direct_blocks]) {
        cmd_size_text(process->value[cmd_field_direct], &direct);
        print_count(stream, process, "direct blocks", cmd_field_direct_blocks, direct.text);
    }
}

/* ---- all processes, in short ---- */

static void print_cell(FILE *stream, const cmd_process *process, cmd_field field)
{
    cmd_buffer size;
    fprintf(stream, " %11s",
            process->known[field] ? cmd_size_text(process->value[field], &size) : "-");
}

static void print_table(FILE *stream, const cmd_report *report)
{
    cmd_buffer count;
    const size_t rows = report->process_count < print_table_rows + 1 ? report->process_count
                                                                     : print_table_rows + 1;
    fprintf(stream, "\n%9s %11s %11s %11s %13s  %s\n", "pid", "peak memory", "peak held",
            "live", "allocations", "program");
    for (size_t i = 0; i < rows; i++) {
        const cmd_process *process = &report->process[i];
        fprintf(stream, "%9" PRIu64, process->value[cmd_field_pid]);
        print_cell(stream, process, cmd_field_peak_rss);
        print_cell(stream, process, cmd_field_footprint_peak);
        print_cell(stream, process, cmd_field_live);
        const bool is_known = process->known[cmd_field_allocations];
        fprintf(stream, " %13s  %s\n",
                is_known ? cmd_count_text(process->value[cmd_field_allocations], &count) : "-",
                print_base_name(process->program));
    }
    if (rows < report->process_count) {
        fprintf(stream, "and %s smaller processes.\n",
                cmd_count_text(report->process_count - rows, &count));
    }
}

static void print_os_figures(FILE *stream, const cmd_outcome *outcome)
{
    cmd_buffer size, exact;
    fprintf(stream,
            "  %-20s%11s  %s bytes; wait4, which also counts its children and starts "
            "from our own size\n",
            "peak memory", cmd_size_text(outcome->os_peak_size, &size),
            cmd_count_text(outcome->os_peak_size, &exact));
}

void cmd_print(FILE *stream, const cmd_result *result)
{
    const cmd_report *report = &result->report;
    char *silence = cmd_result_silence(result);
    print_headline(stream, result);
    if (silence != NULL) {
        fprintf(stream, "%s\n", silence);
        print_os_figures(stream, &result->outcome);
    }
    free(silence);
    if (report->process_count > 0) {
        const cmd_process *largest = &report->process[0];
        fprintf(stream, "\n%s (pid %" PRIu64 ")%s:\n", print_base_name(largest->program),
                largest->value[cmd_field_pid],
                report->process_count > 1 ? ", the process with the largest peak" : "");
        print_process(stream, largest);
    }
    if (report->process_count > 1) print_table(stream, report);
    if (report->bad_line_count > 0) {
        fprintf(stream, "\n%zu lines of the report could not be read.\n",
                report->bad_line_count);
    }
}
