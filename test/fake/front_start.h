/* SPDX-License-Identifier: MIT-0
 *
 * Starts the heap's front end over the fake host, as the constructor of api/init.c does in a real
 * program: from then on threads have caches. A test configures the host first.
 */
#ifndef FRONT_START_H
#define FRONT_START_H

#include "api/front.h"
#include "fake/os_fake.h"

/* True if small requests are served from slabs now. May be called again, also after a failure. */
ST_INLINE bool front_start(void)
{
    os_fake_tell_ends(true);
    st_os_start();
    st_heap_prepare();
    if (STRATA_CHECK >= 2) st_lock_watch_ranks();
#if STRATA_SLABS
    st_cache_lone_frees = 32;
    if (st_os_at_thread_end(st_front_end_thread)) st_cache_start();
    if (st_cache_limit != 0) st_shelf_start();
    return st_cache_limit != 0;
#else
    return false;
#endif
}

#endif
