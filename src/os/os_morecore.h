/* SPDX-License-Identifier: MIT-0
 *
 * What the host os_morecore.c has besides os.h, and what its two files share.
 */
#ifndef ST_OS_MORECORE_H
#define ST_OS_MORECORE_H

#include "os/os.h"

#if STRATA_HOST_MORECORE

/* The heap for which this thread may be about to ask for memory; NULL for the process's. MORECORE's text
 * knows it as m. */
ST_DECLARE_THREAD_DATA const void *st_os_morecore_heap;

/* Gives a range back to where it came from, whose end it is. False, and nothing has changed, if that is
 * impossible or refused. */
ST_INTERNAL bool st_os_give_end(void *addr, size_t size);

/* Pages are no larger anywhere. */
#define ST_MORECORE_PAGE_MAX (64 * ST_KIB)

/* The options' texts are not ours: they may change errno, and we must not. */
ST_INTERNAL int st_morecore_save(void);
ST_INTERNAL void st_morecore_restore(int code);

#else

ST_INLINE bool st_os_give_end(void *addr, size_t size)
{
    (void)addr;
    (void)size;
    return false;
}

#endif
#endif
