/* SPDX-License-Identifier: MIT-0
 *
 * The `strata` command: what its files share. It is an ordinary program on the public interface
 * of the library and the C library; nothing here is part of the allocator.
 *
 *   cmd_main     subcommands, help, version       cmd_arguments  argp, saying one sentence
 *   cmd_options  `strata options`, and checking of --option
 *   cmd_run      `strata run`: its arguments, and the order of the steps below
 *   cmd_record   `strata record`                  cmd_trace      `strata trace`
 *   cmd_replay   `strata replay`                  cmd_simulate   `strata simulate`
 *   cmd_find     where the library, our tools and the program are
 *   cmd_elf      what kind of file a program is, and whether a library can be preloaded into it
 *   cmd_environ  the environment the program gets
 *   cmd_launch   starting it, passing signals on, waiting
 *   cmd_report   reading what its processes wrote about themselves
 *   cmd_print    the report as text          cmd_json  the report as JSON
 *   cmd_text     sentences on standard error, sizes and counts for people, text from a descriptor
 */
#ifndef CMD_H
#define CMD_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* ---- exit statuses and sentences ---- */

typedef enum cmd_exit {
    cmd_exit_ok = 0,
    cmd_exit_bad_input = 2,        /* the command line can't be understood or obeyed */
    cmd_exit_failed = 125,         /* strata itself could not do its work */
    cmd_exit_not_executable = 126, /* as the shell says it */
    cmd_exit_not_found = 127,
    cmd_exit_killed = 128 /* plus the number of the signal */
} cmd_exit;

/* Begins the sentences about starting a program: "run: ", or the subcommand that sets it. */
extern const char *cmd_starter;

/* Writes one sentence to standard error and returns `status`. */
int cmd_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cmd_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- text for people; each returns `buffer` ---- */

typedef struct cmd_buffer {
    char text[48];
} cmd_buffer;

/* 1536 as "1.5 KiB"; exact below 1 KiB. */
const char *cmd_size_text(uint64_t size, cmd_buffer *buffer);
/* 1234567 as "1,234,567". */
const char *cmd_count_text(uint64_t count, cmd_buffer *buffer);
/* As an option's value is written: "64k", "4m", "max". */
const char *cmd_value_text(size_t value, cmd_buffer *buffer);

/* What can be read from a descriptor, to its end or an error, as a new string; NULL if there is no
 * memory. */
char *cmd_read_all(int descriptor);

/* A new string from a printf format, or NULL if there is no memory. */
char *cmd_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- arguments ---- */

/* The state of one argp parse: every `input` begins with it. */
typedef struct cmd_parse {
    const char *prefix; /* of its sentences: "run: "; "" for `strata` itself */
    const char *help;   /* the command that lists its options */
    int status;         /* cmd_exit_bad_input once a sentence was written */
    bool wants_help;    /* --help was given */
} cmd_parse;

/* The key of every --help. */
enum { cmd_key_help = 'h' };

/* What every argp parser does with a key it does not know itself: --help, and the sentence
 * about an option there is not. */
error_t cmd_parse_common(int key, struct argp_state *state);

/* Parses with argp; `parse` is its input. Stops at the first argument that is no option.
 * Returns parse->status: after a parser has failed it is set, and a sentence written. */
int cmd_parse_arguments(const struct argp *argp, int argc, char **argv, cmd_parse *parse);

/* Writes a command's help to standard output; returns an exit status. */
int cmd_show_help(const struct argp *argp, const char *name);

/* ---- options of the library ---- */

extern const struct argp cmd_options_argp;
int cmd_options_main(int argc, char **argv);

/* 0 if `item` is name=value, of an option there is and with a value in its range; else a
 * sentence, which begins with `prefix`, is written and cmd_exit_bad_input returned. */
int cmd_options_check(const char *prefix, const char *item);

/* ---- run ---- */

extern const struct argp cmd_run_argp;
int cmd_run_main(int argc, char **argv);

/* ---- record, trace, replay, simulate ---- */

extern const struct argp cmd_record_argp, cmd_trace_argp, cmd_replay_argp, cmd_simulate_argp;
int cmd_record_main(int argc, char **argv);
int cmd_trace_main(int argc, char **argv);
int cmd_replay_main(int argc, char **argv);
int cmd_simulate_main(int argc, char **argv);

/* What was asked for on the command line. */
typedef struct cmd_request {
    cmd_parse parse;
    bool stats;
    bool json;
    const char *library; /* NULL: look for it */
    const char *output;  /* NULL: standard error, or output if json */
    char *options;       /* name=value,...; NULL if none. Ours to free. */
    char **program;      /* its arguments, NULL at the end */
} cmd_request;

