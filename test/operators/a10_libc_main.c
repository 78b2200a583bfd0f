/* SPDX-License-Identifier: MIT-0
 *
 * a10_libc_main PLUGIN: a plugin loaded with RTLD_DEEPBIND has the C library's malloc. What it gives to
 * the program, whose malloc is strata, finds its way back: the C library's own books say so.
 */
#include "start/ours.h"

#include <malloc.h>

typedef void *(*giver)(size_t size);
typedef size_t (*counter)(void);

static giver give;
static counter in_use;

static void blocks_go_back(void)
{
    free(give(
        10)); /* what the C library keeps of a thread's first blocks is not counted as free */
    size_t before = in_use();
    void *blocks[2000];
    for (size_t n = 0; n < 2000; n++) blocks[n] = give(3000 + n);
    require(in_use() >= before + 2000 * 3000, "the C library has given these out");
    for (size_t n = 0; n < 2000; n++) {
        require(malloc_usable_size(blocks[n]) >= 3000 + n, "their sizes are told");
        memset(blocks[n], 1, 3000 + n);
        free(blocks[n]);
    }
    require(in_use() <= before + 16384, "and has them back");
}

static void blocks_can_be_resized(void)
{
    size_t before = in_use();
    char *mem = give(100);
    memset(mem, 'r', 100);
    mem = realloc(mem, 300000);
    require(mem != NULL, "a block grows");
    for (size_t at = 0; at < 100; at++) require(mem[at] == 'r', "with its contents");
    mem = realloc(mem, 0);
    require(mem != NULL, "0 bytes are a block, as everywhere in strata");
    free(mem);
    mem = reallocarray(give(50), 10, 10);
    require(mem != NULL, "so by reallocarray");
    free(mem);
    require(in_use() <= before + 16384, "nothing is lost");
}

int main(int count, char **arguments)
{
    require(count == 2, "usage: a10_libc_main PLUGIN");
    require_ours();
    void *plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (plugin == NULL) fprintf(stderr, "%s\n", dlerror());
    require(plugin != NULL, "the plugin can be loaded");
    void *symbol = dlsym(plugin, "a10_give");
    require(symbol != NULL, "it gives");
    memcpy(&give, &symbol, sizeof give);
    symbol = dlsym(plugin, "a10_in_use");
    require(symbol != NULL, "and counts");
    memcpy(&in_use, &symbol, sizeof in_use);
    blocks_go_back();
    blocks_can_be_resized();
    return 0;
}
