# SPDX-License-Identifier: MIT-0
#
# a25_static_tls.sh LIBRARY LIMIT: of the room that the dynamic linker keeps for thread-local data of
# libraries loaded late, LIBRARY takes at most LIMIT bytes. 0: none, it does not even ask (no relocation
# relative to the thread's block, no flag STATIC_TLS).
set -eu
library=$1
limit=$2
size=$(readelf -lW "$library" | awk '$1 == "TLS" { print $6 }')
bytes=$((${size:-0}))
echo "thread-local data: $bytes bytes"
if [ "$limit" -gt 0 ]; then
    [ "$bytes" -le "$limit" ]
    exit
fi
if readelf -rW "$library" | grep -E 'TPOFF|TPREL'; then
    echo "it is reached relative to the thread's block"
    exit 1
fi
if readelf -dW "$library" | grep STATIC_TLS; then
    echo "it asks for static room"
    exit 1
fi
readelf -rW "$library" | grep -E 'DTPMOD|TLSDESC' >/dev/null || {
    echo "it reaches none at all"
    exit 1
}
