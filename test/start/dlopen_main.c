/* SPDX-License-Identifier: MIT-0
 *
 * dlopen_main LIBSTRATA: strata loaded as a plugin into a program that runs on another malloc:
 * its strata_ functions work, the program's malloc stays what it was, and unloading it leaves
 * nothing that a later fork or thread would stumble over.
 */
#include "start/start.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>

static void *(*strata_malloc_found)(size_t size);
static void (*strata_free_found)(void *mem);
static int (*strata_check_found)(const char **first);

static void find(void *library, const char *name, void *place, size_t size)
{
    void *symbol = dlsym(library, name);
    require(symbol != NULL, name);
    memcpy(place, &symbol, size);
}

static void *work(void *argument)
{
    (void)argument;
    void *blocks[100];
    for (size_t round = 0; round < 50; round++) {
        for (size_t idx = 0; idx < 100; idx++) {
            blocks[idx] = strata_malloc_found(idx * idx * round % 60000);
            require(blocks[idx] != NULL, "there is memory");
        }
        for (size_t idx = 0; idx < 100; idx++) strata_free_found(blocks[idx]);
    }
    return NULL;
}

static void fork_and_wait(bool uses_strata)
{
    pid_t id = fork();
    require(id >= 0, "fork works");
    if (id == 0) {
        alarm(20);
        if (uses_strata) work(NULL);
        free(malloc(100));
        _exit(0);
    }
    int status = 1;
    require(waitpid(id, &status, 0) == id && status == 0, "the child ends well");
}

int main(int count, char **arguments)
{
    require(count == 2, "usage: dlopen_main LIBSTRATA");
    char *own = malloc(100);
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) fprintf(stderr, "%s\n", dlerror());
    require(library != NULL, "strata can be loaded");
    find(library, "strata_malloc", &strata_malloc_found, sizeof strata_malloc_found);
    find(library, "strata_free", &strata_free_found, sizeof strata_free_found);
    find(library, "strata_check", &strata_check_found, sizeof strata_check_found);
    pthread_t threads[4];
    for (size_t n = 0; n < 4; n++) {
        require(pthread_create(&threads[n], NULL, work, NULL) == 0, "a thread can be started");
    }
    for (size_t n = 0; n < 4; n++) pthread_join(threads[n], NULL);
    fork_and_wait(true);
    require(strata_check_found(NULL) == 0, "every structure is whole");
    free(own);
    free(malloc(5000));
    require(dlclose(library) == 0, "strata can be unloaded");
    fork_and_wait(false);
    return 0;
}
