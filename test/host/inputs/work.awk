# SPDX-License-Identifier: MIT-0
#
# awk over the text that sort gets: associative arrays, string functions, two passes in memory.
{
    count[substr($1, 1, 4)]++
    line[NR % 20000] = $2 " " $1
    if (match($2, /[0-4]+[a-c]/)) matched += RLENGTH
}
END {
    for (key in count) n++
    for (i = 0; i < 20000; i++) {
        gsub(/[aeiou]/, "&&", line[i])
        total += length(line[i])
        split(line[i], part, /b+/)
        parts[part[1]] = i
    }
    for (key in parts) m++
    print NR, n, matched, total, m
}
