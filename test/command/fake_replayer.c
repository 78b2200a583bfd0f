/* SPDX-License-Identifier: MIT-0
 *
 * Stands in for strata-replayer in the tests of the command: a test puts a copy of the command
 * and this program, under that name, into a directory of its own, with what it is to say. So
 * what the command makes of the runs is tested with figures that are known.
 *
 * It appends to `log`, beside it, a line with its number, arguments and environment, copies the
 * plan to `plan`, and says what is in the file `say-NAME.N`, or else `say-NAME`: NAME is `null` or what
 * is preloaded, without directory (`system` if nothing is), N the number of the run, counted
 * from 1 for each name in `count-NAME`. A name that has no such file says what `system` says. Lines of that file that begin with ! are done:
 *
 *      !calls N    N system calls      !kill N    ends with the signal N
 *      !exit N     ends with status N  !sleep     waits to be killed
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { fake_plan_descriptor = 3, fake_result_descriptor = 4 };

static char fake_directory[PATH_MAX];

static FILE *fake_open(const char *name, const char *mode)
{
    char path[PATH_MAX + 300];
    snprintf(path, sizeof path, "%s/%s", fake_directory, name);
    return fopen(path, mode);
}

static void fake_find_directory(void)
{
    const ssize_t length =
        readlink("/proc/self/exe", fake_directory, sizeof fake_directory - 1);
    if (length <= 0) _exit(90);
    *strrchr(fake_directory, '/') = '\0';
}

static void fake_log(char **argv)
{
    FILE *log = fake_open("log", "a");
    if (log == NULL) _exit(91);
    fprintf(log, "%d ", (int)getpid());
    for (char **word = argv + 1; *word != NULL; word++) fprintf(log, "%s ", *word);
    for (char **entry = environ; *entry != NULL; entry++) fprintf(log, "%s ", *entry);
    fprintf(log, "\n");
    fclose(log);
}

static void fake_copy_plan(void)
{
    char block[65536];
    off_t at = 0;
    FILE *copy = fake_open("plan", "w");
    if (copy == NULL) _exit(92);
    for (ssize_t got; (got = pread(fake_plan_descriptor, block, sizeof block, at)) > 0;) {
        fwrite(block, 1, (size_t)got, copy);
        at += got;
    }
    fclose(copy);
}

static unsigned fake_count_run(const char *name)
{
    char file_name[300];
    unsigned count = 0;
    snprintf(file_name, sizeof file_name, "count-%s", name);
    FILE *file = fake_open(file_name, "r");
    if (file != NULL) {
        if (fscanf(file, "%u", &count) != 1) _exit(93);
        fclose(file);
    }
    file = fake_open(file_name, "w");
    if (file == NULL) _exit(94);
    fprintf(file, "%u", ++count);
    fclose(file);
    return count;
}

static void fake_do(const char *line)
{
    const int number = (int)strtol(line + strcspn(line, " \n"), NULL, 10);
    if (strncmp(line, "!calls", 6) == 0) {
        for (int i = 0; i < number; i++) syscall(SYS_getppid);
    } else if (strncmp(line, "!kill", 5) == 0) {
        raise(number);
    } else if (strncmp(line, "!exit", 5) == 0) {
        _exit(number);
    } else {
        /* Not for ever: a test that fails shall leave nothing behind. */
        alarm(60);
        for (;;) pause();
    }
}

static void fake_say(FILE *file)
{
    char text[65536];
    const size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    /* One write a line, and nothing else between two of them. */
    for (char *line = text; *line != '\0';) {
        const size_t size = strcspn(line, "\n") + 1;
        if (*line == '!') {
            fake_do(line);
        } else if (write(fake_result_descriptor, line, size) != (ssize_t)size) {
            _exit(95);
        }
        line += size;
    }
}

int main(int argc, char **argv)
{
    const char *preload = getenv("LD_PRELOAD");
    const char *name = preload != NULL ? strrchr(preload, '/') + 1 : "system";
    char file_name[320];
    if (argc > 1 && strcmp(argv[1], "--null") == 0) name = "null";
    fake_find_directory();
    fake_log(argv);
    fake_copy_plan();
    snprintf(file_name, sizeof file_name, "say-%s.%u", name, fake_count_run(name));
    FILE *file = fake_open(file_name, "r");
    snprintf(file_name, sizeof file_name, "say-%s", name);
    if (file == NULL) file = fake_open(file_name, "r");
    if (file == NULL) file = fake_open("say-system", "r");
    if (file == NULL) _exit(96);
    fake_say(file);
    fclose(file);
    return 0;
}
