/* SPDX-License-Identifier: MIT-0
 *
 * One copy of strata with nothing but these three functions to be seen of it: strata.c is included with
 * STRATA_EXPORT static, and with switches that differ from copy to copy. A26_NAME is how its functions
 * are called.
 */
#define STRATA_EXPORT static __attribute__((unused))
#include A26_STRATA

#define A26_JOIN_(a, b) a##b
#define A26_JOIN(a, b) A26_JOIN_(a, b)

#define A26_SHOWN __attribute__((visibility("default")))

A26_SHOWN void *A26_JOIN(A26_NAME, _malloc)(size_t size);
A26_SHOWN void A26_JOIN(A26_NAME, _free)(void *mem);
A26_SHOWN int A26_JOIN(A26_NAME, _check)(void);

void *A26_JOIN(A26_NAME, _malloc)(size_t size) { return strata_malloc(size); }
void A26_JOIN(A26_NAME, _free)(void *mem) { strata_free(mem); }
int A26_JOIN(A26_NAME, _check)(void) { return strata_check(NULL); }
