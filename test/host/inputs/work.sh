# SPDX-License-Identifier: MIT-0
#
# bash: arrays, associative arrays, string operations, subshells.
declare -A count
declare -a list
random=17
for ((i = 0; i < 12000; i++)); do
    random=$(((random * 1103515245 + 12345) & 0x7fffffff))
    word="w$((random >> 8 & 0x3ff))"
    count[$word]=$((${count[$word]:-0} + 1))
    list+=("$word${list[i / 2]:0:20}")
done
echo "${#count[@]} ${#list[@]}"
text="${list[*]}"
echo "${#text}"
short="${text//w1/<>}"
echo "${#short}"
for ((i = 0; i < 12000; i += 500)); do
    upper="${list[i]^^}"
    echo "$i ${upper%%3*} ${list[i]##*w}"
done
for i in 1 2 3 4 5 6 7 8; do
    part=$(printf '%s\n' "${list[@]:i * 100:200}" | sort -u | head -n 3)
    echo "${part//$'\n'/ }"
done
while read -r key value; do
    unset "list[$value]"
done < <(printf 'k %s\n' {0..4000})
echo "${#list[@]}"
