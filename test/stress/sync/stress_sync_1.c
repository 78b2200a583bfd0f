/* SPDX-License-Identifier: MIT-0
 *
 * SYNC-1, the lock: nobody is inside with us, and what the last holder wrote is visible to the
 * next, whether it waited, tried or found the lock free.
 */
#include "stress/stress.h"

#include "os/lock.h"

enum { thread_count = 6, word_count = 16 };

static struct {
    st_lock lock;
    size_t word[word_count]; /* all equal outside of the lock; plain, so that a race is one */
    bool is_inside;
} guarded;

static void guarded_step(void)
{
    require(!guarded.is_inside, "nobody is inside with us");
    guarded.is_inside = true;
    size_t value = guarded.word[0];
    for (size_t idx = 0; idx < word_count; idx++) {
        require(guarded.word[idx] == value, "all that the last holder wrote is visible");
        guarded.word[idx] = value + 1;
    }
    guarded.is_inside = false;
}

static void *take_and_drop(void *argument)
{
    size_t steps = stress_amount(400000);
    bool tries = (uintptr_t)argument % 2 == 1;
    for (size_t step = 0; step < steps;) {
        if (!tries) {
            st_lock_take(&guarded.lock);
        } else if (!st_lock_try(&guarded.lock)) {
            st_os_yield();
            continue;
        }
        guarded_step();
        /* Now and then the holder sleeps, so that others do, too, and must be woken. */
        if (step % 4096 == 0) st_os_yield();
        st_lock_drop(&guarded.lock);
        step++;
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[thread_count];
    for (size_t n = 0; n < thread_count; n++) {
        threads[n] = thread_start(take_and_drop, (void *)(uintptr_t)n);
    }
    for (size_t n = 0; n < thread_count; n++) thread_join(threads[n]);
    require(guarded.word[0] == thread_count * stress_amount(400000), "every step was counted");
    return 0;
}
