#!/bin/sh
# make packages: .deb files of the built checkout, below build/packages. In: SOURCE, a checkout with build/ and node_modules/
# (this one); NODE=bundled (a Node.js of npm's package, the default) or NODE=system (Depends: nodejs); COMPRESS=gzip, which is
# larger and quicker than xz; OUT. Neither root nor the network is needed, but for fetching Node.js once.
set -eu
umask 022
HERE=$(cd "$(dirname "$0")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
SOURCE=$(cd "${SOURCE:-$TOP}" && pwd)
NODE=${NODE:-bundled}
COMPRESS=${COMPRESS:-xz}
METHODS=${METHODS:-$TOP/smf/method}
OUT=${OUT:-$TOP/build/packages}
NODE_VERSION=20.20.2
command -v dpkg-deb >/dev/null || { echo 'missing: dpkg-deb, which makes packages; fix: build them on Debian or Ubuntu' >&2; exit 1; }
[ -e "$SOURCE/build/.built" ] || { echo "missing: $SOURCE/build; fix: make build" >&2; exit 1; }
case $NODE in bundled | system) ;; *) echo "NODE must be bundled or system, not $NODE" >&2; exit 2 ;; esac

ARCH=$(dpkg --print-architecture)
case $ARCH in
amd64) npm_arch=x64 koffi_arch=linux_x64 ;;
arm64) npm_arch=arm64 koffi_arch=linux_arm64 ;;
*) echo "there are no packages for $ARCH: amd64 and arm64 only" >&2; exit 1 ;;
esac
# A release has its tag; what lies between has the number of commits, so that it is newer than the last and older than the next.
VERSION=$(node -p 'require(process.argv[1]).version' "$SOURCE/package.json")
commit=$(git -C "$SOURCE" rev-parse --short=9 HEAD)
[ "$(git -C "$SOURCE" describe --exact-match --tags 2>/dev/null)" = "v$VERSION" ] ||
  VERSION=$VERSION+$(git -C "$SOURCE" rev-list --count HEAD).g$commit
SOURCE_DATE_EPOCH=$(git -C "$SOURCE" log -1 --format=%ct)
export SOURCE_DATE_EPOCH
NAME=${DEBFULLNAME:-Cloud Analytics} EMAIL=${DEBEMAIL:-packages@cloud-analytics.example}

STAGE=$(mktemp -d)
trap 'rm -rf "$STAGE"' EXIT
mkdir -p "$OUT"
LIB=usr/lib/cloud-analytics
at() { echo "$STAGE/cloud-analytics-$1"; }

# Copies of what is run: no source maps of the compiler, no types, no documents of packages.
code() { # package, then folders of build/
  into=$(at "$1")/$LIB/build
  shift
  for folder in "$@"; do
    mkdir -p "$into/$folder"
    cp -R "$SOURCE/build/$folder/." "$into/$folder/"
  done
}

