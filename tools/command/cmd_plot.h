/* SPDX-License-Identifier: MIT-0
 *
 * Pictures, drawn by gnuplot into SVG files, all in one style. A picture is a gnuplot script that
 * the caller writes; terminal, colors, grid and title are set before it begins.
 *
 *      cmd_plot plot;
 *      if (!cmd_plot_open(&plot, "replay: ", path)) return false;
 *      cmd_plot_title(&plot, "Time per operation, ns");
 *      fputs("$data << EOD\n", plot.script);
 *      fprintf(plot.script, "%d %.1f\n", ...);             one line a point
 *      fputs("EOD\nplot $data using 1:2 with lines title ", plot.script);
 *      cmd_plot_text(&plot, name);                         quoted, whatever is in it
 *      fputs("\n", plot.script);
 *      drawn = cmd_plot_close(&plot);
 *
 * Names and paths go into a script through cmd_plot_text only: gnuplot runs what stands between
 * back quotes, except inside of the single quotes that this writes.
 *
 * Curves: `with lines` takes line types 1, 2, 3... by itself; `with filledcurves y1=0 fs
 * transparent solid 0.25` is an area. Bars beside each other, a group for each line of data:
 *
 *      $data << EOD
 *      "python" 12.1 14.3
 *      "redis"  20.0 22.7
 *      EOD
 *      set style data histograms
 *      set style histogram clustered gap 1
 *      set yrange [0:*]
 *      plot $data using 2:xtic(1) title 'strata', '' using 3 title 'system'
 *
 * Axes of bytes and large counts: cmd_plot_size_axis, cmd_plot_count_axis; gnuplot's own tics
 * would be at 49 KiB, or show one number twice.
 *
 * Nothing is written to `path` unless gnuplot succeeded. Proved in test/trace/trace_command.py
 * with `strata trace --plot`.
 */
#ifndef CMD_PLOT_H
#define CMD_PLOT_H

#include "cmd.h"

typedef struct cmd_plot {
    FILE *script;       /* gnuplot's commands go here */
    const char *prefix; /* of sentences: "trace: " */
    const char *path;   /* the picture; both must stay until it is closed */
} cmd_plot;

enum { cmd_plot_width = 880, cmd_plot_height = 440 };

/* Makes the directory unless it is there. False after a sentence. */
bool cmd_plot_make_directory(const char *prefix, const char *directory);

/* Begins a picture of the usual size, or another. False after a sentence. */
bool cmd_plot_open(cmd_plot *plot, const char *prefix, const char *path);
bool cmd_plot_open_sized(cmd_plot *plot, const char *prefix, const char *path, int width,
                         int height);

/* Sets the title; what one reads first. */
void cmd_plot_title(cmd_plot *plot, const char *title);

/* Writes `text` into the script as one quoted string, whatever is in it. What can't be shown, or
 * could end the string, becomes something that looks alike. */
void cmd_plot_text(cmd_plot *plot, const char *text);

/* The same for a string inside a data block, where gnuplot has other quotes. */
void cmd_plot_data_text(cmd_plot *plot, const char *text);

/* A size as labels have it: "64 KiB", without the ".0" of cmd_size_text. Returns buffer's text. */
const char *cmd_plot_size_text(uint64_t size, cmd_buffer *buffer);

/* Makes 'x' or 'y' an axis from 0 to `maximum`, bytes or a count, with tics at round ones. */
void cmd_plot_size_axis(cmd_plot *plot, char axis, uint64_t maximum);
void cmd_plot_count_axis(cmd_plot *plot, char axis, uint64_t maximum);

/* Runs gnuplot over the script and waits for it. False after a sentence: gnuplot is not
 * installed, or failed, or the picture can't be written. Whoever draws several pictures stops
 * then, so that the sentence is not repeated. */
bool cmd_plot_close(cmd_plot *plot);

#endif
