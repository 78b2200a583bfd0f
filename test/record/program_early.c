/* SPDX-License-Identifier: MIT-0
 *
 * A program that allocates before main and after it, in a thread's end, and in a library that it
 * loads: argument 1 is that library. early_user.c and early_lib.c are linked to it.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

int record_early_answer(void);
char *record_early_block(void);

static void *volatile early_block;
static pthread_key_t early_key;

static void early_take(size_t size) { early_block = malloc(size); }

static void early_preinit(void) { early_take(3001); }

__attribute__((section(".preinit_array"),
               used)) static void (*early_preinit_entry)(void) = early_preinit;

static __attribute__((constructor)) void early_construct(void) { early_take(3002); }
static __attribute__((destructor)) void early_destruct(void) { early_take(3007); }
static void early_at_exit(void) { early_take(3006); }

static void early_end_thread(void *mem)
{
    free(mem);
    early_take(3005);
}

static void *early_thread(void *context)
{
    pthread_setspecific(early_key, malloc(3004));
    return context;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc != 2 || record_early_answer() != 42 || record_early_block() == NULL) return 1;
    char *block = record_early_block();
    if (block[0] != 'k' || block[99] != 'e') return 2;
    block = realloc(block, 3010);
    if (block[0] != 'k' || block[99] != 'e') return 3;
    early_take(3003);
    atexit(early_at_exit);
    if (pthread_key_create(&early_key, early_end_thread) != 0) return 4;
    if (pthread_create(&thread, NULL, early_thread, NULL) != 0) return 5;
    pthread_join(thread, NULL);
    void *library = dlopen(argv[1], RTLD_NOW);
    if (library == NULL) return 6;
    dlclose(library);
    return 0;
}
