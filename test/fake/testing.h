/* SPDX-License-Identifier: MIT-0
 *
 * What every cmocka test includes: cmocka after the headers it wants, and the fakes.
 */
#ifndef TESTING_H
#define TESTING_H

#include "base/config.h" /* first: it chooses what the system headers declare */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/child.h"
#include "fake/os_fake.h"

/* The number of elements of an array. */
#define TESTING_COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Runs the array `tests` of CMUnitTest. */
#define TESTING_RUN(tests) cmocka_run_group_tests(tests, NULL, NULL)

/* Asserts that a check function found nothing, and says what if it did. */
#define TESTING_SOUND(broken, first)                                                           \
    do {                                                                                       \
        if ((broken) != 0) fail_msg("%d broken, the first is %s", (broken), (first));          \
    } while (0)

#endif
