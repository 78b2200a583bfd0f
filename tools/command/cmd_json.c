/* SPDX-License-Identifier: MIT-0
 *
 * The report of `strata run --stats` as JSON: one object; sizes in bytes, times in seconds. The
 * processes come largest first, each with what its line had, under the same names.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

size_t cmd_character_size(const unsigned char *text)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t size = text[0] < 0x80             ? 1
                        : (text[0] & 0xe0) == 0xc0 ? 2
                        : (text[0] & 0xf0) == 0xe0 ? 3
                        : (text[0] & 0xf8) == 0xf0 ? 4
                                                   : 0;
    if (size < 2) return size;
    uint32_t code = text[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((text[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    const bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < smallest[size] || code > 0x10ffff || is_surrogate ? 0 : size;
}

void cmd_json_string(FILE *stream, const char *string)
{
    const unsigned char *text = (const unsigned char *)string;
    fputc('"', stream);
    while (*text != '\0') {
        const size_t size = cmd_character_size(text);
        if (size == 0) {
            fputs("\\ufffd", stream);
        } else if (*text < 0x20 || *text == '"' || *text == '\\') {
            fprintf(stream, "\\u%04x", *text);
        } else {
            fwrite(text, 1, size, stream);
        }
        text += size > 0 ? size : 1;
    }
    fputc('"', stream);
}

static void json_string_or_null(FILE *stream, const char *string)
{
    if (string != NULL) {
        cmd_json_string(stream, string);
    } else {
        fputs("null", stream);
    }
}

static void json_process(FILE *stream, const cmd_process *process)
{
    fputs("    {", stream);
    for (size_t i = 0; i < cmd_field_count; i++) {
        if (!process->known[i]) continue;
        fprintf(stream, "\"%s\": %" PRIu64 ", ", cmd_field_name((cmd_field)i),
                process->value[i]);
    }
    fputs("\"program\": ", stream);
    cmd_json_string(stream, process->program);
    fputc('}', stream);
}

static void json_outcome(FILE *stream, const cmd_outcome *outcome)
{
    fprintf(stream, "  \"pid\": %d,\n", (int)outcome->pid);
    if (outcome->signal != 0) {
        fprintf(stream, "  \"exit_status\": null,\n  \"signal\": %d,\n", outcome->signal);
    } else {
        fprintf(stream, "  \"exit_status\": %d,\n  \"signal\": null,\n", outcome->exit_status);
    }
    fprintf(stream, "  \"wall_s\": %.6f,\n  \"user_s\": %.6f,\n  \"system_s\": %.6f,\n",
            outcome->wall_s, outcome->user_s, outcome->system_s);
    fprintf(stream, "  \"os_peak_rss\": %" PRIu64 ",\n", outcome->os_peak_size);
}

void cmd_json(FILE *stream, const cmd_result *result)
{
    const cmd_report *report = &result->report;
    char *silence = cmd_result_silence(result);
    fputs("{\n  \"format\": \"strata-run 1\",\n  \"program\": [", stream);
    for (char **argument = result->program; *argument != NULL; argument++) {
        if (argument != result->program) fputs(", ", stream);
        cmd_json_string(stream, *argument);
    }
    fputs("],\n  \"library\": ", stream);
    cmd_json_string(stream, result->library);
    fputs(",\n", stream);
    json_outcome(stream, &result->outcome);
    fputs("  \"no_report_because\": ", stream);
    json_string_or_null(stream, silence);
    free(silence);
    fprintf(stream, ",\n  \"unread_lines\": %zu,\n  \"processes\": [", report->bad_line_count);
    for (size_t i = 0; i < report->process_count; i++) {
        fputs(i == 0 ? "\n" : ",\n", stream);
        json_process(stream, &report->process[i]);
    }
    fputs(report->process_count > 0 ? "\n  ]\n}\n" : "]\n}\n", stream);
}
