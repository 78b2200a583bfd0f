#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Records a database server under load: MariaDB with eight clients on this machine, through a
# socket in a directory of its own. Nothing of the system's own server is touched.
#
#   record_server.sh [FILE [QUERIES]]    FILE: mariadb.tr.zst; QUERIES: 3000, all clients together
#
# STRATA names the command (build/strata). STRATA=none runs the same load without recording.
# Needs the Debian packages mariadb-server and mariadb-client.
set -eu

output=${1:-mariadb.tr.zst}
queries=${2:-3000}
here=$(cd "$(dirname "$0")/.." && pwd)
strata=${STRATA:-$here/build/strata}
server=$(command -v mariadbd || command -v /usr/sbin/mariadbd || true)

for tool in "$server" mariadb mariadb-admin mariadb-slap mariadb-install-db; do
    if [ -z "$tool" ] || ! command -v "$tool" >/dev/null; then
        echo "record_server: MariaDB is not installed (on Debian: apt-get install" \
            "mariadb-server mariadb-client)." >&2
        exit 1
    fi
done

place=$(mktemp -d)
server_pid=

# The server's own end first; its directory when it is gone.
clean_up() {
    if [ -n "$server_pid" ] && kill -TERM "$server_pid" 2>/dev/null; then
        wait "$server_pid" || true
    fi
    rm -rf "$place"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

mkdir "$place/data"
# It can't run as root unless told so.
user=$(id -un)
if ! mariadb-install-db --no-defaults --user="$user" --datadir="$place/data" \
    --auth-root-authentication-method=normal --skip-test-db >"$place/install.log" 2>&1; then
    cat "$place/install.log" >&2
    exit 1
fi

set -- "$server" --no-defaults --user="$user" --datadir="$place/data" \
    --socket="$place/socket" --skip-networking --innodb-buffer-pool-size=64M \
    --innodb-flush-log-at-trx-commit=0 --log-error="$place/errors.log"
if [ "$strata" = none ]; then
    "$@" &
else
    "$strata" record -o "$output" -- "$@" &
fi
server_pid=$!

at_server() { mariadb-admin --no-defaults --socket="$place/socket" --user=root "$@"; }
tries=0
until at_server ping >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$server_pid" 2>/dev/null; then
        echo "record_server: the server does not answer; its last words:" >&2
        tail -n 5 "$place/errors.log" >&2
        exit 1
    fi
    sleep 0.1
done

mariadb --no-defaults --socket="$place/socket" --user=root <<'SQL'
CREATE DATABASE load_test;
USE load_test;
CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, kind INT, name VARCHAR(100), note TEXT,
                   KEY (kind));
INSERT INTO item (kind, name, note)
    SELECT seq % 97, concat('name ', seq), repeat(md5(seq), 4) FROM seq_1_to_5000;
SQL
cat >"$place/queries.sql" <<'SQL'
SELECT kind, count(*), group_concat(name ORDER BY name) FROM item WHERE id % 13 = 3 GROUP BY kind;
SELECT a.name, b.note FROM item a JOIN item b ON a.kind = b.id WHERE a.id BETWEEN 100 AND 130 ORDER BY b.note;
INSERT INTO item (kind, name, note) VALUES (11, 'new', repeat('x', 500));
UPDATE item SET note = concat(left(note, 2000), 'y') WHERE id = floor(1 + rand() * 5000);
SELECT DISTINCT upper(name) FROM item WHERE kind IN (1, 5, 9) AND name LIKE '%7%';
DELETE FROM item WHERE name = 'new' AND id > 5000 LIMIT 1;
SQL
mariadb-slap --no-defaults --socket="$place/socket" --user=root --concurrency=8 \
    --create-schema=load_test --no-drop --query="$place/queries.sql" --delimiter=';' \
    --number-of-queries="$queries" | sed -n 's/^[[:space:]]*Average number of seconds/seconds/p'
at_server shutdown
wait "$server_pid"
server_pid=
