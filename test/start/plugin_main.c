/* SPDX-License-Identifier: MIT-0
 *
 * plugin_main PLUGIN: loads and unloads a plugin 200 times; what it leaves is freed after it has
 * gone, and memory does not grow.
 */
#include "start/ours.h"

typedef char *(*worker)(size_t size);

static char *load_work_unload(const char *path, size_t size)
{
    void *library = dlopen(path, RTLD_NOW);
    require(library != NULL, "the plugin can be loaded");
    void *symbol = dlsym(library, "start_plugin_work");
    require(symbol != NULL, "the plugin has its function");
    worker work;
    memcpy(&work, &symbol, sizeof work);
    char *left = work(size);
    require(dlclose(library) == 0, "the plugin can be unloaded");
    return left;
}

int main(int count, char **arguments)
{
    require(count == 2, "usage: plugin_main PLUGIN");
    require_ours();
    stats_getter stats_get = find_stats(RTLD_DEFAULT);
    strata_stats stats;
    size_t live = 0;
    for (size_t round = 0; round < 200; round++) {
        char *left = load_work_unload(arguments[1], 100 + round % 50);
        require(left[0] == 'p', "what a plugin leaves outlives it");
        free(left);
        stats_get(&stats);
        if (round == 20) live = stats.live;
    }
    require(stats.live <= live + 8192, "a plugin that comes and goes leaves nothing");
    return 0;
}
