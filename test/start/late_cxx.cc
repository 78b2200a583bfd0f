// SPDX-License-Identifier: MIT-0
//
// Objects with thread-local and static lifetime whose destructors free and allocate.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace
{

struct Owner {
    std::vector<std::string> words;
    std::map<int, std::string> table;

    ~Owner()
    {
        std::vector<std::string> copy = words;
        copy.emplace_back(10000, 'x');
        if (copy.size() != words.size() + 1) std::abort();
        if (!table.empty() && table.begin()->second != std::string(50, 'y')) std::abort();
    }
};

Owner static_owner;
thread_local Owner thread_owner;

void fill(Owner &owner)
{
    for (int n = 0; n < 300; n++) {
        owner.words.push_back(std::string(std::size_t(n), 'w'));
        owner.table[n] = std::string(50, 'y');
    }
}

} // namespace

int main()
{
    fill(static_owner);
    fill(thread_owner);
    for (int round = 0; round < 20; round++) {
        std::vector<std::thread> threads;
        for (int n = 0; n < 4; n++) threads.emplace_back([] { fill(thread_owner); });
        for (std::thread &thread : threads) thread.join();
    }
    std::puts("the end");
    return 0;
}
