#!/bin/sh
# What `make test` will fetch and how long it takes, before it begins.
set -u
cd "$(dirname "$0")" || exit 1
wanted() {
  [ -e ../node_modules/.installed ] || echo "  $(grep -c '^    "node_modules/' ../package-lock.json) npm packages, about 245 MB on disk, into node_modules"
  ./fetch.sh --plan broker tests | sed 's/^/  /'
  if [ "$(id -u)" -eq 0 ] && [ ! -x build/dtrace ]; then echo '  dtrace of Debian testing, 16 packages, 35 MB on disk, into deps/build'; fi
  [ -x build/prometheus3/usr/bin/prometheus ] || echo '  Prometheus 3 of Debian unstable, 30 MB to download, into deps/build'
}

list=$(wanted)
if [ -n "$list" ]; then
  echo 'make test fetches, into this checkout only (make uninstall removes it):'
  echo "$list"
else
  echo 'make test has fetched all that it needs.'
fi
echo 'Then it runs format, lint, types and unit tests (about 2 minutes on two cores), and the end-to-end tests (about 20).'
