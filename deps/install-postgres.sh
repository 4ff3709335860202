#!/bin/sh
# Puts a PostgreSQL server on a Debian or Ubuntu machine, for the tests of postgres.queries, which start one of their own;
# the system's own is never started. In: root, or sudo. Out: /usr/lib/postgresql/*/bin/postgres, or one line that says
# what to do.
set -u
installed() { ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; }
installed && exit 0

. "$(dirname "$0")/apt.sh"
apt_install '30 s' postgresql && installed && exit 0
echo "missing: PostgreSQL, which the tests of postgres.queries ask; $(apt_advice postgresql)" >&2
exit 1
