#!/bin/sh
# Puts a real dtrace under deps/build/: the few packages that it needs, of Debian's testing suite, in a folder, since no
# release has it yet. In: root on Debian or Ubuntu, 35 MB of disk, about 10 s. Out: deps/build/dtrace, which the tests
# run, or one line that says why not. Nothing outside of deps/build is touched. They come from the mirror that the
# machine's own apt uses; CA_DEBIAN_MIRROR names another one (on Ubuntu there is none of Debian).
set -u
cd "$(dirname "$0")"
. ./apt.sh
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
SYSTEM=$PWD/build/dtrace-system
APT=$PWD/build/dtrace-apt
LOG=$PWD/build/install-dtrace.log
# A mirror that trickles, or a dtrace that hangs, must not hold up everybody's tests.
SECONDS_TO_FETCH=90
SECONDS_TO_TRY=60

missing() {
  rm -rf "$APT"
  echo "missing: dtrace; tests that run it are skipped; $1" >&2
  exit 1
}

[ -x build/dtrace ] && exit 0
[ "$(uname -s)" = Linux ] || missing 'this system should have one of its own: set CA_DTRACE to its path'
[ "$(id -u)" -eq 0 ] || missing 'fix: run as root: make -C deps dtrace'
command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 ||
  missing 'it is put in place on Debian and Ubuntu only; elsewhere set CA_DTRACE to one you have'
# What was left half done is of no use.
rm -rf "$SYSTEM" "$APT"
MIRROR=${CA_DEBIAN_MIRROR:-$(own_mirror)}
[ -n "$MIRROR" ] || missing "this machine's apt knows no mirror of Debian: set CA_DEBIAN_MIRROR to one"
rm -rf "$APT"
mkdir -p "$SYSTEM" "$APT/parts"
: >"$APT/status"
: >"$LOG"
# Ubuntu has Debian's keys as a package.
if [ ! -e "$KEYRING" ]; then
  own_apt update && own_apt install -y --download-only --no-install-recommends debian-archive-keyring >/dev/null &&
    unpack "$PWD/build/dtrace-keys" || missing "the package of Debian's keys could not be fetched: $(said)"
  KEYRING=$PWD/build/dtrace-keys$KEYRING
  rm -rf "$APT/lists"
fi
# As a file of keys: a path with blanks cannot stand in the list of sources.
cp "$KEYRING" "$APT/debian.gpg"
echo "deb $MIRROR testing main" >"$APT/sources.list"
# An apt which knows of no installed package and so fetches all that is needed.
testing_apt() {
  own_apt -o Dir::State="$APT" -o Dir::State::status="$APT/status" -o Dir::Etc::sourcelist="$APT/sources.list" \
    -o Dir::Etc::sourceparts="$APT/parts" -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts="$APT/parts" \
    -o Dir::Etc::Trusted="$APT/debian.gpg" "$@" >>"$LOG"
}
echo "fetching dtrace and what it needs into deps/build (35 MB, about 10 s) …" >&2
testing_apt update || missing "the lists of Debian's testing suite could not be fetched: $(said)"
testing_apt install -y --download-only --no-install-recommends dtrace || missing "its packages could not be fetched: $(said)"
UNPACK_ALL=yes unpack "$SYSTEM" || missing 'a package could not be unpacked, see deps/build/install-dtrace.log'
rm -rf "$APT" build/dtrace-keys
for folder in bin sbin lib lib64; do
  [ -e "$SYSTEM/$folder" ] || ln -s "usr/$folder" "$SYSTEM/$folder"
done
mkdir -p "$SYSTEM/proc" "$SYSTEM/sys" "$SYSTEM/dev" "$SYSTEM/tmp"

# The library's io.d asks for a variable that many kernels keep to themselves, and then nothing compiles at all.
# A disk's own name takes the place of its driver's. (Observed with 2.0.7 on Linux 6.18.)
sed -i '/&vmlinux`major_names)\[/,/\]->name);/c\\t\t\t: stringof(B->bi_bdev->bd_disk->disk_name);' "$SYSTEM"/usr/lib/*/dtrace/*/io.d

# The command: in a mount namespace of its own, so that nothing stays mounted when it ends; the same process throughout.
cat >build/dtrace.new <<'COMMAND'
#!/bin/sh
# dtrace, in the folder that deps/install-dtrace.sh made beside this file.
ROOT=$(cd "$(dirname "$0")" && pwd)/dtrace-system
exec unshare --mount --propagation private sh -c '
  root=$1
  shift
  for folder in proc sys dev; do
    mount --rbind "/$folder" "$root/$folder" || exit 1
  done
  mountpoint -q "$root/sys/kernel/tracing" || mount -t tracefs none "$root/sys/kernel/tracing"
  mountpoint -q "$root/sys/kernel/debug" || mount -t debugfs none "$root/sys/kernel/debug"
  exec chroot "$root" /usr/sbin/dtrace "$@"' dtrace "$ROOT" "$@"
COMMAND
chmod 755 build/dtrace.new
timeout "$SECONDS_TO_TRY" build/dtrace.new -q -n 'BEGIN { exit(0); }' </dev/null >>"$LOG" 2>&1 ||
  missing "it does not run on this kernel, see the end of deps/$LOG"
mv build/dtrace.new build/dtrace
