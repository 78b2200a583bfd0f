/* SPDX-License-Identifier: MIT-0
 *
 * `strata replay` and `strata simulate`: what their files share. Both replay traces under several
 * contenders (allocators, or configurations of strata) and compare what each costs.
 *
 *   cmd_replay            `strata replay`: its command line
 *   cmd_simulate          `strata simulate`: its command line, the configurations
 *   cmd_replay_request    what both command lines have
 *   cmd_replay_contender  which library a name means; the columns of the tables
 *   cmd_replay_plan       a trace made into the plan that the replayer maps
 *   cmd_replay_child      starting a fresh process, for one run
 *   cmd_replay_said       one run, and what it says
 *   cmd_replay_calls      one run whose system calls are counted (ptrace)
 *   cmd_replay_rounds     all runs of one trace, in turn; progress
 *   cmd_replay_figures    figures from runs: medians, net of the replay itself, means over traces
 *   cmd_replay_report     the order of the steps
 *   cmd_replay_print      tables          cmd_replay_json  JSON          cmd_replay_plot  SVG
 *   cmd_replay_machine    what the machine is
 *
 * The measuring itself is done by strata-replayer (tools/replay), so that nothing of ours is in
 * its figures.
 */
#ifndef CMD_REPLAY_H
#define CMD_REPLAY_H

#include "cmd.h"
#include "replay_plan.h"
#include "trace_read.h"

/* What ran, ran; but some allocator crashed, damaged a block or refused one. */
enum { cmd_exit_replay_broken = 1 };

/* ---- contenders: the columns ---- */

enum { cmd_contender_max = 32 };

typedef struct cmd_contender {
    char *label;
    char *library;           /* absolute path; NULL: nothing is preloaded */
    char *options;           /* its STRATA_OPTIONS; NULL if none */
    const char *environment; /* one more entry; NULL if none */
} cmd_contender;

typedef struct cmd_contenders {
    size_t count;
    cmd_contender list[cmd_contender_max];
    char *left_out; /* which were looked for and are not there; NULL if none. One sentence. */
} cmd_contenders;

/* Adds what the user calls `asked` (see --allocator). 0, or an exit status after a sentence. */
int cmd_contenders_add(cmd_contenders *contenders, const char *asked, const char *prefix);
/* Adds the well-known ones that are installed; the others go to left_out. */
int cmd_contenders_add_peers(cmd_contenders *contenders, const char *prefix);
/* Adds libstrata.so from beside the command as column `at`. If it is not there and `is_needed`,
 * a sentence and an exit status; otherwise it is noted in left_out. */
int cmd_contenders_add_strata(cmd_contenders *contenders, size_t at, bool is_needed,
                              const char *prefix);
/* Appends a column as it is; takes over the strings. False if there are too many or no memory. */
bool cmd_contenders_append(cmd_contenders *contenders, cmd_contender contender);
void cmd_contenders_free(cmd_contenders *contenders);

/* ---- plans ---- */

typedef struct cmd_plan {
    int descriptor; /* of the file that holds it; -1 if none is open */
    replay_plan head;
    uint64_t object_count;
    uint32_t trace_threads; /* of the recording */
    bool is_cut;            /* the recording was */
    char *program;          /* that was recorded; NULL if not known */
} cmd_plan;

/* Reads a whole trace and writes its plan to `descriptor`, an empty file. False with *error set
 * if the trace is bad or the plan can't be made. */
bool cmd_plan_write(trace_reader *reader, bool with_threads, int descriptor, cmd_plan *plan,
                    trace_error *error);
/* The same, from a file, into memory. cmd_plan_free either way. */
bool cmd_plan_make(const char *path, bool with_threads, cmd_plan *plan, trace_error *error);
/* Closes the file, but leaves what is known of the trace. */
void cmd_plan_close(cmd_plan *plan);
void cmd_plan_free(cmd_plan *plan);

/* ---- runs ---- */

/* What the replayer says in one number. */
#define CMD_RAW_FIELDS(X)                                                                      \
    X(ops)                                                                                     \
    X(start_rss)                                                                               \
    X(peak_rss)                                                                                \
    X(end_rss)                                                                                 \
    X(file_rss)                                                                                \
    X(warm_end_rss) X(minor_faults) X(major_faults) X(warm_faults) X(damaged) X(failed)

