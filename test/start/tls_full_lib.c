/* SPDX-License-Identifier: MIT-0
 *
 * A library that takes a bit of what the dynamic linker keeps of thread-local storage for libraries
 * loaded later.
 */
#define TLS_FULL_SIZE 64

extern _Thread_local char tls_full_bytes[TLS_FULL_SIZE];
_Thread_local char tls_full_bytes[TLS_FULL_SIZE]
    __attribute__((tls_model("initial-exec"), aligned(8)));

char *tls_full_touch(void);
char *tls_full_touch(void)
{
    tls_full_bytes[0]++;
    return tls_full_bytes;
}
