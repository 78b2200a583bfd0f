# SPDX-License-Identifier: MIT-0
"""Finds the function definitions of a C file by its braces: enough for lengths and homes."""

import re
from dataclasses import dataclass

# Attributes in front of or behind a parameter list look like calls; their parentheses go.
ATTRIBUTE = re.compile(
    r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)"
    r"|\b(?:ST_REQUIRES|ST_ACQUIRES|ST_TRY_ACQUIRES|ST_RELEASES|_Alignas|STRATA_SIZE_IS"
    r"|STRATA_ALIGN_IS)\s*\((?:[^()]|\([^()]*\))*\)")


@dataclass
class Function:
    name: str
    line: int          # of the opening brace
    line_count: int    # from the opening brace to the closing one
    parameters: list


def without_directives(code):
    """`code` with preprocessor lines (and their continuations) blanked."""
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: re.sub(r"[^\n]", " ", m.group()),
                  code, flags=re.MULTILINE)


def split_parameters(text):
    """The parameters between the outer parentheses, commas inside of parentheses kept."""
    parameters, depth, start = [], 0, 0
    for idx, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parameters.append(text[start:idx].strip())
            start = idx + 1
    parameters.append(text[start:].strip())
    return [p for p in parameters if p and p != "void"]


def parse_signature(head):
    """(name, parameters) if `head`, the text before a brace, ends in a function's head."""
    head = ATTRIBUTE.sub(" ", head)
    match = re.search(r"\b([A-Za-z_]\w*)\s*\(", head)
    if match is None or "=" in head or re.search(r"\b(enum|switch|for|while|if)\s*\(", head):
        return None
    depth = 0
    for idx in range(match.end() - 1, len(head)):
        depth += (head[idx] == "(") - (head[idx] == ")")
        if depth == 0:
            return match.group(1), split_parameters(head[match.end():idx])
    return None


def functions_of(source):
    """The functions that a source defines, in order."""
    code = without_directives(source.code)
    # A linkage block is no scope of its own.
    code = re.sub(r'extern\s+"\s*"\s*\{', lambda m: re.sub(r"[^\n]", " ", m.group()), code)
    found, depth, head_start, open_at, signature = [], 0, 0, 0, None
    for match in re.finditer(r"[{};]", code):
        char, at = match.group(), match.start()
        starts_line = at == 0 or code[at - 1] == "\n"
        if char == "{":
            if depth == 0:
                signature, open_at = parse_signature(code[head_start:at]), at
            depth += 1
        elif char == "}":
            # A brace in the first column ends whatever is open: #if branches may open twice.
            depth = 0 if starts_line else max(0, depth - 1)
            if depth == 0:
                if signature is not None:
                    first, last = source.line_of(open_at), source.line_of(at)
                    found.append(Function(signature[0], first, last - first + 1, signature[1]))
                signature, head_start = None, at + 1
        elif depth == 0:
            head_start = at + 1
    return found
