/* SPDX-License-Identifier: MIT-0
 *
 * a library that, loaded before all others, tells of 1,568 processors, and of being on any of
 * them; and, without A33_LIBRARY, the program that it is loaded into, which tells what is resident.
 */
#define _GNU_SOURCE 1
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#ifdef A33_LIBRARY

enum { cpu_count = 1568 };

int get_nprocs(void);
int get_nprocs_conf(void);
int get_nprocs(void) { return cpu_count; }
int get_nprocs_conf(void) { return cpu_count; }

int sched_getcpu(void)
{
    static unsigned calls;
    return (int)((++calls * 2654435761u) >> 1); /* 0 to 2^31 - 1 */
}

int sched_getaffinity(pid_t process, size_t size, cpu_set_t *set)
{
    (void)process;
    memset(set, 0xff, size < cpu_count / 8 ? size : cpu_count / 8);
    return 0;
}

long sysconf(int name)
{
    if (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF) return cpu_count;
    return name == _SC_PAGESIZE ? getpagesize() : -1;
}

#else

int main(void)
{
    char bytes[100] = "";
    free(malloc(100));
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fgets(bytes, sizeof bytes, file) == NULL) return 1;
    long resident = atol(strchr(bytes, ' ')) * getpagesize() / 1024;
    printf("%ld %d\n", resident, get_nprocs());
    return 0;
}

#endif
