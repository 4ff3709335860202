#!/bin/sh
# Puts a Prometheus 3 under deps/build/prometheus3, for the tests of what it can and Debian's own 2.42 cannot: OTLP, remote
# write 2.0, histograms with bounds of their own. It is a single program of Debian's unstable suite that needs only the C
# library; its package's scripts never run, and no service comes with it. In: apt on Debian or Ubuntu, 100 MB of disk.
# Out: deps/build/prometheus3/usr/bin/prometheus and promtool, or one line that says why not. The mirror is that of the
# machine's own apt; CA_DEBIAN_MIRROR names another one.
set -u
cd "$(dirname "$0")" || exit 1
. ./apt.sh
APT=$PWD/build/prometheus-apt
LOG=$PWD/build/install-prometheus.log
SYSTEM=$PWD/build/prometheus3
SECONDS_TO_FETCH=90
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

missing() {
  rm -rf "$APT" "$SYSTEM"
  echo "missing: Prometheus 3; tests that send to it are skipped; $1" >&2
  exit 1
}

[ -x "$SYSTEM/usr/bin/prometheus" ] && exit 0
command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || missing 'it is put in place on Debian and Ubuntu only'
rm -rf "$APT" "$SYSTEM"
MIRROR=${CA_DEBIAN_MIRROR:-$(own_mirror)}
[ -n "$MIRROR" ] || missing "this machine's apt knows no mirror of Debian: set CA_DEBIAN_MIRROR to one"
[ -e "$KEYRING" ] || missing 'the package debian-archive-keyring, which has the keys of Debian, is not installed'
rm -rf "$APT" "$SYSTEM"
mkdir -p "$APT/parts" "$APT/archives"
: >"$LOG"
cp "$KEYRING" "$APT/debian.gpg"
echo "deb $MIRROR sid main" >"$APT/sources.list"
sid_apt() {
  own_apt -o Dir::State="$APT" -o Dir::State::status=/var/lib/dpkg/status -o Dir::Etc::sourcelist="$APT/sources.list" \
    -o Dir::Etc::sourceparts="$APT/parts" -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$APT/parts" \
    -o Dir::Etc::Trusted="$APT/debian.gpg" "$@" >>"$LOG"
}
echo "fetching Prometheus 3 into deps/build (about 30 MB) …" >&2
sid_apt update || missing "the lists of Debian's unstable suite could not be fetched: $(said)"
sid_apt install -y --download-only --no-install-recommends prometheus || missing "its package could not be fetched: $(said)"
unpack "$SYSTEM" || missing 'the package could not be unpacked, see deps/build/install-prometheus.log'
rm -rf "$APT"
# Debian's next C library may be too new for this machine.
"$SYSTEM/usr/bin/prometheus" --version >>"$LOG" 2>&1 || missing "it does not run on this machine: $(tail -n 1 "$LOG" | cut -c 1-200)"
