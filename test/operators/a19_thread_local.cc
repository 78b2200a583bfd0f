// SPDX-License-Identifier: MIT-0
//
// thread_local objects of C++, which are destroyed before the keys of pthreads are; and objects that
// these leave to a key, which free after strata was told of the thread's end. Nothing is added to what is
// live or resident from the first 500 threads on.
#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "operators/resident.hpp"

namespace
{

pthread_key_t key;
std::atomic<std::size_t> destroyed;

using book = std::map<int, std::string>;

// Runs after strata's own, if that has the smaller number.
void destroy_late(void *value)
{
    auto *late = static_cast<book *>(value);
    (*late)[-1] = std::string(3000, 'l');
    delete late;
    ++destroyed;
}

struct holder {
    book own;
    std::vector<char> bytes;
    ~holder()
    {
        auto *late = new book(own); // outlives all thread_local objects
        late->emplace(7, std::string(500, 'x'));
        pthread_setspecific(key, late);
        own.clear();
    }
};

thread_local holder first;
thread_local std::string second;

void work(int number)
{
    for (int n = 0; n < 40; n++)
        first.own[n] = std::string(static_cast<std::size_t>(n * 30), 'a');
    first.bytes.resize(static_cast<std::size_t>(number % 90 * 1000));
    second = std::string(200, 'b');
}

void run_threads(int count)
{
    for (int n = 0; n < count; n += 4) {
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; i++) threads.emplace_back(work, n + i);
        for (auto &thread : threads) thread.join();
    }
}

} // namespace

int main()
{
    pthread_key_create(&key, destroy_late);
    run_threads(500);
    std::size_t before = resident();
    run_threads(8000);
    std::size_t after = resident();
    std::printf("resident %zu and %zu, destroyed %zu\n", before, after, destroyed.load());
    if (destroyed != 8500) return 1;
    return after <= before + (2u << 20) ? 0 : 1;
}
