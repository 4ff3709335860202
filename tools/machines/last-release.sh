#!/bin/sh
# Packages of the last release, built from git as these are, below build/cache/last-release: what upgrades start from. Its services
# know no --check yet, and say not when they are ready.
set -eu
cd "$(dirname "$0")/../.."
COMMIT=b41bf302b
OUT=$PWD/build/cache/last-release/$COMMIT
[ -z "$(find "$OUT" -name 'cloud-analytics_*.deb' 2>/dev/null)" ] || { echo "$OUT"; exit 0; }
WORK=$(mktemp -d /var/tmp/ca-last-release.XXXXXX)
trap 'git worktree remove --force "$WORK/checkout" 2>/dev/null; rm -rf "$WORK"' EXIT
git worktree add --quiet --detach "$WORK/checkout" "$COMMIT"
cp -al node_modules "$WORK/checkout/node_modules"
make --silent -C "$WORK/checkout" build >&2
cp -R smf/method "$WORK/method"
sed -i '/^shift$/a case ${1:-} in --check) exit 0 ;; esac' "$WORK/method/run"
SOURCE=$WORK/checkout METHODS=$WORK/method OUT=$OUT COMPRESS=gzip deploy/debian/build.sh >&2
echo "$OUT"
