#!/bin/bash
# make fleet-test-short: the packages on this machine's own Debian, whose root is the lower half of an overlay: nothing is fetched,
# nothing of this machine changes, and what an uninstall leaves behind is what is in the upper half. From an apt repository that is
# made of the packages, where there is reprepro. No service runs: `make fleet-test` boots machines. OLD=folder: upgrades from there, too.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ "$(id -u)" -eq 0 ] || { echo 'skipped: only root can mount an overlay; fix: sudo make fleet-test-short'; exit 0; }
command -v apt-get >/dev/null || { echo 'skipped: this machine has no apt, and packages are for Debian'; exit 0; }
if [ "${IN_NAMESPACES:-}" != yes ]; then
  IN_NAMESPACES=yes exec timeout --kill-after=10 "${LIMIT:-600}" unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private "$0" "$@"
fi
. tools/machines/claims.sh
PACKAGES=(build/packages/*.deb)
[ -e "${PACKAGES[0]}" ] || { echo 'missing: packages; fix: make packages' >&2; exit 1; }
VERSION=$(dpkg-deb --field "${PACKAGES[0]}" Version)

# A tmpfs ends with the namespace.
mount -t tmpfs -o size=2g short /mnt && mkdir /mnt/upper /mnt/work /mnt/root || exit 1
if ! mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root; then
  echo 'skipped: an overlay cannot be mounted on the root of this machine'
  exit 0
fi
ROOT=/mnt/root
for folder in dev proc; do mount --rbind "/$folder" "$ROOT/$folder"; done
for folder in tmp run var/log var/cache var/lib/apt; do mount -t tmpfs tmpfs "$ROOT/$folder"; done
# As in any chroot: there is no systemd that could start anything.
mkdir -p "$ROOT/tmp/packages" "$ROOT/tmp/old" "$ROOT/var/lib/apt/lists/partial" "$ROOT/var/cache/apt/archives/partial"
cp "${PACKAGES[@]}" "$ROOT/tmp/packages/"
[ -z "${OLD:-}" ] || cp "$OLD"/*.deb "$ROOT/tmp/old/"
inside() { chroot "$ROOT" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

if command -v reprepro >/dev/null; then
  OUT=$ROOT/tmp/apt deploy/debian/repository.sh >/tmp/repository 2>&1
  claim 'make apt-repository makes a repository of the packages' eval '[ $? -eq 0 ] && grep cloud-analytics-node /tmp/repository || { cat /tmp/repository; false; }'
  echo 'deb [trusted=yes] file:/tmp/apt stable main' >"$ROOT/tmp/sources.list"
else
  echo 'not tried: an apt repository (there is no reprepro); apt installs the files'
fi
# Without any other source, and without the network.
apt() { inside apt-get --yes --quiet --no-install-recommends --option Dir::Etc::sourcelist=/tmp/sources.list --option Dir::Etc::sourceparts=/dev/null --option Dpkg::Options::=--force-unsafe-io --option APT::Sandbox::User=root "$@"; }
[ -e "$ROOT/tmp/sources.list" ] || : >"$ROOT/tmp/sources.list"
claim 'apt-get update takes it, without the network' apt update
everything() {
  if command -v reprepro >/dev/null; then apt install cloud-analytics; else apt install $(cd "$ROOT" && echo ./tmp/packages/*.deb); fi
}
installed() { inside dpkg-query --show --showformat '${db:Status-Abbrev} ${Version}\n' 'cloud-analytics*' | sort -u | grep -v '^[up]n'; }
version_is() { [ "$(installed)" = "ii  $1" ] || { installed; false; }; }

if [ -n "${OLD:-}" ]; then
  OLD_VERSION=$(dpkg-deb --field "$(find "$OLD" -name 'cloud-analytics-common_*')" Version)
  claim 'the last release is installed' eval 'inside sh -c "apt-get --yes install /tmp/old/*.deb" && version_is "$OLD_VERSION"'
  echo '# mine' >>"$ROOT/etc/cloud-analytics/config.environment"
fi
claim 'all parts are installed by apt-get install cloud-analytics' eval 'everything && version_is "$VERSION"'
[ -z "${OLD:-}" ] || claim 'settings that were changed stay as they are' grep '^# mine' "$ROOT/etc/cloud-analytics/config.environment"
says() { # service, what is missing
  local said
  said=$(inside /usr/lib/cloud-analytics/method/run "$1" --check 2>&1) && return 1
  grep -- "$2" <<<"$said" || { echo "$said"; false; }
}
claim 'a service without settings is not started, and says what it misses' eval 'for s in config aggregator instrumenter; do says $s "CA_AMQP_URL must name the broker" || exit 1; done'
inside sh -c "umask 077; echo CA_AMQP_URL=amqp://guest:guest@127.0.0.1:5672/ >/etc/cloud-analytics/environment"
claim 'one line for all services of a machine is enough: run SERVICE --check says that settings are in order' eval 'for s in config aggregator instrumenter; do inside /usr/lib/cloud-analytics/method/run $s --check | grep "in order" || exit 1; done'
claim 'settings are for root alone' eval '[ "$(stat -c %a "$ROOT"/etc/cloud-analytics/*environment | sort -u)" = 600 ]'
claim 'each service is enabled: aggregators one for each CPU' eval 'cd "$ROOT/etc/systemd/system/multi-user.target.wants" && ls -d cloud-analytics-config.service cloud-analytics-instrumenter.service "cloud-analytics-aggregator@$(($(nproc) - 1)).service"'
claim 'cactl, amqpsnoop and cloud-analytics are on the path, with man pages' eval \
  'inside cactl --version && inside amqpsnoop --version && inside cloud-analytics --version && ls "$ROOT"/usr/share/man/man1/cactl.1.gz "$ROOT"/usr/share/man/man8/cloud-analytics-{config,aggregator,instrumenter}.8.gz'
doctor() { inside cloud-analytics doctor; [ $? -le 1 ]; }
claim 'cloud-analytics doctor says what this machine can gather' doctor
claim 'installed once more, nothing changes' eval 'everything && version_is "$VERSION"'
for user in '' -aggregator -node; do
  mkdir -p "$ROOT/var/lib/cloud-analytics$user/kept"
  inside chown -R "cloud-analytics$user:" "/var/lib/cloud-analytics$user"
done
claim 'removing keeps settings and state' eval 'apt remove "cloud-analytics*" && ls -d "$ROOT"/etc/cloud-analytics/config.environment "$ROOT"/var/lib/cloud-analytics-node/kept'
claim 'purging works after removing' apt purge 'cloud-analytics*'
# What apt, dpkg and those who look after users and man pages write in any case.
OWN='^/(var/lib/(dpkg|apt|systemd)/|var/cache/|etc/\.?(passwd|group|shadow|gshadow|subuid|subgid)[-.a-z]*$|etc/(ld\.so\.cache|\.pwd\.lock)$|root/\.)'
left() {
  local file
  (cd /mnt/upper && find . \( -type f -o -type l \) -printf '/%P\n' | grep -vE "$OWN")
  # A folder that this machine has not.
  (cd /mnt/upper && find . -type d -printf '/%P\n') | while read -r folder; do [ -d "$folder" ] || grep -E "$OWN" <<<"$folder/" >/dev/null || echo "$folder"; done
  (cd /mnt/upper && find . -name '*cloud-analytics*' -printf '/%P\n')
  for file in passwd group shadow gshadow; do diff "/etc/$file" "$ROOT/etc/$file"; done
  inside dpkg-query --list 'cloud-analytics*' 2>/dev/null | grep -E '^(ii|rc)'
}
claim 'purging leaves nothing: no file, no folder, no user, no package' eval '! left | sort -u | grep .'

[ "$FAILED" -eq 0 ] && echo 'fleet-test-short: all ok'
exit $((FAILED > 0))
