# SPDX-License-Identifier: MIT-0
#
# a53_core_size.sh LIBRARY PROGRAM grown|shrunk: what a debugger writes as a core of the process is at most a tenth more
# than what was resident; address space that is only reserved, and pages that went back, are not in it.
set -eu
library=$1
program=$2
work=$(mktemp -d)
mkfifo "$work/pipe"
LD_PRELOAD="$library" "$program" "$3" >"$work/pipe" &
child=$!
trap 'kill "$child" 2>/dev/null; rm -rf "$work"' EXIT
read -r resident <"$work/pipe"
gcore -o "$work/core" "$child" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
size=$(stat -c %s "$work/core.$child")
blocks=$(du -k "$work/core.$child" | cut -f 1)
echo "resident $resident, core $size, on disk $((blocks * 1024))"
[ "$size" -le $((resident + resident / 10)) ]
