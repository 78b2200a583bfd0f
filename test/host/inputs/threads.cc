// SPDX-License-Identifier: MIT-0
//
// Four threads build, hand over and drop strings, trees and buffers: blocks of all sizes, freed
// by other threads than those that allocated them, and by threads that come and go. What is
// printed does not depend on their timing.
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace
{

struct Message {
    std::map<std::string, std::unique_ptr<std::string>> words;
    std::vector<unsigned char> bytes;
};

class Queue
{
  public:
    void push(std::unique_ptr<Message> message)
    {
        std::unique_lock<std::mutex> lock(mutex);
        not_full.wait(lock, [this] { return messages.size() < 64; });
        messages.push_back(std::move(message));
        not_empty.notify_one();
    }

    std::unique_ptr<Message> pop()
    {
        std::unique_lock<std::mutex> lock(mutex);
        not_empty.wait(lock, [this] { return !messages.empty(); });
        std::unique_ptr<Message> message = std::move(messages.front());
        messages.pop_front();
        not_full.notify_one();
        return message;
    }

  private:
    std::mutex mutex;
    std::condition_variable not_empty, not_full;
    std::deque<std::unique_ptr<Message>> messages;
};

uint32_t next_random(uint32_t &state)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

std::unique_ptr<Message> make_message(uint32_t &random)
{
    auto message = std::make_unique<Message>();
    for (unsigned i = next_random(random) % 40; i > 0; i--) {
        const std::string key = "word" + std::to_string(next_random(random) % 1000);
        message->words[key] = std::make_unique<std::string>(next_random(random) % 200, 'x');
    }
    message->bytes.resize(next_random(random) % 20000);
    for (auto &byte : message->bytes) byte = static_cast<unsigned char>(random >> 24);
    return message;
}

uint64_t weigh(const Message &message)
{
    uint64_t sum = message.bytes.size();
    for (const auto &pair : message.words) sum += pair.first.size() * 31 + pair.second->size();
    for (unsigned char byte : message.bytes) sum += byte;
    return sum;
}

void produce(Queue &queue, unsigned seed, unsigned count)
{
    uint32_t random = seed * 2654435761u + 1;
    for (unsigned i = 0; i < count; i++) queue.push(make_message(random));
}

void consume(Queue &queue, unsigned count, uint64_t &sum)
{
    std::deque<std::unique_ptr<Message>> kept;
    for (unsigned i = 0; i < count; i++) {
        kept.push_back(queue.pop());
        sum += weigh(*kept.back());
        if (kept.size() > 100) kept.pop_front();
    }
}

} // namespace

int main()
{
    const unsigned count = 3000;
    uint64_t total = 0;
    for (unsigned round = 0; round < 8; round++) {
        Queue queue;
        uint64_t sums[2] = {0, 0};
        std::thread makers[2] = {std::thread(produce, std::ref(queue), 2 * round + 1, count),
                                 std::thread(produce, std::ref(queue), 2 * round + 2, count)};
        std::thread takers[2] = {
            std::thread(consume, std::ref(queue), count, std::ref(sums[0])),
            std::thread(consume, std::ref(queue), count, std::ref(sums[1]))};
        for (auto &thread : makers) thread.join();
        for (auto &thread : takers) thread.join();
        total += sums[0] + sums[1];
        std::printf("%u %llu\n", round, static_cast<unsigned long long>(total));
    }
    return 0;
}
