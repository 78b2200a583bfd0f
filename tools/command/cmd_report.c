/* SPDX-License-Identifier: MIT-0
 *
 * Reads what the processes wrote about themselves when they exited: one line each,
 *   strata-report 1 name=number ... program=NAME
 * where NAME is the rest of the line. Another version of the library may write fewer numbers, or
 * more, in another order: what a line lacks is not known, what we don't know is skipped.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const char report_magic[] = "strata-report 1 ";
static const char report_program[] = "program=";

static const char *const report_names[cmd_field_count] = {
#define CMD_FIELD(name) #name,
#include "cmd_fields.def"
#undef CMD_FIELD
};

const char *cmd_field_name(cmd_field field) { return report_names[field]; }

/* Takes over one name=number. */
static void report_read_item(cmd_process *process, const char *item)
{
    for (size_t field = 0; field < cmd_field_count; field++) {
        const size_t length = strlen(report_names[field]);
        if (strncmp(item, report_names[field], length) != 0 || item[length] != '=') continue;
        const char *digits = item + length + 1;
        char *end;
        if (digits[0] < '0' || digits[0] > '9') return;
        errno = 0;
        process->value[field] = strtoull(digits, &end, 10);
        process->known[field] = errno == 0 && *end == '\0';
        return;
    }
}

/* Cuts `line` up. False if it is no report of the version we know. */
static bool report_read_line(cmd_process *process, char *line)
{
    memset(process, 0, sizeof *process);
    process->program = "?";
    if (strncmp(line, report_magic, sizeof report_magic - 1) != 0) return false;
    char *item = line + sizeof report_magic - 1;
    while (item != NULL && *item != '\0') {
        if (strncmp(item, report_program, sizeof report_program - 1) == 0) {
            process->program = item + sizeof report_program - 1;
            break;
        }
        char *space = strchr(item, ' ');
        if (space != NULL) *space++ = '\0';
        report_read_item(process, item);
        item = space;
    }
    return process->known[cmd_field_pid];
}

/* How large a process was: what the system saw if the line has it, else what strata held. */
static uint64_t report_peak(const cmd_process *process)
{
    return process->known[cmd_field_peak_rss] ? process->value[cmd_field_peak_rss]
                                              : process->value[cmd_field_footprint_peak];
}

static int report_compare(const void *left, const void *right)
{
    const cmd_process *a = left;
    const cmd_process *b = right;
    const uint64_t a_peak = report_peak(a);
    const uint64_t b_peak = report_peak(b);
    if (a_peak != b_peak) return a_peak < b_peak ? 1 : -1;
    if (a->value[cmd_field_pid] == b->value[cmd_field_pid]) return 0;
    return a->value[cmd_field_pid] < b->value[cmd_field_pid] ? -1 : 1;
}

static size_t report_count_lines(const char *text)
{
    size_t count = 1;
    for (; *text != '\0'; text++) count += *text == '\n';
    return count;
}

bool cmd_report_parse(cmd_report *report, char *text)
{
    memset(report, 0, sizeof *report);
    report->text = text;
    report->process = calloc(report_count_lines(text), sizeof *report->process);
    if (report->process == NULL) return false;
    for (char *line = text; *line != '\0';) {
        char *end = strchrnul(line, '\n');
        char *next = *end == '\0' ? end : end + 1;
        *end = '\0';
        if (report_read_line(&report->process[report->process_count], line)) {
            report->process_count++;
        } else if (line != end) {
            report->bad_line_count++;
        }
        line = next;
    }
    qsort(report->process, report->process_count, sizeof *report->process, report_compare);
    return true;
}

void cmd_report_free(cmd_report *report)
{
    free(report->process);
    free(report->text);
}

const cmd_process *cmd_report_find(const cmd_report *report, pid_t pid)
{
    for (size_t i = 0; i < report->process_count; i++) {
        if (report->process[i].value[cmd_field_pid] == (uint64_t)pid)
            return &report->process[i];
    }
    return NULL;
}

char *cmd_result_silence(const cmd_result *result)
{
    if (cmd_report_find(&result->report, result->outcome.pid) != NULL) return NULL;
    if (result->obstacle != NULL) {
        return cmd_format("The program left no report: %s, so strata was not preloaded.",
                          result->obstacle);
    }
    if (result->outcome.signal != 0) {
        return cmd_format(
            "The program left no report: signal %d (%s) ended it before it could.",
            result->outcome.signal, strsignal(result->outcome.signal));
    }
    return cmd_format("The program left no report: it ended by _exit or the like, cleared its "
                      "environment, or was not loaded with strata.");
}
