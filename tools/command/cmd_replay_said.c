/* SPDX-License-Identifier: MIT-0
 *
 * Runs of the replayer, and what each says: its figures; which libraries were loaded into it;
 * how many instructions valgrind saw.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const cmd_raw_names[cmd_raw_count] = {
#define CMD_RAW_FIELD(name) #name,
    CMD_RAW_FIELDS(CMD_RAW_FIELD)
#undef CMD_RAW_FIELD
};

/* ---- what it says ---- */

static bool said_read_number(const char **line, double *value)
{
    char *end;
    *value = strtod(*line, &end);
    const bool is_there = end != *line;
    *line = end;
    return is_there;
}

static bool said_add_pass(cmd_replay_run *run, const char *line)
{
    cmd_pass pass;
    if (!said_read_number(&line, &pass.cpu_ns) || !said_read_number(&line, &pass.wall_ns)) {
        return false;
    }
    cmd_pass *larger = realloc(run->pass, (run->pass_count + 1) * sizeof *larger);
    if (larger == NULL) return false;
    run->pass = larger;
    run->pass[run->pass_count++] = pass;
    return true;
}

static bool said_add_sample(cmd_replay_run *run, const char *line)
{
    cmd_sample sample;
    if (!said_read_number(&line, &sample.op) || !said_read_number(&line, &sample.live) ||
        !said_read_number(&line, &sample.rss)) {
        return false;
    }
    cmd_sample *larger = realloc(run->sample, (run->sample_count + 1) * sizeof *larger);
    if (larger == NULL) return false;
    run->sample = larger;
    run->sample[run->sample_count++] = sample;
    return true;
}

static bool said_take_line(cmd_replay_run *run, const char *line)
{
    const size_t length = strcspn(line, " ");
    const char *rest = line + length;
    if (length == 4 && memcmp(line, "pass", length) == 0) return said_add_pass(run, rest);
    if (length == 6 && memcmp(line, "sample", length) == 0) return said_add_sample(run, rest);
    for (size_t i = 0; i < cmd_raw_count; i++) {
        if (strlen(cmd_raw_names[i]) != length) continue;
        if (memcmp(cmd_raw_names[i], line, length) != 0) continue;
        return said_read_number(&rest, &run->raw[i]);
    }
    return true;
}

/* Cuts `text` into lines. NULL, or what is wrong with it. */
static char *said_take_text(cmd_replay_run *run, char *text)
{
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (!said_take_line(run, line))
            return cmd_format("said '%s', which has no sense", line);
    }
    for (size_t i = 0; i < cmd_raw_count; i++) {
        if (isnan(run->raw[i])) return cmd_format("said nothing of %s", cmd_raw_names[i]);
    }
    if (run->pass_count == 0 || run->raw[cmd_raw_ops] <= 0) return strdup("replayed nothing");
    return NULL;
}

char *cmd_replay_run_once(const cmd_replay_start *start, cmd_replay_run *run)
{
    cmd_replay_words words;
    char *text;
    memset(run, 0, sizeof *run);
    for (size_t i = 0; i < cmd_raw_count; i++) run->raw[i] = NAN;
    cmd_replay_make_words(start, NULL, &words);
    char *failure = cmd_replay_run_words(&words, start, &text);
    if (failure == NULL) failure = said_take_text(run, text);
    free(text);
    cmd_replay_free_words(&words);
    return failure;
}

void cmd_replay_run_free(cmd_replay_run *run)
{
    free(run->pass);
    free(run->sample);
    memset(run, 0, sizeof *run);
}

bool cmd_replay_is_loaded(const char *replayer, const cmd_contender *contender)
{
    const cmd_replay_start start = {.replayer = replayer,
                                    .contender = contender,
                                    .touch = "pages",
                                    .passes = 1,
                                    .only_loads = true};
    cmd_replay_words words;
    char *text;
    if (contender->library == NULL) return true;
    cmd_replay_make_words(&start, NULL, &words);
    char *failure = cmd_replay_run_words(&words, &start, &text);
    const bool is_loaded =
        failure == NULL && text != NULL && strstr(text, contender->library) != NULL;
    free(failure);
    free(text);
    cmd_replay_free_words(&words);
    return is_loaded;
}

/* ---- instructions ---- */

/* The number behind `word` at the start of a line of callgrind's output. */
static bool said_find_total(int descriptor, const char *word, double *count)
{
    lseek(descriptor, 0, SEEK_SET);
    char *text = cmd_read_all(descriptor);
    char *found = NULL;
    for (char *at = text; at != NULL && (at = strstr(at, word)) != NULL; at++) {
        if (at == text || at[-1] == '\n') found = at;
    }
    const char *number = found != NULL ? found + strlen(word) : "";
    const bool is_there = said_read_number(&number, count);
    free(text);
    return is_there;
}

/* Callgrind writes its file to a descriptor of ours: no name, nothing to remove. */
char *cmd_replay_count_instructions(const cmd_replay_start *start, const char *valgrind,
                                    double *count)
{
    *count = NAN;
    const int descriptor = memfd_create("strata-callgrind", MFD_CLOEXEC);
    if (descriptor < 0) return cmd_format("could not be counted: %s", strerror(errno));
    char *output = cmd_format("--callgrind-out-file=/proc/%d/fd/%d", (int)getpid(), descriptor);
    const char *const before[] = {valgrind,
                                  "-q",
                                  "--tool=callgrind",
                                  "--toggle-collect=replay_run_ops",
                                  output != NULL ? output : "--callgrind-out-file=/dev/null",
                                  NULL};
    cmd_replay_words words;
    char *text;
    cmd_replay_make_words(start, before, &words);
    char *failure = cmd_replay_run_words(&words, start, &text);
    if (failure == NULL && !said_find_total(descriptor, "totals:", count) &&
        !said_find_total(descriptor, "summary:", count)) {
        failure = strdup("was not counted by valgrind");
    }
    free(text);
    free(output);
    cmd_replay_free_words(&words);
    close(descriptor);
    return failure;
}