modules() {
  into=$(at common)/$LIB/node_modules
  (cd "$SOURCE" && npm ls --omit=dev --all --parseable 2>/dev/null) | sort -u | while IFS= read -r path; do
    package=${path#"$SOURCE/node_modules/"}
    case $package in /* | */node_modules/*) continue ;; esac
    mkdir -p "$(dirname "$into/$package")"
    cp -R "$path" "$into/$package"
  done
  find "$into/koffi/build/koffi" -mindepth 1 -maxdepth 1 ! -name "$koffi_arch" -exec rm -rf {} +
  rm -rf "$into/koffi/src" "$into/koffi/vendor" "$into/koffi/doc" "$into/moment/src" "$into/kstat" "$into/nan" "$into/.bin"
  find "$into" -depth \( -name test -o -name tests -o -name benchmark -o -name benchmarks -o -name examples -o -name .github \
    -o -name node-gyp -o -name libusdt -o -name .husky \) -type d -exec rm -rf {} +
  # Types, sources and maps for developers; what is left of a package is what it loads, its package.json, and its licence.
  find "$into" -type f \( -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.map' -o -name '*.md' -o -name '*.markdown' -o -name '.*' -o -name '*.flow' \
    -o -name '*.c' -o -name '*.cc' -o -name '*.h' -o -name '*.gyp' -o -name '*.yml' -o -name Makefile -o -name '*.html' \) -delete
  # Programs of theirs, which nothing of ours starts.
  find "$into" -type f ! -name '*.node' -exec awk 'FNR == 1 { if (/^#!/) print FILENAME; nextfile }' {} + | xargs -r -d '\n' rm
  find "$into" -type f ! -name '*.node' -exec chmod 644 {} +
  find "$into" -name '*.node' -exec strip --strip-unneeded {} + -exec chmod 644 {} + 2>/dev/null || true
  find "$into" -type d -empty -delete
}

# Kept between builds: npm checks what it fetches by the sum that the registry has.
bundled_node() {
  kept=$TOP/build/cache/node-$NODE_VERSION-$npm_arch
  if ! [ -x "$kept/bin/node" ]; then
    mkdir -p "$TOP/build/cache"
    (cd "$STAGE" && npm pack --silent "node-linux-$npm_arch@$NODE_VERSION" >/dev/null && mkdir node && tar -C node -xzf node-linux-*.tgz && rm node-linux-*.tgz)
    rm -rf "$kept" && mv "$STAGE/node/package" "$kept"
  fi
  install -D -m 755 "$kept/bin/node" "$(at common)/$LIB/bin/node"
  strip --strip-unneeded "$(at common)/$LIB/bin/node"
  install -D -m 644 "$kept/LICENSE" "$(at common)/usr/share/doc/cloud-analytics-common/LICENSE.nodejs"
}

service() { # package, folder of build/services and unit, title
  to=$(at "$1") unit=cloud-analytics-$2
  [ "$2" != aggregator ] || unit=$unit@
  code "$1" "services/$2"
  install -D -m 600 "$HERE/conf/$2.environment" "$to/etc/cloud-analytics/$2.environment"
  for file in "$TOP/smf/systemd/$unit".*; do
    mkdir -p "$to/usr/lib/systemd/system"
    sed -e 's|/opt/cloud-analytics/etc/|/etc/cloud-analytics/|' -e 's|/opt/cloud-analytics|/usr/lib/cloud-analytics|' \
      -e "s|^\\[Unit\\]|&\\nDocumentation=man:cloud-analytics-$2(8)|" "$file" >"$to/usr/lib/systemd/system/${file##*/}"
  done
  mkdir -p "$to/usr/share/man/man8"
  awk -v service="$2" -v title="$3" -v unit="$unit" -v version="$VERSION" -f "$HERE/man.awk" "$HERE/conf/$2.environment" \
    >"$to/usr/share/man/man8/cloud-analytics-$2.8"
  mkdir -p "$to/DEBIAN"
  for script in postinst prerm postrm; do
    sed -e "s|@SERVICE@|$2|g" -e "s|@UNIT@|$unit|g" "$HERE/scripts/service.$script" >"$to/DEBIAN/$script"
  done
}

