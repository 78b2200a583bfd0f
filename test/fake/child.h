/* SPDX-License-Identifier: MIT-0
 *
 * Runs a function in a process of its own: for what ends the process, and for scripts that
 * shall all begin in the same state.
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>

typedef struct child_end {
    bool was_killed; /* by a signal, or by a sanitizer */
    int code; /* what the function returned; if it was killed, the signal or the status */
} child_end;

/* Runs act(context) in a child and tells how that ended. What act returns is 0 to 63. With
 * is_silent what the child says on standard error is lost. */
child_end child_run(int (*act)(void *context), void *context, bool is_silent);

/* True if act(context) is not survived. What it says is lost. */
bool child_dies(void (*act)(void *context), void *context);

#endif
