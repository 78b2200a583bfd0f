// SPDX-License-Identifier: MIT-0
//
// Every replaceable form of operator new and delete is ours, in all their combinations.
#include "api/cxx_check.hpp"

namespace
{

using New = void *(*)(std::size_t);
using Delete = void (*)(void *);

constexpr std::align_val_t wide{256};

const New new_forms[] = {
    [](std::size_t size) { return ::operator new(size); },
    [](std::size_t size) { return ::operator new[](size); },
    [](std::size_t size) { return ::operator new(size, std::nothrow); },
    [](std::size_t size) { return ::operator new[](size, std::nothrow); },
};

const New aligned_new_forms[] = {
    [](std::size_t size) { return ::operator new(size, wide); },
    [](std::size_t size) { return ::operator new[](size, wide); },
    [](std::size_t size) { return ::operator new(size, wide, std::nothrow); },
    [](std::size_t size) { return ::operator new[](size, wide, std::nothrow); },
};

std::size_t sized; // what the sized forms are told

const Delete delete_forms[] = {
    [](void *mem) { ::operator delete(mem); },
    [](void *mem) { ::operator delete[](mem); },
    [](void *mem) { ::operator delete(mem, std::nothrow); },
    [](void *mem) { ::operator delete[](mem, std::nothrow); },
    [](void *mem) { ::operator delete(mem, sized); },
    [](void *mem) { ::operator delete[](mem, sized); },
};

const Delete aligned_delete_forms[] = {
    [](void *mem) { ::operator delete(mem, wide); },
    [](void *mem) { ::operator delete[](mem, wide); },
    [](void *mem) { ::operator delete(mem, wide, std::nothrow); },
    [](void *mem) { ::operator delete[](mem, wide, std::nothrow); },
    [](void *mem) { ::operator delete(mem, sized, wide); },
    [](void *mem) { ::operator delete[](mem, sized, wide); },
};

template <typename News, typename Deletes>
void try_all(const News &news, const Deletes &deletes, std::size_t alignment)
{
    static const std::size_t sizes[] = {0, 1, 24, 100, 600, 5000, 70000, 5000000};
    for (New make : news) {
        for (Delete drop : deletes) {
            for (std::size_t size : sizes) {
                Counts before = counts_now();
                sized = size;
                void *mem = make(hidden(size));
                check(mem != nullptr, "new gives a block");
                check(is_aligned(mem, alignment), "new gives an aligned block");
                check(strata_usable_size(mem) >= size, "new gives a block that is long enough");
                std::memset(mem, 0x77, size);
                drop(mem);
                Counts after = counts_now();
                check(after.allocations == before.allocations + 1, "this new is ours");
                check(after.frees == before.frees + 1, "this delete is ours");
                check(after.mismatches == before.mismatches, "the right size is no mismatch");
            }
            drop(nullptr);
        }
    }
}

// What the compiler makes of expressions, not calls by name.
struct alignas(128) Wide {
    char bytes[200];
};

void try_expressions()
{
    Counts before = counts_now();
    // Volatile, since the compiler may leave out a pair of new and delete that it sees through.
    int *volatile one = new int(5);
    int *volatile many = new int[100];
    Wide *volatile wide_one = new Wide;
    Wide *volatile wide_many = new Wide[7];
    check(*one == 5, "an int can be made");
    check(is_aligned(wide_one, 128) && is_aligned(wide_many, 128), "wide types are aligned");
    std::memset(many, 1, 100 * sizeof(int));
    std::memset(static_cast<void *>(wide_many), 1, 7 * sizeof(Wide));
    delete one;
    delete[] many;
    delete wide_one;
    delete[] wide_many;
    Counts after = counts_now();
    check(after.allocations == before.allocations + 4, "four expressions, four blocks");
    check(after.frees == before.frees + 4, "and four frees");
    check(after.mismatches == before.mismatches, "the compiler's sizes are right");
}

} // namespace

int main()
{
    try_all(new_forms, delete_forms, STRATA_BLOCK_ALIGNMENT);
    try_all(aligned_new_forms, aligned_delete_forms, std::size_t(wide));
    try_expressions();
    check_sound();
    return 0;
}
