/* SPDX-License-Identifier: MIT-0
 *
 * The file, written through a mapping. System calls that the C library makes a cancellation point
 * are made directly: malloc is none, and a thread canceled in here would keep the lock.
 */
#define _GNU_SOURCE
#include "record_file.h"

#include "trace_format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
    record_file_piece_min = 1 << 14, /* most processes are small */
    record_file_piece_max = 1 << 20,
    record_file_map_small = 1 << 20,
    record_file_map_large = 1 << 28,
    record_file_name_max = 16, /* with its zero; what the kernel keeps of a program's name */
    record_file_tries = 1000
};

/* ---- system calls ---- */

static int record_file_open_descriptor(const char *path, int flags)
{
    const int all = flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY;
    const int descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, all, 0600);
    if (descriptor < 0 || descriptor > STDERR_FILENO) return descriptor;
    /* The program has closed a standard stream; nobody shall take us for it. */
    const int higher = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int error = errno;
    syscall(SYS_close, descriptor);
    errno = error;
    return higher;
}

static void record_file_close_descriptor(int descriptor)
{
    const int error = errno;
    if (descriptor >= 0) syscall(SYS_close, descriptor);
    errno = error;
}

static size_t record_file_page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* ---- the name ---- */

/* "DIRECTORY/PID.NUMBER.NAME.tr"; NAME is what the kernel calls the process, in plain letters. */
static bool record_file_make_path(record_file *file, const char *directory,
                                  unsigned long number)
{
    char name[record_file_name_max] = "";
    char digits[2][24];
    prctl(PR_GET_NAME, name);
    for (char *c = name; *c != '\0'; c++) {
        const bool is_plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                              (*c >= '0' && *c <= '9') || *c == '-' || *c == '+' || *c == '.';
        if (!is_plain) *c = '_';
    }
    unsigned long values[2] = {(unsigned long)getpid(), number};
    char *start[2];
    for (int i = 0; i < 2; i++) {
        start[i] = digits[i] + sizeof digits[i] - 1;
        *start[i] = '\0';
        do *--start[i] = (char)('0' + values[i] % 10);
        while ((values[i] /= 10) != 0);
    }
    const char *parts[] = {directory, "/", start[0], ".", start[1], ".", name, ".tr"};
    char *out = file->path;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const size_t size = strlen(parts[i]);
        if (size >= (size_t)(file->path + sizeof file->path - out)) return false;
        memcpy(out, parts[i], size + 1);
        out += size;
    }
    return true;
}

/* A new file. The number is the time: a process has a recording for each program that it executes,
 * and the later ones have the larger numbers. -1 with errno set. */
static int record_file_create(record_file *file, const char *directory)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    unsigned long number = (unsigned long)now.tv_sec * 1000000000 + (unsigned long)now.tv_nsec;
    for (int i = 0; i < record_file_tries; i++, number++) {
        if (!record_file_make_path(file, directory, number)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        const int descriptor = record_file_open_descriptor(file->path, O_CREAT | O_EXCL);
        if (descriptor >= 0 || errno != EEXIST) return descriptor;
    }
    return -1;
}

/* ---- the mapping ---- */

/* How much of the file to map, from `offset` on; 0 with errno set if it may not be so long. A
 * process whose address space is limited keeps it for itself. */
static size_t record_file_choose_size(uint64_t offset)
{
    struct rlimit limit;
    size_t size = record_file_map_large;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        size = record_file_map_small;
    }
    /* To make a file longer than that would be a SIGXFSZ. */
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        const uint64_t left = limit.rlim_cur > offset ? limit.rlim_cur - offset : 0;
        if (left < size) size = (size_t)left & ~(record_file_page() - 1);
    }
    if (size < 2 * record_file_page()) {
        errno = EFBIG;
        return 0;
    }
    return size;
}

/* Lengthens the file and maps it from `offset` on; NULL with errno set. The new part is a hole. */
static unsigned char *record_file_map(int descriptor, uint64_t offset, size_t size)
{
    if (ftruncate(descriptor, (off_t)(offset + size)) != 0) return NULL;
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, (off_t)offset);
    if (map == MAP_FAILED) return NULL;
    madvise(map, size, MADV_DONTFORK);
    return map;
}

/* Maps the page in which `position` lies and what follows; `at` is there then, and `end`. */
static int record_file_move(record_file *file, int descriptor, uint64_t position)
{
    const uint64_t offset = position & ~(uint64_t)(record_file_page() - 1);
    size_t size = record_file_choose_size(offset);
    if (size == 0) return errno;
    unsigned char *map = record_file_map(descriptor, offset, size);
    if (map == NULL && size > record_file_map_small) {
        size = record_file_map_small;
        map = record_file_map(descriptor, offset, size);
    }
    if (map == NULL) return errno;
    if (file->map != NULL) munmap(file->map, file->map_size);
    file->map = map;
    file->map_size = size;
    file->map_offset = offset;
    file->at = file->end = map + (position - offset);
    return 0;
}

/* ---- space ---- */

