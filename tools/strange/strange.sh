#!/bin/sh
# Makes strange machines and runs inside.sh in each; see README.md here. Everything is below one temporary folder, mounts are
# of a namespace that ends with the script, and processes are ended by the root folder that they have.
set -u
cd "$(dirname "$0")/../.." || exit 1
CHECKOUT=$PWD
MACHINES=${SUITE:-bookworm trixie ubuntu}
LIMIT=${LIMIT:-3600}

if [ "$(id -u)" -ne 0 ]; then
  echo 'make strange makes machines: run it as root' >&2
  exit 1
fi
command -v mmdebstrap >/dev/null || {
  echo 'missing: mmdebstrap, which makes the machines; fix: apt-get install mmdebstrap' >&2
  exit 1
}
MIRROR=${CA_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\{0,1\}$')}
[ -n "$MIRROR" ] || { echo "this machine's apt knows no mirror of Debian; fix: set CA_DEBIAN_MIRROR" >&2; exit 1; }

# A machine's processes are those whose root folder is its, by whatever name.
processes() {
  here=$(stat -c %d:%i "$1" 2>/dev/null) || return
  for root in /proc/[0-9]*/root; do
    if [ "$(stat -L -c %d:%i "$root" 2>/dev/null)" = "$here" ]; then
      pid=${root#/proc/}
      echo "${pid%/root}"
    fi
  done
}

end() {
  for signal in TERM KILL; do
    for pid in $(processes "$1"); do kill "-$signal" "$pid" 2>/dev/null; done
    [ -z "$(processes "$1")" ] || sleep 3
  done
}

# Debian without recommended packages, with what the README asks for, and sudo. Node.js is the suite's own where it is new
# enough; else npm's package `node`, which is the program as Node.js publishes it, and an npm.
make_machine() {
  suite=$1
  # One of today is as good as new.
  kept=build/strange/$1.tar
  if [ -n "$(find "$kept" -mmin -1440 2>/dev/null)" ]; then
    mkdir -p "$2" && tar -C "$2" -xpf "$kept" --xattrs --exclude='./dev/*'
    return
  fi
  packages=make,git,ca-certificates,curl,sudo
  [ "$1" != ubuntu ] || suite=trixie
  [ "$suite" = bookworm ] || packages=$packages,nodejs,npm
  mmdebstrap --quiet --variant=minbase --include="$packages" "$suite" "$2" "$MIRROR" >"$2.log" 2>&1 || return 1
  # How this machine reaches its package sources, it may too.
  cp -L /etc/resolv.conf "$2/etc/resolv.conf"
  cp -L /etc/ssl/certs/ca-certificates.crt "$2/etc/ssl/certs/ca-certificates.crt"
  apt-config dump | grep -iE '^Acquire::(https?::proxy|check-)' >"$2/etc/apt/apt.conf.d/99strange"
  if [ "$suite" = bookworm ]; then
    npm install --global --prefix "$2/usr/local" --loglevel=error --no-progress node@20 npm@10 >>"$2.log" 2>&1 || return 1
  fi
  [ "$1" != ubuntu ] || as_ubuntu "$2"
  useradd --root "$2" --create-home --shell /bin/sh joe && echo 'joe ALL=(ALL) NOPASSWD: ALL' >"$2/etc/sudoers.d/joe" &&
    mkdir -p build/strange && tar -C "$2" -cpf "$kept.new" --xattrs --exclude='./dev/*' . && mv "$kept.new" "$kept"
}

# As far as it can be imitated: one folder for bin and sbin, sources in the newer form with keys elsewhere, no keys of Debian
# by their usual name, and a browser that is no package.
as_ubuntu() {
  cp -a "$1/usr/sbin/." "$1/usr/bin/" && rm -rf "$1/usr/sbin" && ln -s bin "$1/usr/sbin"
  mkdir -p "$1/etc/apt/keyrings"
  cp -L "$1/usr/share/keyrings/debian-archive-keyring.gpg" "$1/etc/apt/keyrings/archive.gpg" && rm -f "$1"/usr/share/keyrings/debian-archive-keyring.*
  rm -f "$1/etc/apt/sources.list" "$1"/etc/apt/trusted.gpg.d/*
  printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: /etc/apt/keyrings/archive.gpg\n' "$MIRROR" \
    >"$1/etc/apt/sources.list.d/ubuntu.sources"
  printf 'Package: chromium\nPin: release *\nPin-Priority: -1\n' >"$1/etc/apt/preferences.d/no-chromium"
  sed -i 's/^ID=.*/ID=ubuntu/' "$1/etc/os-release"
}

# A copy of this checkout, as git would clone it.
clone() {
  mkdir -p "$1" && git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- -cf - 2>/dev/null | tar -C "$1" -xf -
}

# In: a machine's folder, then a command in it. Mounts and, where asked for, processes end with it. The tests of the kernel need
# the ids that the kernel itself counts with, and so no namespace of processes. No chroot: users there may make no namespaces.
enter() {
  root=$1
  shift
  # shellcheck disable=SC2086 # several options
  # In the background, so that a signal to this script is heeded at once.
  timeout --kill-after=10 "$LIMIT" unshare --mount $NAMESPACES --propagation private sh -c '
    root=$1
    shift
    mount --bind "$root" "$root" && mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" &&
      mount --rbind /dev "$root/dev" && mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" && cd "$root" && pivot_root . . && umount -l . && cd / && exec "$@"' strange "$root" "$@" &
  entered=$!
  wait "$entered"
  set -- $?
  entered=
  return "$1"
}

failed=0
entered=
WORK=$(mktemp -d /var/tmp/ca-strange.XXXXXX)
trap '[ -z "$entered" ] || kill "$entered"; for machine in "$WORK"/*/; do end "${machine%/}"; done; rm -rf --one-file-system "$WORK"' EXIT
trap 'exit 130' INT TERM HUP
NPM_REGISTRY=$(npm config get registry)
for machine in $MACHINES; do
  echo "$machine: making the machine …"
  root=$WORK/$machine
  make_machine "$machine" "$root" || { tail -n 5 "$root.log" >&2; echo "FAILED $machine: it could not be made" ; failed=1; continue; }
  clone "$root/root/checkout" && clone "$root/home/joe/my checkout" && chroot "$root" chown -R joe:joe '/home/joe/my checkout'
  chmod 700 "$root/root" "$root/root/checkout"
  cp tools/strange/inside.sh "$root/usr/local/bin/strange-inside"
  for hour in 'root /root/checkout' 'joe /home/joe/my checkout'; do
    who=${hour%% *}
    [ -z "${ONLY:-}" ] || [ "$ONLY" = "$who" ] || continue
    NAMESPACES=--pid\ --fork\ --kill-child
    [ "$who" = joe ] || NAMESPACES=
    enter "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root FULL="${FULL:-}" QUICK="${QUICK:-}" \
      npm_config_registry="$NPM_REGISTRY" NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
      sh /usr/local/bin/strange-inside "$machine" "$who" "${hour#* }" || failed=1
    if [ -d "$root/run/strange/reports" ]; then
      rm -rf "build/strange/reports-$machine-$who" && mv "$root/run/strange/reports" "build/strange/reports-$machine-$who"
    fi
    left=$(processes "$root" | wc -l)
    [ "$left" -eq 0 ] || { echo "FAILED $machine, $who: $left processes are left: $(for pid in $(processes "$root"); do tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c 1-60; done)"; failed=1; end "$root"; }
  done
  rm -rf --one-file-system "$root"
done
[ "$failed" -eq 0 ] && echo 'strange machines: all ok'
exit "$failed"
