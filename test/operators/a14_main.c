/* SPDX-License-Identifier: MIT-0
 *
 * a14_main NAME EFFECT: opens the plugin NAME, which only the program's own search path (RUNPATH) leads
 * to, with RTLD_DEEPBIND. EFFECT `cleared`: the plugin uses strata all the same, and may free what
 * the C library has allocated. `kept`: it has the C library's malloc, as it would without strata.
 */
#include "start/ours.h"

int main(int count, char **arguments)
{
    require(count == 3, "usage: a14_main NAME EFFECT");
    require_ours();
    void *plugin = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (plugin == NULL) fprintf(stderr, "%s\n", dlerror());
    require(plugin != NULL, "the program's path was searched, not strata's");
    require(dlopen("no such library", RTLD_NOW) == NULL && dlerror() != NULL,
            "errors are told");

    void *(*plugins_malloc)(void);
    void *symbol = dlsym(plugin, "a14_malloc");
    require(symbol != NULL, "a14_malloc");
    memcpy(&plugins_malloc, &symbol, sizeof plugins_malloc);
    bool is_ours = plugins_malloc() == dlsym(RTLD_DEFAULT, "malloc");
    if (strcmp(arguments[2], "cleared") != 0) {
        require(!is_ours, "without the option the flag means what it always means");
        return 0;
    }
    require(is_ours, "the plugin has strata's malloc");
    void (*free_what_libc_gave)(void);
    symbol = dlsym(plugin, "a14_free_what_libc_gave");
    require(symbol != NULL, "a14_free_what_libc_gave");
    memcpy(&free_what_libc_gave, &symbol, sizeof free_what_libc_gave);
    free_what_libc_gave();
    return 0;
}
