/* SPDX-License-Identifier: MIT-0
 *
 * Running gnuplot. Its script, its picture and its complaints are files in memory rather than
 * pipes: nobody waits for anybody, no SIGPIPE can come, and a picture that failed leaves the file
 * of that name alone.
 */
#define _GNU_SOURCE
#include "cmd_plot.h"

#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Colors that differ for people who see few of them, in print and on a bright screen: after Okabe
 * and Ito, without the yellow, which is too faint on white. */
static const char plot_style[] =
    "set linetype 1 lc rgb '#0072b2' lw 2 pt 7 ps 0.4\n"
    "set linetype 2 lc rgb '#e69f00' lw 2 pt 5 ps 0.4\n"
    "set linetype 3 lc rgb '#009e73' lw 2 pt 9 ps 0.4\n"
    "set linetype 4 lc rgb '#cc79a7' lw 2 pt 11 ps 0.4\n"
    "set linetype 5 lc rgb '#d55e00' lw 2 pt 13 ps 0.4\n"
    "set linetype 6 lc rgb '#56b4e9' lw 2 pt 4 ps 0.4\n"
    "set linetype 7 lc rgb '#666666' lw 2 pt 6 ps 0.4\n"
    "set linetype 8 lc rgb '#7b5ea7' lw 2 pt 8 ps 0.4\n"
    "set linetype cycle 8\n"
    "set border 3 lc rgb '#888888'\n"
    "set tics nomirror out textcolor rgb '#333333'\n"
    "set grid xtics ytics back lt 1 lc rgb '#e2e2e2' lw 1\n"
    "set key outside bottom center horizontal samplen 2 height 1 textcolor rgb '#333333'\n"
    "set xlabel textcolor rgb '#333333'\n"
    "set ylabel textcolor rgb '#333333'\n"
    "set style fill solid 0.85 noborder\n"
    "set boxwidth 0.8 relative\n";

/* As many tics a size axis has at most, but for that at 0. */
enum { plot_tic_max = 8 };

bool cmd_plot_make_directory(const char *prefix, const char *directory)
{
    struct stat status;
    if (mkdir(directory, 0777) == 0) return true;
    if (errno == EEXIST && stat(directory, &status) == 0) {
        if (S_ISDIR(status.st_mode)) return true;
        errno = ENOTDIR;
    }
    cmd_warn("%sthe directory '%s' can't be made: %s.", prefix, directory, strerror(errno));
    return false;
}

bool cmd_plot_open_sized(cmd_plot *plot, const char *prefix, const char *path, int width,
                         int height)
{
    const int descriptor = memfd_create("plot script", MFD_CLOEXEC);
    *plot = (cmd_plot){.prefix = prefix, .path = path};
    if (descriptor >= 0) plot->script = fdopen(descriptor, "w");
    if (plot->script == NULL) {
        cmd_warn("%s'%s' can't be drawn: %s.", prefix, path, strerror(errno));
        if (descriptor >= 0) close(descriptor);
        return false;
    }
    fprintf(plot->script,
            "set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,13' "
            "background '#ffffff'\n",
            width, height);
    fputs("set encoding utf8\n", plot->script);
    fputs(plot_style, plot->script);
    return true;
}

bool cmd_plot_open(cmd_plot *plot, const char *prefix, const char *path)
{
    return cmd_plot_open_sized(plot, prefix, path, cmd_plot_width, cmd_plot_height);
}

/* Writes `text` between quotes. gnuplot knows ways to have a quote between quotes, but goes wrong
 * over several, or one that comes first (5.4), and then takes for a command what comes after it; so
 * there is none: `other` stands for it, which looks like one. What is no UTF-8 would make the
 * picture unreadable. */
static void plot_write_quoted(FILE *script, const char *text, char quote, const char *other)
{
    fputc(quote, script);
    while (*text != '\0') {
        const size_t size = cmd_character_size((const unsigned char *)text);
        if (size == 0) {
            fputc('?', script);
        } else if (*text == quote) {
            fputs(other, script);
        } else if (strncmp(text, "]]>", 3) == 0) {
            fputs("] ", script); /* gnuplot would write it into the SVG, where it may not be */
        } else if (*text == '\\' && quote == '"') {
            fputs("\\\\", script); /* between double quotes it begins an escape */
        } else if (size == 1 && ((unsigned char)*text < 0x20 || *text == 0x7f)) {
            fputc(' ', script);
        } else {
            fwrite(text, 1, size, script);
        }
        text += size > 0 ? size : 1;
    }
    fputc(quote, script);
}

void cmd_plot_text(cmd_plot *plot, const char *text)
{
    plot_write_quoted(plot->script, text, '\'', "\xe2\x80\x99"); /* a typesetter's apostrophe */
}

void cmd_plot_data_text(cmd_plot *plot, const char *text)
{
    plot_write_quoted(plot->script, text, '"', "\xe2\x80\x9d");
}

void cmd_plot_title(cmd_plot *plot, const char *title)
{
    fputs("set title ", plot->script);
    cmd_plot_text(plot, title);
    fputs(" font ',16' textcolor rgb '#111111'\n", plot->script);
}

const char *cmd_plot_size_text(uint64_t size, cmd_buffer *buffer)
{
    cmd_size_text(size, buffer);
    char *point = strstr(buffer->text, ".0 ");
    if (point != NULL) memmove(point, point + 2, strlen(point + 2) + 1);
    return buffer->text;
}

typedef const char *plot_tic_text(uint64_t value, cmd_buffer *buffer);

