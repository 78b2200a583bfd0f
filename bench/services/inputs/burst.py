# SPDX-License-Identifier: MIT-0
#
# Bursts of what Python takes from malloc: strings, bytes, arrays and large tables from threads, and
# numbers, whose arenas it maps itself.

import array
import hashlib
import json
import random
import sys
import threading
import time
import zlib


def burst(seed, count):
    source = random.Random(seed)
    blocks = [bytes([i % 256]) * (600 + source.randrange(40000 if i % 50 == 0 else 3000))
              for i in range(count)]
    table = {"key %d" % i: (block[:30], i, float(i)) for i, block in enumerate(blocks)}
    arrays = [array.array("d", range(i % 700)) for i in range(count // 8)]
    nested = json.loads(json.dumps([[key, value[1]] for key, value in table.items()]))
    packed = zlib.compress(b"".join(blocks[:500]))
    whole = hashlib.sha256(b"".join(blocks) + packed)
    whole.update(repr((len(arrays), sum(map(len, arrays)), nested[-5:], len(table))).encode())
    return whole.hexdigest()[:16]


def main():
    results = {}
    for number in range(int(sys.argv[1])):
        print(burst(number, 25000))
        threads = [threading.Thread(target=lambda i=i: results.update({i: burst(100 * i + number, 5000)}))
                   for i in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(results[1], results[2])
    print("phase freed", flush=True)
    time.sleep(float(sys.argv[2]))
    print("phase idle", flush=True)
    time.sleep(0.3)  # Still there while it is looked at.


main()
