#!/bin/sh
# Puts the small programs on a Debian or Ubuntu machine that tests compare with or drive: xmllint validates the SMF
# manifests, groff renders the man pages, tmux is the terminal, zsh and fish complete command lines in it, python3 makes
# system calls of known number and name.
# In: root, or sudo. Out: the programs, or one line that says what to do. Quick when they are all there.
set -u
. "$(dirname "$0")/apt.sh"
programs='xmllint groff tmux zsh fish python3'
packages=
for program in $programs; do
  command -v "$program" >/dev/null 2>&1 && continue
  case $program in
  xmllint) packages="$packages libxml2-utils" ;;
  *) packages="$packages $program" ;;
  esac
done
[ -n "$packages" ] || exit 0
# Unquoted: names, one a word.
apt_install '20 s' $packages && exit 0
echo "missing: programs that some tests run; $(apt_advice $packages)" >&2
exit 1
