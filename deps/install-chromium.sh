#!/bin/sh
# Puts a Chromium on a Debian or Ubuntu machine, for the tests of the page. In: root, or sudo. Out: its path on
# standard output, or one line on standard error that says what to do. CA_CHROMIUM names another one.
set -u
for browser in "${CA_CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome; do
  if [ -n "$browser" ] && [ -x "$browser" ]; then
    echo "$browser"
    exit 0
  fi
done

. "$(dirname "$0")/apt.sh"
apt_install '1 min' chromium fonts-dejavu-core && echo /usr/bin/chromium && exit 0
echo "missing: chromium, which the tests of the page drive; $(apt_advice chromium), or set CA_CHROMIUM to one you have" >&2
exit 1
