#!/bin/sh
# make apt-repository: an apt repository of the packages below build/packages, made or added to by reprepro. In: KEY, a key of
# gpg that signs it; OUT. Out: a folder for any web server, or for apt's file: addresses.
set -eu
TOP=$(cd "$(dirname "$0")/../.." && pwd)
OUT=${OUT:-$TOP/build/apt}
command -v reprepro >/dev/null || { echo 'missing: reprepro; fix: apt-get install reprepro' >&2; exit 1; }
mkdir -p "$OUT/conf"
cat >"$OUT/conf/distributions" <<CONF
Origin: Cloud Analytics
Label: Cloud Analytics
Codename: stable
Architectures: amd64 arm64
Components: main
Description: Cloud Analytics for Debian 12 and newer
${KEY:+SignWith: $KEY}
CONF
for package in "$TOP"/build/packages/*.deb; do
  reprepro --silent --basedir "$OUT" includedeb stable "$package"
done
reprepro --basedir "$OUT" list stable
[ -n "${KEY:-}" ] || echo 'the repository is not signed: apt takes it with [trusted=yes] alone; fix: make apt-repository KEY=…' >&2
