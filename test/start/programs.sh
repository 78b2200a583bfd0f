# SPDX-License-Identifier: MIT-0
#
# programs.sh LIBRARY: programs of this machine do the same with strata preloaded as without,
# and write nothing to standard error. What is not installed is not run.
set -eu
library=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
awk 'BEGIN { for (n = 0; n < 20000; n++) print (n * 7919) % 20011, "some words", n }' >input
ran=0
failed=0

same() {
    command -v "$1" >/dev/null 2>&1 || return 0
    ran=$((ran + 1))
    status=0
    "$@" <input >expected 2>expected_errors || status=$?
    got_status=0
    env LD_PRELOAD="$library" "$@" <input >got 2>got_errors || got_status=$?
    if [ "$status" -ne "$got_status" ] || ! cmp expected got || ! cmp expected_errors got_errors
    then
        echo "differs under strata (status $got_status, not $status): $*"
        head -5 got_errors
        failed=1
    fi
}

same ls -lR /usr/include
same sort -n -k1
same awk '{ count[$1 % 100]++; text[$1] = $0 } END { for (n = 0; n < 100; n++) print n, count[n] }'
same sed 's/some/any/g; s/\([0-9]*\) .* \([0-9]*\)/\2 \1/'
same grep -E '(1|2)+.*words.*(3|4)$'
same sh -c 'n=0; while [ $n -lt 300 ]; do n=$((n + 1)); words="$words $n"; done; echo $words'
same bash -c 'for n in {1..2000}; do names[$n]="x$n"; done; echo "${names[@]}" | tr x y'
same find /usr/include -name '*.h' -size +9k
same tar -cf - --sort=name --mtime=@0 /usr/include/linux
same gzip -c
same xz -c -T2
same perl -e 'my %h; $h{$_ % 977} .= "x$_" for 1 .. 50000; print length(join "", values %h), "\n"'
same python3 -c 'import json, threading
d = {str(n): list(range(n % 50)) for n in range(20000)}
t = [threading.Thread(target=json.dumps, args=(d,)) for _ in range(4)]
[x.start() for x in t]; [x.join() for x in t]
print(len(json.dumps(d)))'
same git --version
same cc -x c -O2 -S -o - -include stdio.h -include stdlib.h /dev/null
same openssl dgst -sha256

if [ "$ran" -lt 8 ]; then
    echo "only $ran programs were found"
    exit 1
fi
exit "$failed"
