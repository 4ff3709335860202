#!/bin/sh
# Removes folders of the checkout; --all: says what stays on the machine, too. Not while a system runs from here.
set -u
cd "$(dirname "$0")/.." || exit 1
all=no
if [ "$1" = --all ]; then
  all=yes
  shift
fi
for lock in .run/lock .run/*/lock; do
  pid=$(cat "$lock" 2>/dev/null) || continue
  if [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'tools/stack/main.js'; then
    echo "a system runs from here (process $pid); fix: end it with Ctrl-C, or kill $pid" >&2
    exit 1
  fi
done
for folder in "$@"; do
  if [ -e "$folder" ]; then
    rm -rf "$folder" || exit 1
    echo "removed $folder"
  fi
done
[ "$all" = yes ] || exit 0
echo "left: this folder, $(pwd): its files are those of git"
if [ -d "$HOME/.npm" ]; then echo "left: $HOME/.npm, npm's cache of packages, other projects' too; fix: npm cache clean --force"; fi
if [ -n "${CA_HOME:-}" ] && [ -d "$CA_HOME" ]; then echo "left: $CA_HOME, the state that CA_HOME names; fix: rm -r '$CA_HOME'"; fi
if [ -d /opt/cloud-analytics ]; then echo 'left: /opt/cloud-analytics, which make install or a package has put there'; fi
exit 0
