#!/bin/sh
# Puts a real dtrace under deps/build/: Debian's unstable suite in a folder, since no release has the package yet.
# In: root on Debian or Ubuntu, about 250 MB of disk, a minute. Out: deps/build/dtrace, which the tests run, or one
# line that says why not. CA_DEBIAN_MIRROR names another mirror.
set -u
cd "$(dirname "$0")"
# Empty: debootstrap knows the suite's usual one.
MIRROR=${CA_DEBIAN_MIRROR:-}
SUITE=sid
ROOT=$PWD/build/$SUITE

missing() {
  echo "missing: dtrace, which the tests of the dtrace source run; $1" >&2
  exit 1
}

[ -x build/dtrace ] && exit 0
[ "$(uname -s)" = Linux ] || missing 'this system should have one of its own: set CA_DTRACE to its path'
[ "$(id -u)" -eq 0 ] || missing 'fix: run as root: make -C deps dtrace'

mkdir -p build
LOG=build/install-dtrace.log
: >"$LOG"
if ! command -v debootstrap >/dev/null 2>&1; then
  command -v apt-get >/dev/null 2>&1 || missing 'fix: install debootstrap with the package manager of this system'
  install() {
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends debootstrap debian-archive-keyring </dev/null >>"$LOG" 2>&1
  }
  install || { apt-get -o DPkg::Lock::Timeout=120 update -qq </dev/null >>"$LOG" 2>&1 && install; } ||
    missing "debootstrap could not be installed, see deps/$LOG"
fi

# A tree that was left half done is of no use.
rm -rf "$ROOT"
echo "installing dtrace and the system it needs into deps/build/$SUITE (about a minute) …"
debootstrap --variant=minbase "$SUITE" "$ROOT" ${MIRROR:+"$MIRROR"} >>"$LOG" 2>&1 || missing "debootstrap failed, see deps/$LOG"
chroot "$ROOT" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends dtrace </dev/null >>"$LOG" 2>&1 ||
  missing "its package could not be installed, see deps/$LOG"
rm -rf "$ROOT"/var/cache/apt/archives/*.deb "$ROOT"/var/lib/apt/lists/*

# The library's io.d asks for a variable that many kernels keep to themselves, and then nothing compiles at all.
# In a copy of the library a disk's own name takes the place of its driver's. (Observed with 2.0.7 on Linux 6.18.)
LIBRARY=$ROOT/opt/dtrace
rm -rf "$LIBRARY"
cp -r "$(dirname "$(find "$ROOT/usr/lib" -name io.d | head -n 1)")/.." "$LIBRARY"
sed -i '/&vmlinux`major_names)\[/,/\]->name);/c\\t\t\t: stringof(B->bi_bdev->bd_disk->disk_name);' "$LIBRARY"/*/io.d

# The command: in a mount namespace of its own, so that nothing stays mounted when it ends; the same process throughout.
cat >build/dtrace.new <<'END'
#!/bin/sh
# dtrace, in the system that deps/install-dtrace.sh made beside this file.
ROOT=$(cd "$(dirname "$0")" && pwd)/sid
exec unshare --mount --propagation private sh -c '
  root=$1
  shift
  for folder in proc sys dev; do
    mount --rbind "/$folder" "$root/$folder" || exit 1
  done
  mountpoint -q "$root/sys/kernel/tracing" || mount -t tracefs none "$root/sys/kernel/tracing"
  mountpoint -q "$root/sys/kernel/debug" || mount -t debugfs none "$root/sys/kernel/debug"
  exec chroot "$root" /usr/sbin/dtrace -xsyslibdir=/opt/dtrace "$@"' dtrace "$ROOT" "$@"
END
chmod 755 build/dtrace.new
build/dtrace.new -q -n 'BEGIN { exit(0); }' >>"$LOG" 2>&1 || missing "it does not run on this kernel, see the end of deps/$LOG"
mv build/dtrace.new build/dtrace