typedef enum cmd_raw {
#define CMD_RAW_FIELD(name) cmd_raw_##name,
    CMD_RAW_FIELDS(CMD_RAW_FIELD)
#undef CMD_RAW_FIELD
        cmd_raw_count
} cmd_raw;

extern const char *const cmd_raw_names[cmd_raw_count];

typedef struct cmd_pass {
    double cpu_ns;
    double wall_ns;
} cmd_pass;

typedef struct cmd_sample {
    double op;
    double live;
    double rss;
} cmd_sample;

typedef struct cmd_replay_run {
    double raw[cmd_raw_count];
    cmd_pass *pass; /* the first is the cold one */
    size_t pass_count;
    cmd_sample *sample;
    size_t sample_count;
} cmd_replay_run;

/* How the replayer is to be started. */
typedef struct cmd_replay_start {
    const char *replayer;
    const cmd_plan *plan;
    const cmd_contender *contender; /* NULL: the null run */
    const char *touch;
    unsigned passes;
    unsigned samples; /* 0: none */
    bool only_loads;  /* the dynamic linker lists what it loads, and nothing runs */
} cmd_replay_start;

/* Runs the replayer to its end. NULL, or why there is no result, as a new string that completes
 * "ALLOCATOR on TRACE ". cmd_replay_run_free either way. */
char *cmd_replay_run_once(const cmd_replay_start *start, cmd_replay_run *run);
void cmd_replay_run_free(cmd_replay_run *run);

/* Whether the dynamic linker really loads the contender's library into the replayer. */
bool cmd_replay_is_loaded(const char *replayer, const cmd_contender *contender);

/* System calls of the first pass. The same; *count is NAN if this can't be counted here. */
char *cmd_replay_count_calls(const cmd_replay_start *start, double *count);

/* Instructions of the first pass. `valgrind` is the program. */
char *cmd_replay_count_instructions(const cmd_replay_start *start, const char *valgrind,
                                    double *count);

/* Arguments, environment, descriptors: what all of these start with. */
enum { cmd_replay_plan_descriptor = 3, cmd_replay_result_descriptor = 4 };
typedef struct cmd_replay_words {
    char *argument[20];
    char *entry[8];
    bool is_complete; /* there was memory for all */
    size_t argument_count;
    size_t entry_count;
} cmd_replay_words;
void cmd_replay_make_words(const cmd_replay_start *start, const char *const *before,
                           cmd_replay_words *words);
void cmd_replay_free_words(cmd_replay_words *words);

/* Starts, reads, waits. NULL, or why it went wrong, as above; *text is what came through
 * descriptor 4. */
char *cmd_replay_run_words(const cmd_replay_words *words, const cmd_replay_start *start,
                           char **text);

/* Our children die with us: between _catch and _release a signal that ends us kills `pid` first.
 * pid 0: there is none just now. */
void cmd_replay_catch_signals(void);
void cmd_replay_release_signals(void);
void cmd_replay_guard(pid_t pid);

/* Progress: one line on standard error that the next one replaces, if that is a terminal. */
void cmd_replay_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void cmd_replay_progress_end(void);

/* ---- figures ---- */

typedef enum cmd_figure {
    cmd_figure_warm_ns,
    cmd_figure_cold_ns,
    cmd_figure_warm_wall_ns,
    cmd_figure_cold_wall_ns,
    cmd_figure_instructions,
    cmd_figure_memory,
    cmd_figure_kept,
    cmd_figure_faults,
    cmd_figure_calls,
    cmd_figure_peak_size,
    cmd_figure_kept_size,
    cmd_figure_count
} cmd_figure;

/* How the traces' figures become one. */
typedef enum cmd_summary {
    cmd_summary_geometric,
    cmd_summary_mean,
    cmd_summary_sum
} cmd_summary;

typedef struct cmd_figure_form {
    const char *name;  /* in JSON */
    const char *head;  /* of a column */
    const char *title; /* of a table */
    cmd_summary summary;
    int decimals;
    bool is_compared; /* has a ratio to the best */
    bool is_printed;
} cmd_figure_form;

