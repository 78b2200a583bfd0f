/* SPDX-License-Identifier: MIT-0
 *
 * misuse_driver stops|stops_somehow|goes_on|says [with=OPTIONS] PROGRAM ARGUMENT...
 *
 * Runs a program of this directory, with STRATA_OPTIONS as told, and compares what strata says
 * with what the program told:
 *   stops     the sentence, alone, on standard error, and death by SIGABRT;
 *   stops_somehow  some sentence, about any address, and death by SIGABRT: for profiles that
 *             look less closely;
 *   goes_on   as `stops` with on_misuse=1 besides, but the program goes on to its end;
 *   says      the program sets on_misuse itself and commits many: each line, in order.
 * A program that tells that something must be told by now, and was not stopped, was stopped too
 * late or not at all. One that takes more than ten seconds hangs, which is a failure of its own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { time_limit_ms = 10000, text_limit = 1 << 20 };

typedef struct output {
    int descriptor;
    size_t size;
    char text[text_limit];
} output;

static output told, said; /* standard output and standard error of the program */
static pid_t program_id;

static void give_up(const char *why)
{
    fprintf(stderr, "driver: %s: %s\n", why, strerror(errno));
    exit(2);
}

/* All in this program's own environment, which the other inherits. */
static void set_options(const char *options, bool goes_on)
{
    char text[200];
    snprintf(text, sizeof text, "%s%s", goes_on ? "on_misuse=1," : "", options);
    if (setenv("STRATA_OPTIONS", text, 1) != 0) give_up("setenv");
}

static pid_t start(char **arguments)
{
    int out[2], err[2];
    if (pipe(out) != 0 || pipe(err) != 0) give_up("pipe");
    pid_t id = fork();
    if (id < 0) give_up("fork");
    if (id == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]);
        close(err[0]);
        execv(arguments[0], arguments);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    told.descriptor = out[0];
    said.descriptor = err[0];
    return id;
}

static long milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes what is there; false at the end. */
static bool take(output *from)
{
    ssize_t count =
        read(from->descriptor, from->text + from->size, text_limit - 1 - from->size);
    if (count > 0) from->size += (size_t)count;
    from->text[from->size] = '\0';
    return count > 0;
}

/* Reads both outputs to their ends; false if the program hangs. */
static bool take_all(void)
{
    long end = milliseconds() + time_limit_ms;
    struct pollfd places[2] = {{told.descriptor, POLLIN, 0}, {said.descriptor, POLLIN, 0}};
    while (places[0].fd >= 0 || places[1].fd >= 0) {
        long left = end - milliseconds();
        if (left <= 0 || poll(places, 2, (int)left) == 0) return false;
        if (places[0].revents != 0 && !take(&told)) places[0].fd = -1;
        if (places[1].revents != 0 && !take(&said)) places[1].fd = -1;
    }
    return true;
}

/* Whether `line` is as `pattern` demands; an * in it stands for any address. */
static bool line_matches(const char *pattern, size_t pattern_size, const char *line,
                         size_t size)
{
    const char *star = memchr(pattern, '*', pattern_size);
    if (star == NULL) return size == pattern_size && memcmp(pattern, line, size) == 0;
    size_t before = (size_t)(star - pattern);
    size_t after = pattern_size - before - 1;
    if (size < before + 3 + after || memcmp(line, pattern, before) != 0) return false;
    if (memcmp(line + size - after, star + 1, after) != 0) return false;
    const char *address = line + before;
    size_t digits = size - before - after - 2;
    return address[0] == '0' && address[1] == 'x' &&
           strspn(address + 2, "0123456789abcdef") >= digits;
}

/* Whether one of the told lines is what `line` says. */
static bool was_told(const char *line, size_t size)
{
    for (const char *at = told.text; *at != '\0';) {
        size_t told_size = strcspn(at, "\n");
        if (line_matches(at, told_size, line, size)) return true;
        at += told_size + (at[told_size] == '\n');
    }
    return false;
}

static bool has_told(const char *line) { return strstr(told.text, line) != NULL; }

/* The sentence of a check of the whole heap, if the program told that it may come. */
static bool is_told_damage(const char *line)
{
    static const char sentence[] = "strata: the heap is damaged: INV-";
    return has_told("damage\n") && strncmp(line, sentence, sizeof sentence - 1) == 0;
}

/* What a program said is one told sentence and nothing else. */
static bool said_one_told_line(void)
{
    size_t size = strcspn(said.text, "\n");
    return said.size == size + 1 && (was_told(said.text, size) || is_told_damage(said.text));
}

/* In the modes in which the program must be stopped. */
static const char *judge_stop(bool is_exact, int status)
{
    if (has_told("told by now\n")) return "it was not stopped in time";
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) return "it did not end in SIGABRT";
    if (!is_exact) return strncmp(said.text, "strata: ", 8) == 0 ? NULL : "it says nothing";
    return said_one_told_line() ? NULL : "the sentence is another";
}

static const char *judge(const char *mode, int status)
{
    bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (told.size == 0) return "the program told no expectation";
    if (strcmp(mode, "says") == 0) {
        if (!ended_well) return "it did not end well";
        return strcmp(told.text, said.text) == 0 ? NULL : "the sentences differ";
    }
    if (ended_well && said.size == 0 && has_told("harmless\n")) return NULL;
    if (strcmp(mode, "goes_on") == 0) {
        if (!ended_well) return "it did not go on to its end";
        return said_one_told_line() ? NULL : "the sentence is another";
    }
    return judge_stop(strcmp(mode, "stops") == 0, status);
}

/* The text behind `key` if the argument begins with that, else NULL. */
static const char *value_of(const char *argument, const char *key)
{
    size_t size = strlen(key);
    return strncmp(argument, key, size) == 0 ? argument + size : NULL;
}

int main(int count, char **arguments)
{
    if (count < 3) return 2;
    const char *options = value_of(arguments[2], "with=");
    char **program = arguments + (options != NULL ? 3 : 2);
    if (program[0] == NULL) return 2;
    set_options(options != NULL ? options : "", strcmp(arguments[1], "goes_on") == 0);
    program_id = start(program);
    bool ended = take_all();
    if (!ended) kill(program_id, SIGKILL);
    int status;
    if (waitpid(program_id, &status, 0) != program_id) give_up("waitpid");
    const char *fault = ended ? judge(arguments[1], status) : "it hangs";
    if (fault == NULL) return 0;
    fprintf(stderr, "%s: %s (status 0x%x)\ntold:\n%.4000s\nsaid:\n%.4000s\n", program[0], fault,
            (unsigned)status, told.text, said.text);
    return 1;
}
