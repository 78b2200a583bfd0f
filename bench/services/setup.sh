#!/bin/sh
# SPDX-License-Identifier: MIT-0
#
# Installs what the services need, as far as it is missing: with apt-get, as root, on Debian and its
# relatives. Elsewhere it says what is missing and fails. No service is started or enabled by it.
#   setup.sh            everything, and the allocators to compare with
#   setup.sh PACKAGE... just these
set -eu

if [ $# = 0 ]; then
    set -- redis-server redis-tools nginx apache2-utils mariadb-server mariadb-client postgresql-15 \
        postgresql-client-15 nodejs npm ruby ruby-test-unit ruby-minitest python3 \
        libpython3.11-testsuite chromium gnuplot-nox libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4
    # Some packages of nodejs bring npm along, and then conflict with Debian's.
    if command -v npm >/dev/null 2>&1; then
        for package; do
            shift
            [ "$package" = npm ] || set -- "$@" "$package"
        done
    fi
fi

packages=
for package; do
    if [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null || true)" != "ii " ]; then
        packages="$packages $package"
    fi
done
if [ -z "$packages" ]; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: the services need what is missing here (on Debian: apt-get install$packages)." >&2
    exit 1
fi
echo "setup: installing$packages"
export DEBIAN_FRONTEND=noninteractive
# Where a package would start its service, nothing shall run when this is done.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
# Unquoted on purpose: a list of packages.
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $packages >/dev/null
