/* SPDX-License-Identifier: MIT-0
 *
 * The start and the end of a program, and its forks. The heap works before and after all of
 * this: nothing here is needed to allocate.
 */
#include "api/control.h"
#include "api/front.h"
#include "api/stats.h"
#include "books/options.h"
#include "strata.h"

/* ---- fork: the child gets a heap that nobody was in the middle of changing ---- */

static struct {
    unsigned inner_forks; /* forks between strata_fork_prepare and its end; only with all locks held */
} init_state;

/* The forking thread goes through the locks meanwhile: handlers of libraries that registered theirs
 * before us run after our first and before our other two, and may allocate. */
STRATA_EXPORT ST_COLD void strata_fork_prepare(void)
{
    /* Who holds all locks already is preparing by hand what now becomes an ordinary fork. */
    if (st_lock_passes()) {
        init_state.inner_forks++;
        return;
    }
    st_heap_lock_all();
    st_lock_pass_all();
}

/* True at the end of an inner one: the locks stay. */
static bool init_fork_goes_on(void)
{
    if (init_state.inner_forks == 0) return false;
    init_state.inner_forks--;
    return true;
}

STRATA_EXPORT ST_COLD void strata_fork_parent(void)
{
    if (init_fork_goes_on()) return;
    st_lock_pass_none();
    st_heap_unlock_all();
}

STRATA_EXPORT ST_COLD void strata_fork_child(void)
{
    if (init_fork_goes_on()) return;
    st_lock_pass_none();
    st_heap_reset_locks();
#if STRATA_SLABS
    st_shelf_reset_all();
#endif
}

/* ---- start ---- */

#if defined(__GNUC__)
__attribute__((constructor(101)))
#endif
ST_COLD ST_UNUSED static void init_start(void)
{
    if (st_os_is_started()) return;
    st_os_start();
    st_heap_prepare();
    if (STRATA_CHECK >= 2) st_lock_watch_ranks();
    if (STRATA_ENVIRONMENT) st_control_read_environment();
#if STRATA_SLABS
    if (st_os_at_thread_end(st_front_end_thread)) st_cache_start();
    if (st_cache_limit != 0) st_shelf_start();
    st_slab_lacks_elsewhere = 4;
    st_cache_lone_frees = 32; /* glibc: a few for each stack of an ended thread */
#endif
    st_os_at_fork(strata_fork_prepare, strata_fork_parent, strata_fork_child);
}

/* ---- end ---- */

/* A line never longer than this is appended in one piece, so that lines of several processes do
 * not mix. */
typedef struct init_line {
    size_t used;
    char bytes[1024];
} init_line;

static void init_collect(void *context, const char *bytes, size_t size)
{
    init_line *line = context;
    size = st_min(size, sizeof line->bytes - line->used);
    st_copy(line->bytes + line->used, bytes, size);
    line->used += size;
}

static void init_append_report(const char *path)
{
    init_line line = {.used = 0};
    st_text text;
    st_text_init(&text, init_collect, &line);
    st_stats_line(&text);
    st_text_flush(&text);
    st_os_append(path, line.bytes, line.used);
}

static ST_COLD void init_report(void)
{
    if (!STRATA_ENVIRONMENT || st_os_is_privileged()) return;
    const char *path = st_os_environment("STRATA_REPORT");
    if (path != NULL && path[0] != '\0') init_append_report(path);
    if (st_option(report) != 0) {
        int descriptor = 2;
        st_text text;
        st_text_init(&text, st_stats_to_descriptor, &descriptor);
        st_stats_describe(&text);
        st_text_flush(&text);
    }
}

/* The report comes first: it looks at the threads there are. */
#if defined(__GNUC__)
__attribute__((destructor(101)))
#endif
ST_UNUSED static void init_end(void)
{
    init_report();
#if STRATA_SLABS
    st_os_at_thread_end(NULL); /* a library that is unloaded can't be called any more */
#endif
}
