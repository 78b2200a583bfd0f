/* SPDX-License-Identifier: MIT-0
 *
 * `strata trace`: what its files share.
 *
 *   cmd_trace        the command line; reading each file once
 *   cmd_trace_print  one trace in full, or a table of many
 *   cmd_trace_json   JSON            cmd_trace_plot  SVG, through cmd_plot
 *
 * The counting itself is tools/trace/trace_stats.h.
 */
#ifndef CMD_TRACE_H
#define CMD_TRACE_H

#include "cmd.h"
#include "trace_stats.h"

/* One trace, counted. */
typedef struct cmd_trace {
    const char *path;
    char name[80];         /* of the file, without directory and endings; each has its own */
    const char *program;   /* "" if the trace does not tell */
    const char *base_name; /* of the program; "" likewise */
    trace_stats *stats;
} cmd_trace;

/* Where a program's or file's name begins in its path. */
const char *cmd_trace_base_name(const char *path);

/* part/whole in percent; 0 if there is no whole. */
double cmd_trace_percent(uint64_t part, uint64_t whole);

/* The first and the last bar that is not empty; false if all are. */
bool cmd_trace_find_bins(const trace_stats_bin *bins, unsigned *first, unsigned *last);

/* A time for people: "1.5 ms". */
const char *cmd_trace_time_text(uint64_t time_ns, cmd_buffer *buffer);

/* Everything about one trace, to standard output. */
void cmd_trace_print(const cmd_trace *trace);

/* The table: its head, and a row. */
void cmd_trace_print_head(void);
void cmd_trace_print_row(const cmd_trace *trace);

/* The JSON object of one trace. */
void cmd_trace_json(FILE *stream, const cmd_trace *trace);

/* Draws DIRECTORY/NAME-sizes.svg, NAME-lifetimes.svg and NAME-live.svg. False after a sentence. */
bool cmd_trace_plot(const cmd_trace *trace, const char *directory);

#endif
