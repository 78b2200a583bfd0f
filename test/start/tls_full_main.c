/* SPDX-License-Identifier: MIT-0
 *
 * tls_full_main LIBSTRATA LIBRARY COUNT: loads COUNT copies of LIBRARY (tls_full_lib.c), or as many
 * as there is thread-local storage for, then strata, and prints whether strata "works", or the
 * dynamic linker's word on why it can't be loaded; and " full" if not all copies could be. In any
 * case the program goes on.
 */
#include "start/start.h"

#include <dlfcn.h>
#include <fcntl.h>

static void copy_file(const char *from, const char *to)
{
    char bytes[4096];
    int in = open(from, O_RDONLY);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    require(in >= 0 && out >= 0, "the files can be opened");
    for (;;) {
        ssize_t size = read(in, bytes, sizeof bytes);
        require(size >= 0, "a file can be read");
        if (size == 0) break;
        require(write(out, bytes, (size_t)size) == size, "a file can be written");
    }
    close(in);
    close(out);
}

/* A file of its own for each, as the dynamic linker loads a file once. False if it can't be. */
static bool load_copy(const char *path, const char *directory, long number)
{
    char copy[200];
    snprintf(copy, sizeof copy, "%s/copy_%ld.so", directory, number);
    copy_file(path, copy);
    void *library = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
    unlink(copy);
    return library != NULL;
}

static void use_strata(void *library)
{
    void *(*strata_malloc_found)(size_t size);
    void (*strata_free_found)(void *mem);
    void *symbol = dlsym(library, "strata_malloc");
    require(symbol != NULL, "strata_malloc");
    memcpy(&strata_malloc_found, &symbol, sizeof symbol);
    symbol = dlsym(library, "strata_free");
    require(symbol != NULL, "strata_free");
    memcpy(&strata_free_found, &symbol, sizeof symbol);
    for (size_t size = 0; size < 100000; size = size * 2 + 1) {
        char *mem = strata_malloc_found(size);
        require(mem != NULL, "there is memory");
        memset(mem, 1, size);
        strata_free_found(mem);
    }
}

int main(int count, char **arguments)
{
    char directory[] = "/tmp/start_tls_full_XXXXXX";
    require(count == 4, "usage: tls_full_main LIBSTRATA LIBRARY COUNT");
    require(mkdtemp(directory) != NULL, "a directory can be made");
    long wanted = strtol(arguments[3], NULL, 10);
    long loaded = 0;
    while (loaded < wanted && load_copy(arguments[2], directory, loaded)) loaded++;
    rmdir(directory);
    void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) use_strata(library);
    printf("%s%s\n", library != NULL ? "works" : dlerror(), loaded < wanted ? " full" : "");
    free(malloc(1000));
    return 0;
}
