#!/bin/sh
# Who may go on working in this checkout.
#   own.sh PATH …   as root (sudo make run): gives what root has made there to the owner of the checkout
#   own.sh --check  one sentence with the fix, and status 1, where this user cannot work here: files of others, no Node.js
set -u
cd "$(dirname "$0")/.." || exit 1

if [ "${1:-}" = --check ]; then
  least=$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' package.json)
  # sudo has a PATH of its own, without what a user has put into their home.
  if ! command -v node >/dev/null 2>&1; then
    echo "missing: Node.js $least or newer on the PATH of $(id -un); fix: install it, or, where another user has it: sudo env \"PATH=\$PATH\" make" >&2
    exit 1
  fi
  if [ "$(printf '%s\n' "$least" "$(node -p process.versions.node)" | sort -V | head -n 1)" != "$least" ]; then
    echo "Node.js here is $(node --version), and $least or newer is needed; fix: install it from nodejs.org, or npm install -g node@22" >&2
    exit 1
  fi
  if [ ! -e node_modules/.installed ] && ! command -v npm >/dev/null 2>&1; then
    echo 'missing: npm, which fetches the packages; fix: sudo apt-get install npm' >&2
    exit 1
  fi
  # Below these, too: a sudo make that was interrupted has given nothing back. Packages are many, and looked at from above.
  theirs=$(for path in . build node_modules deps/build deps/node-probes/build .run; do
    if [ -e "$path" ] && [ ! -w "$path" ]; then echo "$path"; fi
  done; find build deps/build deps/node-probes/build .run -xdev ! -type l ! -user "$(id -u)" ! -writable 2>/dev/null)
  if [ "$(id -u)" -ne 0 ] && [ -n "$theirs" ]; then
    path=$(echo "$theirs" | head -n 1)
    case $path in .) path= ;; *) path=/$path ;; esac
    echo "$(pwd)$path belongs to $(stat -c %U "$(pwd)$path"), and $(id -un) cannot write there; fix: sudo chown -R $(id -un) '$(pwd)'" >&2
    exit 1
  fi
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
