# SPDX-License-Identifier: MIT-0
#
# Python with its own small-block allocator switched off (PYTHONMALLOC=malloc), so that every
# object is a block of ours: dictionaries, JSON, regular expressions, sorting, deep structures.
import hashlib
import json
import random
import re

random.seed(1)
WORDS = ["".join(random.choices("abcdefghij", k=random.randint(2, 9))) for _ in range(6000)]


def digest(thing):
    return hashlib.sha256(repr(thing).encode()).hexdigest()[:16]


def table():
    rows = {}
    for i in range(60000):
        rows[(random.choice(WORDS), i % 977)] = [i, str(i), float(i) / 7]
    for key in list(rows)[::3]:
        del rows[key]
    return digest(sorted(rows.items())[::100])


def documents():
    tree = {word: {"n": i, "tags": WORDS[i:i + 5], "on": None} for i, word in enumerate(WORDS)}
    text = json.dumps(tree, indent=1, sort_keys=True)
    return digest(json.loads(text) == tree), len(text)


def expressions():
    text = " ".join(random.choices(WORDS, k=60000))
    pattern = re.compile(r"\b(a\w+)\s+(\w*b\w*)")
    return digest(pattern.findall(text)), len(re.sub(r"[aeiou]+", "<>", text))


def graph():
    nodes = [[i, []] for i in range(40000)]
    for node in nodes:
        node[1].extend(random.choices(nodes, k=3))
    seen, stack = set(), [nodes[0]]
    while stack:
        node = stack.pop()
        if node[0] not in seen:
            seen.add(node[0])
            stack.extend(node[1])
    return len(seen)


for round_number in range(2):
    print(table(), documents(), expressions(), graph())
