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

fail() {
  echo "missing: chromium, which the tests of the page drive; fix: $1, or set CA_CHROMIUM to one you have" >&2
  exit 1
}
if [ "$(id -u)" -eq 0 ]; then
  AS_ROOT=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  AS_ROOT='sudo -n'
else
  fail 'sudo apt-get install chromium'
fi
command -v apt-get >/dev/null 2>&1 || fail 'install it with the package manager of this system'

install() {
  $AS_ROOT env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends chromium fonts-dejavu-core </dev/null
}
log=$(mktemp)
echo 'installing chromium (about 1 min) …' >&2
if ! install >"$log" 2>&1; then
  # A new machine has no package lists yet.
  $AS_ROOT apt-get -o DPkg::Lock::Timeout=120 update -qq </dev/null >>"$log" 2>&1
  if ! install >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail 'sudo apt-get install chromium'
  fi
fi
rm -f "$log"
echo /usr/bin/chromium
