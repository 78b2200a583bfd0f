/* SPDX-License-Identifier: MIT-0
 *
 * Threads that do what they are told, one at a time: what several threads do to one heap, in an
 * order that is the same in every run. Number 0 is the thread that gives the orders, others begin
 * with their first one; a caller waits until what it ordered is done, so no test needs a lock.
 */
#ifndef CREW_H
#define CREW_H

#include "base/base.h"

#include <pthread.h>
#include <stdlib.h>

#include "fake/os_fake.h"

#define CREW_MAX 8 /* members, 0 included */

typedef struct crew_member {
    pthread_t thread;
    bool is_there;
    bool is_leaving;
    void (*act)(void *context); /* what is to be done; NULL: it is done */
    void *context;
} crew_member;

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    crew_member member[CREW_MAX];
} crew = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

ST_INLINE void *crew_serve(void *context)
{
    crew_member *me = context;
    pthread_mutex_lock(&crew.mutex);
    while (!me->is_leaving) {
        while (me->act == NULL) pthread_cond_wait(&crew.changed, &crew.mutex);
        pthread_mutex_unlock(&crew.mutex);
        me->act(me->context);
        pthread_mutex_lock(&crew.mutex);
        me->act = NULL;
        pthread_cond_broadcast(&crew.changed);
    }
    pthread_mutex_unlock(&crew.mutex);
    return NULL;
}

/* Has member `idx` call act(context), and waits for it. */
ST_INLINE void crew_do(size_t idx, void (*act)(void *context), void *context)
{
    crew_member *member = &crew.member[idx];
    if (idx == 0) {
        act(context);
        return;
    }
    if (!member->is_there) {
        *member = (crew_member){.is_there = true};
        if (pthread_create(&member->thread, NULL, crew_serve, member) != 0) abort();
    }
    pthread_mutex_lock(&crew.mutex);
    member->act = act;
    member->context = context;
    pthread_cond_broadcast(&crew.changed);
    while (member->act != NULL) pthread_cond_wait(&crew.changed, &crew.mutex);
    pthread_mutex_unlock(&crew.mutex);
}

/* The last act of a thread: the host tells its end. Then it is gone. */
ST_INLINE void crew_leave(void *context)
{
    crew_member *me = context;
    (void)os_fake_end_thread();
    me->is_leaving = true;
}

/* Ends member `idx`, if it is there; the next order for it begins a new thread. */
ST_INLINE void crew_end(size_t idx)
{
    crew_member *member = &crew.member[idx];
    if (idx == 0 || !member->is_there) return;
    crew_do(idx, crew_leave, member);
    pthread_join(member->thread, NULL);
    member->is_there = false;
}

ST_INLINE void crew_end_all(void)
{
    for (size_t idx = 1; idx < CREW_MAX; idx++) crew_end(idx);
}

#endif
