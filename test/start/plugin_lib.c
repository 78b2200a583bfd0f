/* SPDX-License-Identifier: MIT-0
 *
 * A plugin that allocates while it is loaded, used and unloaded, and has thread-local storage.
 */
#include "start/start.h"

static _Thread_local char *of_thread;
static char *of_library;

char *start_plugin_work(size_t size);

__attribute__((constructor)) static void begin(void) { of_library = use_malloc(100); }

__attribute__((destructor)) static void end(void)
{
    free(of_library);
    free(of_thread);
}

char *start_plugin_work(size_t size)
{
    free(of_thread);
    of_thread = use_malloc(size);
    return use_malloc(size);
}
