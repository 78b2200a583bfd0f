// SPDX-License-Identifier: MIT-0
//
// What operator new does when there is no memory: it asks the new-handler, again and again,
// until there is memory, or the handler throws, or there is no handler.
#include <sys/resource.h>

#include "api/cxx_check.hpp"

namespace
{

constexpr std::size_t huge = SIZE_MAX / 2 - (std::size_t(1) << 21);

using New = void *(*)(std::size_t);

const New throwing_forms[] = {
    [](std::size_t size) { return ::operator new(size); },
    [](std::size_t size) { return ::operator new[](size); },
    [](std::size_t size) { return ::operator new(size, std::align_val_t(64)); },
    [](std::size_t size) { return ::operator new[](size, std::align_val_t(64)); },
};

const New silent_forms[] = {
    [](std::size_t size) { return ::operator new(size, std::nothrow); },
    [](std::size_t size) { return ::operator new[](size, std::nothrow); },
    [](std::size_t size) { return ::operator new(size, std::align_val_t(64), std::nothrow); },
    [](std::size_t size) { return ::operator new[](size, std::align_val_t(64), std::nothrow); },
};

int handler_calls;
void *reserve;

// Whether the call throws bad_alloc. A result would be a failure of its own.
bool throws(New make, std::size_t size)
{
    try {
        void *mem = make(hidden(size));
        check(mem == nullptr, "an impossible size gives no block");
        return false;
    } catch (const std::bad_alloc &) {
        return true;
    }
}

void without_a_handler()
{
    std::set_new_handler(nullptr);
    static const std::size_t sizes[] = {SIZE_MAX, SIZE_MAX - 63, SIZE_MAX / 2 + 1, huge};
    for (std::size_t size : sizes) {
        for (New make : throwing_forms) check(throws(make, size), "no memory is bad_alloc");
        for (New make : silent_forms) check(!throws(make, size), "nothrow gives nullptr");
    }
}

void a_handler_that_throws()
{
    std::set_new_handler([] {
        handler_calls++;
        if (handler_calls % 3 == 0) throw std::bad_alloc();
    });
    for (New make : throwing_forms) {
        handler_calls = 0;
        check(throws(make, huge), "the handler's exception comes through");
        check(handler_calls == 3, "the handler is called until it throws");
    }
    for (New make : silent_forms) {
        handler_calls = 0;
        check(!throws(make, huge), "the handler's exception ends in nullptr");
        check(handler_calls == 3, "the handler is called for nothrow, too");
    }
}

void a_handler_that_gives_up()
{
    for (New make : throwing_forms) {
        handler_calls = 0;
        std::set_new_handler([] {
            handler_calls++;
            if (handler_calls == 2) std::set_new_handler(nullptr);
        });
        check(throws(make, huge), "a handler that leaves ends in bad_alloc");
        check(handler_calls == 2, "the current handler is asked each time");
    }
}

// The handler frees a reserve, and the same call then succeeds.
void a_handler_that_frees()
{
    constexpr std::size_t size = std::size_t(256) << 20;
    std::set_new_handler([] {
        handler_calls++;
        strata_free(reserve);
        reserve = nullptr;
        strata_trim(0);
        if (handler_calls > 3) std::set_new_handler(nullptr);
    });
    for (New make : throwing_forms) {
        handler_calls = 0;
        reserve = strata_malloc(size);
        check(reserve != nullptr, "the reserve can be had");
        strata_stats stats;
        strata_stats_get(&stats);
        struct rlimit saved, tight;
        check(getrlimit(RLIMIT_AS, &saved) == 0, "the limit can be read");
        tight = saved;
        // More than is mapped with the reserve, less than with a second block of its size.
        tight.rlim_cur = stats.reserved + size / 2;
        check(setrlimit(RLIMIT_AS, &tight) == 0, "the limit can be set");
        void *mem = make(size);
        check(setrlimit(RLIMIT_AS, &saved) == 0, "the limit can be restored");
        check(mem != nullptr, "after the handler freed, new succeeds");
        check(handler_calls == 1, "one call of the handler was enough");
        ::operator delete(mem);
    }
}

} // namespace

int main()
{
    without_a_handler();
    a_handler_that_throws();
    a_handler_that_gives_up();
    a_handler_that_frees();
    std::set_new_handler(nullptr);
    check_sound();
    return 0;
}