/* How the program ended, and what the operating system says of it. */
typedef struct cmd_outcome {
    pid_t pid;
    int exit_status; /* -1 if a signal killed it */
    int signal;      /* 0 if none did */
    double wall_s;
    double user_s;
    double system_s;
    uint64_t os_peak_size; /* the largest of the program and the children it waited for */
} cmd_outcome;

/* ---- files ---- */

/* What can be seen from outside about a program or library. */
typedef struct cmd_elf {
    bool is_elf;
    bool is_shared;       /* ET_DYN: a library, or a position-independent program */
    bool has_interpreter; /* a dynamic linker loads it, which is who preloads */
    unsigned char width;  /* 1: 32-bit, 2: 64-bit */
    uint16_t machine;
} cmd_elf;

/* Fills *elf from the file's headers; all false if it can't be read or is something else. */
void cmd_elf_read(const char *path, cmd_elf *elf);

/* Why nothing can be preloaded into the program at `path`, as a new string that completes "the
 * program ..."; NULL if nothing speaks against it. Follows #! lines. */
char *cmd_elf_obstacle(const char *path, const char *library);

/* The library to preload, as a new absolute path; `asked` is --library or NULL. NULL after a
 * sentence, with *status set. */
char *cmd_find_library(const char *asked, int *status);

/* libstrata.so from beside the command or ../lib, as a new absolute path; NULL, without a
 * sentence, if it is not there. */
char *cmd_find_own_library(void);

/* A program or library of ours that lies beside the command, as a new absolute path. NULL after a
 * sentence. */
char *cmd_find_tool(const char *name);

/* The program as a new path, searched as the shell does. NULL after a sentence, with *status
 * set to 126 or 127. */
char *cmd_find_program(const char *name, int *status);

/* ---- the program's environment ---- */

typedef struct cmd_environ {
    char **entry;  /* NULL at the end; what the program gets */
    char *preload; /* the entries that we made */
    char *options;
    char *report;
} cmd_environ;

/* Ours, with `library` preloaded first, `options` behind those already set, and the place of
 * the report; both may be NULL. False if there is no memory. cmd_environ_free either way. */
bool cmd_environ_make(cmd_environ *made, const char *library, const char *options,
                      const char *report_path);
void cmd_environ_free(cmd_environ *made);

/* ---- start and wait ---- */

/* Runs `path` to its end. 0, or a cmd_exit after a sentence if it could not be started. */
int cmd_launch(const char *path, char **argv, char **env, cmd_outcome *outcome);

/* ---- what the processes wrote ---- */

typedef enum cmd_field {
#define CMD_FIELD(name) cmd_field_##name,
#include "cmd_fields.def"
#undef CMD_FIELD
    cmd_field_count
} cmd_field;

typedef struct cmd_process {
    uint64_t value[cmd_field_count];
    bool known[cmd_field_count]; /* the line had it */
    const char *program;         /* in the report's text */
} cmd_process;

typedef struct cmd_report {
    char *text;           /* the file, cut into strings */
    cmd_process *process; /* largest peak first */
    size_t process_count;
    size_t bad_line_count; /* lines that are no report of the version we know */
} cmd_report;

/* The name of a field as the lines and the JSON have it. */
const char *cmd_field_name(cmd_field field);

/* Takes over `text`, which is malloc'ed. False if there is no memory. */
bool cmd_report_parse(cmd_report *report, char *text);
void cmd_report_free(cmd_report *report);
/* The process with that pid, or NULL. */
const cmd_process *cmd_report_find(const cmd_report *report, pid_t pid);

/* Everything a printed report draws on. */
typedef struct cmd_result {
    char **program;
    const char *library;
    const char *obstacle; /* from cmd_elf_obstacle, or NULL */
    cmd_outcome outcome;
    cmd_report report;
} cmd_result;

/* Why the program itself left no line, as a new sentence; NULL if it did leave one. */
char *cmd_result_silence(const cmd_result *result);

void cmd_print(FILE *stream, const cmd_result *result);
void cmd_json(FILE *stream, const cmd_result *result);

/* Writes a JSON string. Names of files are bytes; what is no UTF-8 becomes the replacement
 * character. */
void cmd_json_string(FILE *stream, const char *string);

/* Bytes of the UTF-8 character at `text`; 0 if it is none, or one written too long. */
size_t cmd_character_size(const unsigned char *text);

#endif
