#!/bin/sh
# Puts xmllint on a Debian or Ubuntu machine: the tests validate the SMF manifests with it. In: root, or sudo.
# Out: the program, or one line that says what to do.
set -u
. "$(dirname "$0")/apt.sh"
command -v xmllint >/dev/null 2>&1 && exit 0
apt_install '5 s' libxml2-utils && exit 0
echo "missing: xmllint, which the tests of the SMF manifests run; $(apt_advice libxml2-utils)" >&2
exit 1
