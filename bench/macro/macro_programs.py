# SPDX-License-Identifier: MIT-0
#
# What the macro benchmark runs beside the programs of the host test. A program belongs here if
# allocators differ on it by more than its own noise and no other shows the same: jq, clang, dot
# and z3 were tried, and all five allocators came within 7 percent of each other.

import os
import random

from host_programs import Program


def prepare_document(directory):
    """About 12 MB of XML, many small elements."""
    source = random.Random(9)
    with open(os.path.join(directory, "document.xml"), "w", encoding="ascii") as file:
        file.write("<all>\n")
        for i in range(60000):
            file.write('<item id="%d" key="%x"><name>n%d</name><text>%x</text>'
                       "<sub><a/><b>%d</b></sub></item>\n" % (
                           i, source.getrandbits(48), i, source.getrandbits(256), i % 97))
        file.write("</all>\n")


# libxml2 builds a tree of a million blocks, and drops it at once.
MORE_PROGRAMS = [
    Program("xmllint", ["xmllint", "--xpath", "count(//item[sub/b = 13]/name)",
                        "{in}/document.xml"], prepare_document, needs=["xmllint"]),
]
