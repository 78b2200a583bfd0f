/* SPDX-License-Identifier: MIT-0
 *
 * A fully static program that uses what has made static links with a malloc of one's own fail, or run
 * into two mallocs: fork, dlopen, getaddrinfo, malloc_trim, mallinfo2, threads. A11_GLIBC is 0 for musl,
 * which has no mallinfo2 of its own.
 */
#include "start/start.h"

#include <dlfcn.h>
#include <malloc.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/wait.h>

int malloc_trim(size_t pad);

static void *body(void *unused)
{
    (void)unused;
    for (size_t size = 1; size < 100000; size = size * 2 + 1) free(use_malloc(size));
    return use_malloc(30);
}

static void use_threads(void)
{
    pthread_t threads[8];
    for (size_t n = 0; n < 8; n++)
        require(pthread_create(&threads[n], NULL, body, NULL) == 0, "a thread can be started");
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

/* A static program may not be able to load anything; it must only not fall over. */
static void use_loader(void)
{
    void *itself = dlopen(NULL, RTLD_NOW);
    if (itself != NULL) dlclose(itself);
    if (dlopen("no such library", RTLD_NOW) == NULL)
        require(dlerror() != NULL, "errors are told");
}

static void use_resolver(void)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_family = AF_INET};
    struct addrinfo *found = NULL;
    require(getaddrinfo("127.0.0.1", "80", &hints, &found) == 0, "a number is an address");
    require(found != NULL && found->ai_family == AF_INET, "of the family that was asked for");
    freeaddrinfo(found);
}

static void use_books(void)
{
    size_t before = 0;
#if A11_GLIBC
    before = mallinfo2().uordblks;
#endif
    char *large = malloc(1 << 20);
    void *guard = malloc(10);
    require(large != NULL && guard != NULL, "there is memory");
    memset(large, 1, 1 << 20);
#if A11_GLIBC
    require(mallinfo2().uordblks >= before + (1 << 20), "mallinfo2 knows of strata's blocks");
#endif
    free(large);
    require(malloc_trim(0) == 1, "memory can be given back");
    free(guard);
    (void)before;
}

int main(void)
{
    use_threads();
    use_fork();
    use_loader();
    use_resolver();
    use_books();
    strata_stats stats;
    strata_stats_get(&stats);
    require(stats.allocations > 100, "malloc is strata's");
    require(strata_check(NULL) == 0, "every structure is whole");
    return 0;
}
