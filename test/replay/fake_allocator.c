/* SPDX-License-Identifier: MIT-0
 *
 * An allocator to preload into the replayer: simple, strict and, if asked to, broken. It hands
 * out fresh memory from one mapping, so that in a run it makes no system call; keeps the size
 * before each block; and aborts with a sentence if a block is freed that is not its own or not
 * in use. At exit it writes to the file FAKE_COUNTS names how often each function was called.
 *
 * FAKE_SIZE is the size it misbehaves for, in the way that FAKE_FAULT says:
 *   null      the allocation returns NULL
 *   damage    the byte at FAKE_OFFSET of the block is changed by the next call
 *   dirty     calloc's memory is not zero at FAKE_OFFSET
 *   misalign  memalign's result is off by 16
 *   lose      realloc to that size does not copy the contents
 *   slow      the allocation takes a third of a second, asleep
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* 8 GiB of addresses; what is not touched costs nothing. */
#define FAKE_ARENA_SIZE ((size_t)8 << 30)
#define FAKE_IN_USE 0x66616b65626c6f63u
#define FAKE_FREED 0x6465616465646561u

enum { fake_granule = 16 };

typedef struct fake_head {
    uint64_t size;
    _Atomic(uint64_t) state;
} fake_head;

typedef enum fake_kind {
    fake_kind_malloc,
    fake_kind_calloc,
    fake_kind_realloc,
    fake_kind_free,
    fake_kind_memalign,
    fake_kind_count
} fake_kind;

static struct {
    unsigned char *arena;
    _Atomic(size_t) used;
    _Atomic(uint64_t) calls[fake_kind_count];
    const char *fault;
    size_t fault_size;
    size_t fault_offset;
    _Atomic(unsigned char *) victim; /* its byte is changed by the next call */
} fake_state;

static _Noreturn void fake_die(const char *sentence)
{
    const ssize_t done = write(STDERR_FILENO, sentence, strlen(sentence));
    (void)done;
    abort();
}

__attribute__((destructor)) static void fake_end(void)
{
    const char *path = getenv("FAKE_COUNTS");
    if (path == NULL) return;
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (int kind = 0; kind < fake_kind_count; kind++) {
        dprintf(descriptor, "%llu\n", (unsigned long long)fake_state.calls[kind]);
    }
    close(descriptor);
}

static bool fake_has_fault(const char *fault, size_t size)
{
    return fake_state.fault != NULL && size == fake_state.fault_size &&
           strcmp(fake_state.fault, fault) == 0;
}

/* What each call does first. */
static void fake_enter(fake_kind kind)
{
    fake_state.calls[kind]++;
    unsigned char *const victim = atomic_exchange(&fake_state.victim, NULL);
    if (victim != NULL) *victim ^= 0x40;
}

/* The mapping that all blocks come from, made before there are threads. */
static unsigned char *fake_arena(void)
{
    if (fake_state.arena == NULL) {
        void *arena = mmap(NULL, FAKE_ARENA_SIZE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (arena == MAP_FAILED) fake_die("fake allocator: there is no memory\n");
        fake_state.arena = arena;
    }
    return fake_state.arena;
}

__attribute__((constructor)) static void fake_begin(void)
{
    (void)fake_arena(); /* in no run that is measured */
    const char *size = getenv("FAKE_SIZE");
    const char *offset = getenv("FAKE_OFFSET");
    if (size != NULL) fake_state.fault_size = strtoul(size, NULL, 10);
    if (offset != NULL) fake_state.fault_offset = strtoul(offset, NULL, 10);
    fake_state.fault = getenv("FAKE_FAULT");
}

static fake_head *fake_head_of(void *block)
{
    fake_head *head = (fake_head *)((uintptr_t)block - sizeof(fake_head));
    if ((uintptr_t)block % fake_granule != 0 || head->state != FAKE_IN_USE) {
        fake_die("fake allocator: a block is not in use\n");
    }
    return head;
}

static void *fake_make(size_t alignment, size_t size)
{
    if (alignment < fake_granule) alignment = fake_granule;
    unsigned char *const arena = fake_arena();
    if (size > FAKE_ARENA_SIZE || fake_has_fault("null", size)) {
        errno = ENOMEM;
        return NULL;
    }
    if (fake_has_fault("slow", size)) {
        nanosleep(&(struct timespec){.tv_nsec = 333333333}, NULL);
    }
    const size_t room = (size + fake_granule - 1) / fake_granule * fake_granule;
    const size_t step = room + alignment + sizeof(fake_head);
    const size_t begin = atomic_fetch_add(&fake_state.used, step);
    if (begin + step > FAKE_ARENA_SIZE) fake_die("fake allocator: the arena is full\n");
    uintptr_t block = (uintptr_t)arena + begin + sizeof(fake_head);
    block = (block + alignment - 1) / alignment * alignment;
    if (alignment > fake_granule && fake_has_fault("misalign", size)) block -= fake_granule;
    fake_head *head = (fake_head *)(block - sizeof(fake_head));
    head->size = size;
    head->state = FAKE_IN_USE;
    if (fake_has_fault("damage", size)) {
        fake_state.victim = (unsigned char *)block + fake_state.fault_offset;
    }
    return (void *)block;
}

void *malloc(size_t size)
{
    fake_enter(fake_kind_malloc);
    return fake_make(1, size);
}

void *calloc(size_t count, size_t size)
{
    fake_enter(fake_kind_calloc);
    if (size != 0 && count > FAKE_ARENA_SIZE / size) return NULL;
    unsigned char *const block = fake_make(1, count * size);
    if (block != NULL && fake_has_fault("dirty", count * size)) {
        block[fake_state.fault_offset] = 1;
    }
    return block;
}

void free(void *block)
{
    fake_enter(fake_kind_free);
    if (block != NULL) fake_head_of(block)->state = FAKE_FREED;
}

void *realloc(void *block, size_t size)
{
    fake_enter(fake_kind_realloc);
    if (block == NULL) return fake_make(1, size);
    fake_head *head = fake_head_of(block);
    void *larger = fake_make(1, size);
    if (larger == NULL) return NULL;
    if (!fake_has_fault("lose", size)) {
        memcpy(larger, block, head->size < size ? head->size : size);
    }
    head->state = FAKE_FREED;
    return larger;
}

void *memalign(size_t alignment, size_t size)
{
    fake_enter(fake_kind_memalign);
    return fake_make(alignment, size);
}