/* Where neither is possible, by writing zeros. */
static int record_file_fill(int descriptor, uint64_t offset, size_t size)
{
    static const unsigned char zeros[4096];
    while (size > 0) {
        const size_t part = size < sizeof zeros ? size : sizeof zeros;
        const long written = syscall(SYS_pwrite64, descriptor, zeros, part, (long)offset);
        if (written < 0 && errno != EINTR) return errno;
        if (written == 0) return ENOSPC;
        if (written < 0) continue;
        offset += (uint64_t)written;
        size -= (size_t)written;
    }
    return 0;
}

/* Secures `size` bytes from `end` on with the help of a descriptor. */
static int record_file_allocate(const record_file *file, int descriptor, size_t size)
{
    const uint64_t offset = file->map_offset + (uint64_t)(file->end - file->map);
    while (syscall(SYS_fallocate, descriptor, 0, (long)offset, (long)size) != 0) {
        if (errno == EOPNOTSUPP || errno == ENOSYS) {
            return record_file_fill(descriptor, offset, size);
        }
        if (errno != EINTR) return errno;
    }
    return 0;
}

/* The same without one; EINVAL if the kernel can't. */
static int record_file_populate(const record_file *file, size_t size)
{
    const size_t in_page = (size_t)(file->end - file->map) & (record_file_page() - 1);
    while (madvise(file->end - in_page, size + in_page, MADV_POPULATE_WRITE) != 0) {
        if (errno != EINTR && errno != EAGAIN) return errno;
    }
    return 0;
}

/* Moves `end` on by about `size` bytes. What the kernel says if it can't is of no use to anybody
 * (EFAULT: there would be a SIGBUS); the other way tells why not, or mends it. */
static int record_file_secure(record_file *file, size_t size)
{
    const size_t page = record_file_page();
    const size_t so_far = (size_t)(file->end - file->map);
    /* To the end of a page, or of the mapping. */
    size_t wanted = (so_far + size + page - 1) & ~(page - 1);
    if (wanted > file->map_size) wanted = file->map_size;
    size = wanted - so_far;
    int error = record_file_populate(file, size);
    if (error != 0) {
        const bool is_refused = error == EFAULT;
        const int descriptor = record_file_open_descriptor(file->path, 0);
        error = descriptor < 0 ? errno : record_file_allocate(file, descriptor, size);
        record_file_close_descriptor(descriptor);
        if (error == 0 && is_refused && record_file_populate(file, size) != 0) error = EIO;
    }
    if (error != 0) return error;
    file->end += size;
    return 0;
}

/* ---- open, advance, close ---- */

static int record_file_begin(record_file *file, int descriptor)
{
    int error = record_file_move(file, descriptor, trace_header_size);
    if (error == 0) error = record_file_secure(file, record_file_piece_min);
    if (error != 0) return error;
    void *header =
        mmap(NULL, record_file_page(), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (header == MAP_FAILED) return errno;
    madvise(header, record_file_page(), MADV_DONTFORK);
    file->header = header;
    return 0;
}

int record_file_open(record_file *file, const char *directory)
{
    file->header = file->map = NULL;
    const int descriptor = record_file_create(file, directory);
    if (descriptor < 0) return errno;
    const int error = record_file_begin(file, descriptor);
    if (error != 0) {
        if (file->map != NULL) munmap(file->map, file->map_size);
        unlink(file->path);
    }
    record_file_close_descriptor(descriptor);
    return error;
}

static int record_file_make_room(record_file *file)
{
    const uint64_t position = file->map_offset + (uint64_t)(file->at - file->map);
    if ((size_t)(file->map + file->map_size - file->at) < record_file_room) {
        const int descriptor = record_file_open_descriptor(file->path, 0);
        if (descriptor < 0) return errno;
        const int error = record_file_move(file, descriptor, position);
        record_file_close_descriptor(descriptor);
        if (error != 0) return error;
    }
    /* As much as there is, within bounds. */
    size_t piece = position < record_file_piece_max ? (size_t)position : record_file_piece_max;
    if (piece < record_file_piece_min) piece = record_file_piece_min;
    const int error = record_file_secure(file, piece);
    if (error != 0) return error;
    /* What is full need not count as memory of the process. */
    const size_t done = (size_t)(file->at - file->map) & ~(record_file_page() - 1);
    if (done > 0) madvise(file->map, done, MADV_DONTNEED);
    return 0;
}

int record_file_advance(record_file *file)
{
    const int saved = errno;
    const int error = record_file_make_room(file);
    errno = saved;
    return error;
}

void record_file_close(record_file *file)
{
    const uint64_t position = file->map_offset + (uint64_t)(file->at - file->map);
    munmap(file->map, file->map_size);
    munmap(file->header, record_file_page());
    file->header = file->map = NULL;
    const int descriptor = record_file_open_descriptor(file->path, 0);
    if (descriptor >= 0 && ftruncate(descriptor, (off_t)position) != 0) {
        /* Then zeros are left behind the records, which harm nobody. */
    }
    record_file_close_descriptor(descriptor);
}
