/* SPDX-License-Identifier: MIT-0
 *
 * a26_main PLUGIN PLUGIN: three copies of strata in one process, one in the program and one in each of
 * two plugins, built with different switches, none of which sees another. Each runs 8 threads that use
 * all three; a block of one is foreign to the others. Then the plugins are closed while threads that used
 * them still live, and end after that.
 */
#include "start/start.h"

#include <dlfcn.h>
#include <pthread.h>

void *a26_main_malloc(size_t size);
void a26_main_free(void *mem);
int a26_main_check(void);

typedef struct copy {
    void *(*allocate)(size_t size);
    void (*release)(void *mem);
    int (*check)(void);
    void *library;
} copy;

enum { copy_count = 3, thread_count = 8, block_count = 500 };
static copy copies[copy_count] = {{a26_main_malloc, a26_main_free, a26_main_check, NULL}};
static pthread_barrier_t used, closed;

static void use_copy(const copy *which, unsigned seed)
{
    unsigned char *blocks[block_count];
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned n = 0; n < block_count; n++) {
            size_t size = 1 + (n * 2654435761u + seed) % (n % 20 == 0 ? 50000 : 700);
            blocks[n] = which->allocate(size);
            require(blocks[n] != NULL, "there is memory");
            blocks[n][0] = blocks[n][size - 1] = (unsigned char)(n + seed);
        }
        for (unsigned n = 0; n < block_count; n++) {
            require(blocks[n][0] == (unsigned char)(n + seed), "nobody else has the block");
            which->release(blocks[n]);
        }
    }
}

static void *live(void *number)
{
    unsigned mine = (unsigned)(uintptr_t)number;
    use_copy(&copies[mine % copy_count], mine);
    for (unsigned n = 0; n < copy_count; n++) use_copy(&copies[n], mine + n);
    pthread_barrier_wait(&used);
    pthread_barrier_wait(&closed);
    return NULL;
}

static void find(const copy *which, const char *name, void *place)
{
    void *symbol = dlsym(which->library, name);
    require(symbol != NULL, name);
    memcpy(place, &symbol, sizeof symbol);
}

static void open_copy(copy *which, const char *path)
{
    which->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (which->library == NULL) fprintf(stderr, "%s\n", dlerror());
    require(which->library != NULL, "a plugin with strata inside can be loaded");
    require(dlsym(which->library, "strata_malloc") == NULL, "strata itself is hidden");
    find(which, "a26_plugin_malloc", &which->allocate);
    find(which, "a26_plugin_free", &which->release);
    find(which, "a26_plugin_check", &which->check);
}

int main(int count, char **arguments)
{
    pthread_t threads[copy_count * thread_count];
    require(count == 3, "usage: a26_main PLUGIN PLUGIN");
    pthread_barrier_init(&used, NULL, 1 + copy_count * thread_count);
    pthread_barrier_init(&closed, NULL, 1 + copy_count * thread_count);
    for (unsigned n = 1; n < copy_count; n++) open_copy(&copies[n], arguments[n]);
    require(copies[1].allocate != copies[2].allocate, "two plugins are two copies");
    for (uintptr_t n = 0; n < copy_count * thread_count; n++)
        require(pthread_create(&threads[n], NULL, live, (void *)n) == 0, "a thread starts");
    pthread_barrier_wait(&used);
    for (unsigned n = 0; n < copy_count; n++)
        require(copies[n].check() == 0, "every structure of each is whole");
    for (unsigned n = 1; n < copy_count; n++)
        require(dlclose(copies[n].library) == 0, "a plugin can be closed");
    pthread_barrier_wait(&closed);
    for (unsigned n = 0; n < copy_count * thread_count; n++) pthread_join(threads[n], NULL);
    use_copy(&copies[0], 1);
    require(copies[0].check() == 0, "the program's own goes on");
    return 0;
}
