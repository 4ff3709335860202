#!/bin/sh
# Builds the native half of the module for Node.js programs (preload.js): build/ca-probes.node beside this file.
# In: a C compiler; no headers, no libraries. Out: the file, or one line that says what to do. Quick when it is there.
set -u
cd "$(dirname "$0")" || exit 1
OUT=build/ca-probes.node
[ -e "$OUT" ] && [ "$OUT" -nt probes.c ] && exit 0

[ "$(uname -s)" = Linux ] || exit 0
CC=$(../fetch.sh --path cc) || exit 1
mkdir -p build
# A file that programs have open is replaced, never written into.
"$CC" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -ffreestanding -fno-stack-protector -shared -nostdlib -o "build/new.$$" probes.c &&
  mv "build/new.$$" "$OUT"
