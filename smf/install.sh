#!/bin/sh
# make install DESTDIR=…: the built services, their packages, methods, manifests (SMF) and units (systemd).
# In: build/ and node_modules/ of the checkout. Out: files below DESTDIR; nothing is started or registered.
set -eu
# Root runs what is installed: no other user may write to it, whatever the umask of the installing shell.
umask 022
cd "$(dirname "$0")/.."
DESTDIR=${DESTDIR:-}
TO=$DESTDIR/opt/cloud-analytics
SYSTEM=${CA_SYSTEM:-$(uname -s)}

for service in config aggregator instrumenter; do
  [ -f "build/services/$service/main.js" ] || { echo "missing: build/services/$service/main.js; fix: make build" >&2; exit 1; }
done
mkdir -p "$TO/build" "$TO/node_modules" "$TO/method" "$TO/etc"
for folder in common services tools; do
  rm -rf "$TO/build/$folder"
  cp -R "build/$folder" "$TO/build/$folder"
done
cp package.json LICENSE "$TO/"
# Only what runs: packages of tests and tools stay behind.
npm ls --omit=dev --all --parseable 2>/dev/null | sort -u |
  while IFS= read -r path; do
    package=${path#"$PWD/node_modules/"}
    case $package in /* | */node_modules/*) continue ;; esac
    rm -rf "$TO/node_modules/$package"
    mkdir -p "$(dirname "$TO/node_modules/$package")"
    cp -R "node_modules/$package" "$TO/node_modules/$package"
  done
# What Node.js programs load to be seen, where it was built (make -C deps node-probes).
if [ -e deps/node-probes/build/ca-probes.node ]; then
  mkdir -p "$TO/deps/node-probes/build"
  cp deps/node-probes/preload.js "$TO/deps/node-probes/"
  cp deps/node-probes/build/ca-probes.node "$TO/deps/node-probes/build/"
fi
cp smf/method/* "$TO/method/"
chmod 755 "$TO/method/"*
chmod 644 "$TO/method/settings"
# They will hold passwords. A service's own file comes after that of all: each can have credentials of its own.
settings() {
  [ -e "$TO/etc/$1" ] || printf '%s\n' "$2" >"$TO/etc/$1"
  chmod 600 "$TO/etc/$1"
}
settings environment '# Settings of all services on this machine, see README: NAME=value
# CA_AMQP_URL=amqp://user:password@broker:5672/'
for service in config aggregator instrumenter; do
  settings "$service.environment" "# Settings of this machine's $service alone, after those in environment: NAME=value"
done
# What was there before keeps its modes when it is written over.
chmod -R go-w "$TO"
if [ "$SYSTEM" = SunOS ]; then
  mkdir -p "$DESTDIR/lib/svc/manifest/application/cloud-analytics" "$DESTDIR/var/opt/cloud-analytics"
  cp smf/config.xml smf/aggregator.xml smf/instrumenter.xml "$DESTDIR/lib/svc/manifest/application/cloud-analytics/"
else
  mkdir -p "$DESTDIR/usr/lib/systemd/system"
  cp smf/systemd/*.service smf/systemd/*.socket "$DESTDIR/usr/lib/systemd/system/"
  mkdir -p "$DESTDIR/usr/lib/sysusers.d"
  cp smf/sysusers.conf "$DESTDIR/usr/lib/sysusers.d/cloud-analytics.conf"
  # Of another system: when that starts.
  [ -n "$DESTDIR" ] || ! command -v systemd-sysusers >/dev/null || systemd-sysusers cloud-analytics.conf
fi
