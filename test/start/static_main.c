/* SPDX-License-Identifier: MIT-0
 *
 * A fully static program on libstrata.a: threads, fork, what the C library allocates by itself.
 */
#include "start/start.h"

#include <malloc.h>
#include <pthread.h>
#include <regex.h>
#include <sys/wait.h>
#include <time.h>

static void *body(void *argument)
{
    for (size_t size = 1; size < 100000; size = size * 2 + 1) free(use_malloc(size));
    (void)argument;
    return use_malloc(30);
}

static void use_threads(void)
{
    pthread_t threads[8];
    for (size_t n = 0; n < 8; n++) {
        require(pthread_create(&threads[n], NULL, body, NULL) == 0, "a thread can be started");
    }
    for (size_t n = 0; n < 8; n++) {
        void *left = NULL;
        require(pthread_join(threads[n], &left) == 0, "a thread can be joined");
        free(left);
    }
}

static void use_fork(void)
{
    pid_t id = fork();
    require(id >= 0, "fork works");
    if (id == 0) {
        use_threads();
        exit(0);
    }
    int status = 1;
    require(waitpid(id, &status, 0) == id && status == 0, "the child ends well");
}

static void use_library(void)
{
    regex_t pattern;
    require(regcomp(&pattern, "(a|b)*c{2,300}", REG_EXTENDED) == 0, "a pattern can be made");
    require(regexec(&pattern, "xxababccc", 0, NULL, 0) == 0, "and matches");
    regfree(&pattern);
    FILE *file = tmpfile();
    require(file != NULL, "a file can be opened");
    char *line = NULL;
    size_t size = 0;
    fputs("line one\nline two\n", file);
    rewind(file);
    while (getline(&line, &size, file) > 0) require(malloc_usable_size(line) >= size, "ours");
    free(line);
    fclose(file);
    char *text = NULL;
    require(asprintf(&text, "%d %s", 5, "words") == 7, "text can be made");
    free(text);
    require(setenv("START_STATIC", "1", 1) == 0, "the environment can grow");
    tzset();
}

int main(void)
{
    use_library();
    use_threads();
    use_fork();
    char *large = malloc(1 << 20);
    void *guard = malloc(10);
    require(large != NULL && guard != NULL, "there is memory");
    memset(large, 1, 1 << 20);
    free(large);
    require(malloc_trim(0) == 1, "memory can be given back");
    free(guard);
    require(strata_check(NULL) == 0, "every structure is whole");
    return 0;
}