extern const cmd_figure_form cmd_figure_forms[cmd_figure_count];

/* One contender on one trace. */
typedef struct cmd_cell {
    cmd_replay_run *run; /* one a round */
    size_t run_count;
    cmd_replay_run sampled;
    double calls;
    double instructions;
    char *failure; /* completes "ALLOCATOR on TRACE "; NULL if all went well */
    double damaged;
    double failed;
    double figure[cmd_figure_count]; /* NAN: not known */
} cmd_cell;

typedef struct cmd_replayed {
    const char *path;
    char *name; /* for people: without directory and what the format adds */
    cmd_plan plan;
    unsigned passes;
    cmd_cell null;
    cmd_cell cell[cmd_contender_max];
} cmd_replayed;

/* The median of the values; NAN if there are none. Sorts them. */
double cmd_median(double *values, size_t count);
double cmd_geometric_mean(const double *values, size_t count);
/* `value` over the least of all that are known; NAN if there is no such. */
double cmd_ratio_to_best(const double *values, size_t count, size_t which);

/* Fills in the figures of all cells of a trace. */
void cmd_figures_fill(cmd_replayed *trace, size_t contender_count);
void cmd_cell_free(cmd_cell *cell);

/* ---- the whole ---- */

typedef struct cmd_comparison {
    /* what was asked for */
    const char *prefix; /* of sentences: "replay: " */
    char **words;       /* the command line, for the header */
    const char *output; /* NULL: standard output */
    const char *plot;   /* directory; NULL: none */
    const char *touch;
    unsigned rounds;
    unsigned passes; /* 0: to be chosen */
    bool json;
    bool with_threads;
    bool with_instructions;
    cmd_contenders contenders;
    /* what it takes */
    char *replayer;
    char *valgrind;
    /* what came out */
    cmd_replayed *trace;
    size_t trace_count;
} cmd_comparison;

/* Measures one trace: fills trace->null, ->cell. 0, or an exit status after a sentence. */
int cmd_replay_measure(const cmd_comparison *comparison, cmd_replayed *trace);

/* Over all traces, of one contender: NAN if it is not known for all. */
double cmd_figure_over_traces(const cmd_comparison *comparison, cmd_figure figure,
                              size_t contender);
bool cmd_figure_is_shown(const cmd_comparison *comparison, cmd_figure figure);

/* Everything after the command line: checks, measures, prints. Returns an exit status. */
int cmd_replay_compare(cmd_comparison *comparison, char **paths, size_t path_count);

/* ---- command lines ---- */

/* What both subcommands are asked; the input of their argp parsers begins with it. */
typedef struct cmd_replay_request {
    cmd_parse parse;
    cmd_comparison comparison;
    char **path; /* the traces */
    size_t path_count;
} cmd_replay_request;

enum {
    cmd_replay_key_threads = 0x200,
    cmd_replay_key_runs,
    cmd_replay_key_passes,
    cmd_replay_key_touch,
    cmd_replay_key_instructions,
    cmd_replay_key_json,
    cmd_replay_key_output,
    cmd_replay_key_plot
};

/* What an argp parser does with keys that are not its own. */
error_t cmd_replay_parse(int key, char *argument, struct argp_state *state);

/* The whole of a subcommand: `request` is zero but for what is the subcommand's own; `choose`
 * makes the columns and returns an exit status. */
int cmd_replay_main_of(cmd_replay_request *request, const char *name, const struct argp *argp,
                       char **argv, int (*choose)(cmd_replay_request *request));

void cmd_replay_print(FILE *stream, const cmd_comparison *comparison);
void cmd_replay_json(FILE *stream, const cmd_comparison *comparison);
/* Writes the plots into the directory; an exit status. */
int cmd_replay_plot(const cmd_comparison *comparison);

/* What the machine is, for header and JSON. */
typedef struct cmd_machine {
    char host[80];
    char processor[96];
    char kernel[208];
    char date[40];
    char huge_pages[48];
    char c_library[40];
    uint64_t memory;
    long processor_count;
} cmd_machine;
void cmd_machine_describe(cmd_machine *machine);
/* Bytes that can be had without pushing others out; UINT64_MAX if that is not known. */
uint64_t cmd_machine_available(void);

#endif