static void plot_axis(cmd_plot *plot, char axis, uint64_t maximum, uint64_t step,
                      plot_tic_text *text)
{
    cmd_buffer label;
    const uint64_t count = maximum / step + (maximum % step != 0);
    fprintf(plot->script, "set %crange [0:%" PRIu64 "]\nset %ctics (", axis,
            maximum > 0 ? maximum : 1, axis);
    for (uint64_t i = 0; i <= count; i++) {
        fprintf(plot->script, "%s'%s' %" PRIu64, i > 0 ? ", " : "", text(i * step, &label),
                i * step);
    }
    fputs(")\n", plot->script);
}

void cmd_plot_size_axis(cmd_plot *plot, char axis, uint64_t maximum)
{
    uint64_t step = 1;
    while (step <= maximum / plot_tic_max) step *= 2;
    plot_axis(plot, axis, maximum, step, cmd_plot_size_text);
}

/* "1.5M" for 1,500,000. */
static const char *plot_count_text(uint64_t count, cmd_buffer *buffer)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P", "E"};
    double scaled = (double)count;
    size_t unit = 0;
    while (scaled >= 1000) {
        scaled /= 1000;
        unit++;
    }
    snprintf(buffer->text, sizeof buffer->text, "%g%s", scaled, units[unit]);
    return buffer->text;
}

void cmd_plot_count_axis(cmd_plot *plot, char axis, uint64_t maximum)
{
    uint64_t step = 1;
    /* 1, 2, 5, 10, 20... */
    for (int i = 0; step <= maximum / plot_tic_max; i++) {
        step = i % 3 == 1 ? step / 2 * 5 : step * 2;
    }
    plot_axis(plot, axis, maximum, step, plot_count_text);
}

/* ---- gnuplot ---- */

/* What gnuplot writes: the picture, and its complaints. */
typedef struct plot_output {
    int picture;
    int complaint;
} plot_output;

/* Starts gnuplot with these as its standard streams; 0 or an errno. -d: no start-up files of the
 * user's, who may have set up gnuplot for something else. */
static int plot_spawn(int script, const plot_output *output, pid_t *pid)
{
    char name[] = "gnuplot";
    char defaults[] = "-d";
    char *argv[] = {name, defaults, NULL};
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawn_file_actions_adddup2(&actions, script, STDIN_FILENO);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, output->picture, STDOUT_FILENO);
    }
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, output->complaint, STDERR_FILENO);
    }
    if (error == 0) error = posix_spawnp(pid, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* The last line of what gnuplot complained that says something: before it stand the command, and
 * a caret where gnuplot stumbled. */
static void plot_explain(const cmd_plot *plot, int complaint)
{
    char text[2048];
    const ssize_t got = pread(complaint, text, sizeof text - 1, 0);
    size_t end = got > 0 ? (size_t)got : 0;
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' ')) end--;
    text[end] = '\0';
    const char *line = strrchr(text, '\n');
    line = line != NULL ? line + 1 : text;
    line += strspn(line, " ");
    cmd_warn("%s'%s' can't be drawn, gnuplot failed: %s.", plot->prefix, plot->path,
             line[0] != '\0' ? line : "it does not say why");
}

/* True if gnuplot drew something; false after a sentence. */
static bool plot_run(const cmd_plot *plot, int script, const plot_output *output)
{
    pid_t pid;
    int status = 0;
    const int error = plot_spawn(script, output, &pid);
    if (error == ENOENT) {
        cmd_warn("%spictures need gnuplot, which is not installed (Debian: gnuplot-nox).",
                 plot->prefix);
        return false;
    }
    if (error != 0) {
        cmd_warn("%sgnuplot can't be started: %s.", plot->prefix, strerror(error));
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
        lseek(output->picture, 0, SEEK_END) > 0) {
        return true;
    }
    plot_explain(plot, output->complaint);
    return false;
}

/* Copies the picture to where it belongs; false after a sentence. */
static bool plot_save(const cmd_plot *plot, int picture)
{
    char part[1 << 14];
    ssize_t got = 0;
    FILE *file = fopen(plot->path, "we");
    bool saved = file != NULL;
    for (off_t at = 0; saved && (got = pread(picture, part, sizeof part, at)) > 0; at += got) {
        saved = fwrite(part, 1, (size_t)got, file) == (size_t)got;
    }
    if (got < 0) saved = false;
    int error = errno;
    if (file != NULL && fclose(file) != 0) {
        if (saved) error = errno;
        saved = false;
    }
    if (!saved) {
        cmd_warn("%s'%s' can't be written: %s.", plot->prefix, plot->path, strerror(error));
    }
    return saved;
}

bool cmd_plot_close(cmd_plot *plot)
{
    bool drawn = false;
    const plot_output output = {memfd_create("plot", MFD_CLOEXEC),
                                memfd_create("plot complaint", MFD_CLOEXEC)};
    if (output.picture < 0 || output.complaint < 0 || fflush(plot->script) != 0 ||
        lseek(fileno(plot->script), 0, SEEK_SET) != 0) {
        cmd_warn("%s'%s' can't be drawn: %s.", plot->prefix, plot->path, strerror(errno));
    } else {
        drawn =
            plot_run(plot, fileno(plot->script), &output) && plot_save(plot, output.picture);
    }
    if (output.picture >= 0) close(output.picture);
    if (output.complaint >= 0) close(output.complaint);
    fclose(plot->script);
    plot->script = NULL;
    return drawn;
}
