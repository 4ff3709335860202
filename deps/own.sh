#!/bin/sh
# Who may go on working in this checkout.
#   own.sh PATH …   as root (sudo make run): gives what root has made there to the owner of the checkout
#   own.sh --check  one sentence with the fix, and status 1, where this user cannot work here
set -u
cd "$(dirname "$0")/.." || exit 1

if [ "${1:-}" = --check ]; then
  for path in . build node_modules deps/build .run; do
    if [ -e "$path" ] && [ ! -w "$path" ]; then
      echo "$(pwd)${path#.} belongs to $(stat -c %U "$path"), and $(id -un) cannot write there; fix: sudo chown -R $(id -un) '$(pwd)'" >&2
      exit 1
    fi
  done
  exit 0
fi

[ "$(id -u)" -eq 0 ] || exit 0
owner=$(stat -c %u:%g . 2>/dev/null) || exit 0
[ "$owner" != 0:0 ] || exit 0
for path in "$@"; do
  # The links themselves; what they lead to may be anything.
  if [ -e "$path" ]; then find "$path" -xdev -user 0 -exec chown -h "$owner" {} +; fi
done
exit 0