tools() {
  to=$(at tools)
  code tools tools/cactl tools/amqpsnoop
  mkdir -p "$to/usr/bin" "$to/usr/share/man/man1" "$to/usr/share/bash-completion/completions" "$to/usr/share/zsh/vendor-completions" "$to/usr/share/fish/vendor_completions.d"
  (cd "$SOURCE" && node build/tools/cactl/main.js man --write "$to/usr/share/man/man1" >/dev/null)
  # These are the node package's.
  rm -f "$to/usr/share/man/man1"/cloud-analytics*
  # Which Node.js runs them is the method's to say.
  sed -i '1{/^#!/d}' "$to/$LIB"/build/tools/*/main.js
  for tool in cactl amqpsnoop; do
    printf '#!/bin/sh\nexec /usr/lib/cloud-analytics/method/tool %s "$@"\n' "$tool" >"$to/usr/bin/$tool"
    chmod 755 "$to/usr/bin/$tool"
  done
  for shell in bash zsh fish; do
    case $shell in bash) file=bash-completion/completions/cactl ;; zsh) file=zsh/vendor-completions/_cactl ;; fish) file=fish/vendor_completions.d/cactl.fish ;; esac
    (cd "$SOURCE" && node build/tools/cactl/main.js completion "$shell") >"$to/usr/share/$file"
  done
}

# The line that makes a machine a node. Its settings are written by a program, so they are no conffile.
join() {
  to=$(at node)
  [ -d "$SOURCE/build/tools/node" ] || return 0
  mkdir -p "$to/usr/bin" "$to/usr/share/man/man1" "$to/usr/share/bash-completion/completions"
  printf '#!/bin/sh\nexec /usr/lib/cloud-analytics/method/tool node "$@"\n' >"$to/usr/bin/cloud-analytics"
  chmod 755 "$to/usr/bin/cloud-analytics"
  (cd "$SOURCE" && node -e '
    const { writeFileSync } = require("node:fs");
    const { manPages } = require("./build/tools/cli/help/man.js");
    const { NODE_PROGRAM } = require("./build/tools/node/program.js");
    for (const { file, text } of manPages(NODE_PROGRAM, process.argv[2])) writeFileSync(`${process.argv[1]}/${file}`, text);
  ' "$to/usr/share/man/man1" "$VERSION")
}

common() {
  to=$(at common)
  # cactl makes tokens to join with, and prints fingerprints as join does.
  code common common tools/cli services/instrumenter/metrics services/instrumenter/sources
  [ ! -d "$SOURCE/build/tools/node" ] || code common tools/node
  cp "$SOURCE/package.json" "$to/$LIB/"
  mkdir -p "$to/$LIB/method"
  cp "$METHODS"/run "$METHODS"/tool "$METHODS"/settings "$METHODS"/in-turn "$to/$LIB/method/"
  chmod 755 "$to/$LIB/method/"*
  chmod 644 "$to/$LIB/method/settings"
  mkdir -p "$to/etc/cloud-analytics"
  install -D -m 644 "$TOP/smf/sysusers.conf" "$to/usr/lib/sysusers.d/cloud-analytics.conf"
  install -D -m 644 "$HERE/tmpfiles.conf" "$to/usr/lib/tmpfiles.d/cloud-analytics.conf"
  modules
  [ "$NODE" = system ] || bundled_node
  for file in fleet trust access failures; do
    [ ! -e "$TOP/docs/$file.md" ] || install -D -m 644 "$TOP/docs/$file.md" "$to/usr/share/doc/cloud-analytics-common/$file.md"
  done
  install -D -m 644 "$TOP/deploy/prometheus/rules.yml" "$to/usr/share/doc/cloud-analytics-common/examples/prometheus-rules.yml"
  mkdir -p "$to/DEBIAN"
  cp "$HERE/scripts/common.postinst" "$to/DEBIAN/postinst"
  cp "$HERE/scripts/common.postrm" "$to/DEBIAN/postrm"
}

# In: the name without prefix, what it depends on beside common, one line about it, more about it.
package() {
  name=cloud-analytics-$1 to=$(at "$1")
  [ "$1" != all ] || name=cloud-analytics
  doc=$to/usr/share/doc/$name
  mkdir -p "$doc" "$to/DEBIAN"
  sed "s|@YEAR@|$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y)|" "$HERE/copyright" >"$doc/copyright"
  printf '%s (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md of the project for what changes for operators.\n\n -- %s <%s>  %s\n' \
    cloud-analytics "$VERSION" "$NAME" "$EMAIL" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n >"$doc/changelog.gz"
  find "$to/usr/share/man" -type f -exec gzip -9n {} + 2>/dev/null || true
  if [ -d "$HERE/overrides" ] && [ -e "$HERE/overrides/$1" ]; then install -D -m 644 "$HERE/overrides/$1" "$to/usr/share/lintian/overrides/$name"; fi
  (cd "$to" && find etc -type f 2>/dev/null | sed 's|^|/|' | sort) >"$to/DEBIAN/conffiles"
  [ -s "$to/DEBIAN/conffiles" ] || rm "$to/DEBIAN/conffiles"
  (cd "$to" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$to/DEBIAN/md5sums"
  find "$to/DEBIAN" -type f ! -name conffiles ! -name md5sums -exec chmod 755 {} +
  find "$to" -type d -exec chmod 755 {} +
  chmod 644 "$to/DEBIAN/md5sums"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s <%s>\n' "$name" "$VERSION" "$ARCH" "$NAME" "$EMAIL"
    printf 'Installed-Size: %s\nSection: admin\nPriority: optional\n' "$(du -sk --apparent-size --exclude=DEBIAN "$to" | cut -f 1)"
    printf 'Homepage: https://cloud-analytics.example/\nDepends: %s\n' "$2"
    [ -z "${5:-}" ] || printf '%s\n' "$5"
    printf 'Description: %s\n%s\n' "$3" "$(printf '%s\n' "$4" | fold -s -w 76 | sed 's/^/ /; s/ *$//')"
  } >"$to/DEBIAN/control"
  find "$to" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group "-Z$COMPRESS" --build "$to" "$OUT/${name}_${VERSION}_$ARCH.deb" >/dev/null
  echo "${OUT#"$TOP/"}/${name}_${VERSION}_$ARCH.deb"
}

rm -f "$OUT"/*.deb
for part in common tools config aggregator node all; do mkdir -p "$(at $part)"; done
common
tools
service config config 'config service'
service aggregator aggregator aggregators
service node instrumenter instrumenter
join
mkdir -p "$(at node)/usr/share/cloud-analytics"
mv "$(at node)/etc/cloud-analytics/instrumenter.environment" "$(at node)/usr/share/cloud-analytics/"
rm -r "$(at node)/etc"
chmod 644 "$(at node)/usr/share/cloud-analytics/instrumenter.environment"
# These are of common, which the tools load them from, too.
rm -rf "$(at node)/$LIB/build/services/instrumenter/metrics" "$(at node)/$LIB/build/services/instrumenter/sources"

# dpkg refuses a file of two packages.
twice=$(cd "$STAGE" && find cloud-analytics-* -type f ! -path '*/DEBIAN/*' | sed 's|[^/]*||' | sort | uniq -d)
[ -z "$twice" ] || { echo "in two packages: $twice" >&2; exit 1; }

# Each part loads with what is in its package and in common, and nothing else.
loads() { # package, main.js, arguments
  rm -rf "$STAGE/alone"
  mkdir "$STAGE/alone"
  cp -al "$(at common)/$LIB/." "$STAGE/alone/"
  cp -al "$(at "$1")/$LIB/." "$STAGE/alone/"
  shift
  said=$(cd / && env -i PATH="$PATH" CA_AMQP_URL=amqp://127.0.0.1:1/ node "$STAGE/alone/build/$@" 2>&1) || { echo "$1 does not load from its package: $said" >&2; exit 1; }
}
loads tools tools/cactl/main.js --version
loads tools tools/amqpsnoop/main.js --version
[ ! -d "$SOURCE/build/tools/node" ] || loads node tools/node/main.js --version
for part in 'config config' 'aggregator aggregator' 'node instrumenter'; do
  # Releases before --check would start.
  [ ! -e "$SOURCE/smf/sysusers.conf" ] || loads "${part% *}" "services/${part#* }/main.js" --check
done

libraries='libc6 (>= 2.28), libgcc-s1 (>= 3.4), libstdc++6 (>= 9)'
[ "$NODE" = bundled ] && runtime=$libraries || runtime="nodejs (>= 20), libc6 (>= 2.28)"
same="cloud-analytics-common (= $VERSION)"
about='Cloud Analytics counts what programs wait for in the kernels of a fleet, merges the distributions of all machines each second, and shows them as heatmaps.'
package common "$runtime, systemd" 'fleet-wide latency heatmaps: what all parts share' "$about This package has the code and the Node.js packages that all parts run on."
package tools "$same, $runtime" 'fleet-wide latency heatmaps: cactl and amqpsnoop' "$about This package has the command line: cactl asks questions and shows what is wrong, amqpsnoop shows what the parts say to each other."
package config "$same" 'fleet-wide latency heatmaps: config service and front door' "$about This package has the config service, which owns the questions and serves the API and the page. A deployment has one."
package aggregator "$same" 'fleet-wide latency heatmaps: aggregators' "$about This package has the aggregators, which merge and keep the values: one for each CPU of a machine."
package node "$same" 'fleet-wide latency heatmaps: instrumenter of a node' "$about This package has the instrumenter, which counts in this machine's kernel what is asked for, and nothing else."
package all "$same, cloud-analytics-config (= $VERSION), cloud-analytics-aggregator (= $VERSION), cloud-analytics-node (= $VERSION), cloud-analytics-tools (= $VERSION)" \
  'fleet-wide latency heatmaps: all parts, for a single machine' "$about This package pulls in all parts. They need a RabbitMQ, here or elsewhere; /usr/share/doc/cloud-analytics-common/fleet.md says how they find it." 'Recommends: rabbitmq-server (>= 3.10)'
