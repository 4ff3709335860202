#!/bin/sh
# make image: an OCI image of all parts, by buildah, from a root of Debian that mmdebstrap makes: the base system, and what is in our
# packages. In: PACKAGES, a folder of .deb files (build/packages); SUITE of Debian; CA_DEBIAN_MIRROR, by default that of the machine's own apt.
# Out: OUT, an oci-archive, for podman load or skopeo copy. Run by root; needs 1 GB below TMPDIR, and the mirror.
#
# A container runs one part: /usr/lib/cloud-analytics/method/run config, aggregator or instrumenter. By default as user 10001, who
# may do nothing; the node part is started as root, with four capabilities (deploy/kubernetes/node.yaml).
set -eu
umask 022
HERE=$(cd "$(dirname "$0")" && pwd)
TOP=$(cd "$HERE/../.." && pwd)
PACKAGES=${PACKAGES:-$TOP/build/packages}
OUT=${OUT:-$TOP/build/image/cloud-analytics.tar}
SUITE=${SUITE:-bookworm}
MIRROR=${CA_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m 1 '/debian/\{0,1\}$' || true)}
OWNER=10001
for program in buildah mmdebstrap dpkg-deb; do
  command -v "$program" >/dev/null || { echo "missing: $program; fix: apt-get install buildah mmdebstrap dpkg" >&2; exit 1; }
done
[ -n "$MIRROR" ] || { echo "this machine's apt knows no mirror of Debian; fix: set CA_DEBIAN_MIRROR" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo 'an image is made by root; fix: sudo make image' >&2; exit 1; }
set -- "$PACKAGES"/cloud-analytics-*.deb
[ -e "$1" ] || { echo "missing: packages in $PACKAGES; fix: make packages" >&2; exit 1; }
VERSION=$(dpkg-deb -f "$1" Version)
# A tag has no "+".
TAG=$(printf '%s' "$VERSION" | tr + -)

STAGE=$(mktemp -d)
# A storage of its own: nothing of the machine's is touched.
build() { buildah --storage-driver vfs --root "$STAGE/storage" --runroot "$STAGE/run" "$@"; }
trap 'rm -rf "$STAGE"' EXIT
echo "fetching Debian's base system ($SUITE) …" >&2
mmdebstrap --quiet --variant=essential --include=ca-certificates,libstdc++6 \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' "$SUITE" "$STAGE/root" "$MIRROR"
for package in "$@"; do dpkg-deb -x "$package" "$STAGE/root"; done
rm -rf "$STAGE/root/usr/share/man" "$STAGE/root/usr/lib/systemd/system"/cloud-analytics* "$STAGE/root/dev"/*
# Settings are the container's environment. Nobody but root changes what is run.
rm -f "$STAGE/root/etc/cloud-analytics"/*
echo "cloud-analytics:x:$OWNER:$OWNER:Cloud Analytics:/nonexistent:/usr/sbin/nologin" >>"$STAGE/root/etc/passwd"
echo "cloud-analytics:x:$OWNER:" >>"$STAGE/root/etc/group"
# What gains rights in Debian is of no use here.
find "$STAGE/root" -xdev -type f -perm /6000 -exec chmod ug-s {} +

container=$(build from scratch)
build copy --quiet "$container" "$STAGE/root" / >/dev/null
build config --user "$OWNER:$OWNER" --workingdir /usr/lib/cloud-analytics --cmd '/usr/lib/cloud-analytics/method/run' --stop-signal SIGTERM \
  --label org.opencontainers.image.title=cloud-analytics --label "org.opencontainers.image.version=$VERSION" "$container"
build commit --quiet --rm "$container" "cloud-analytics:$TAG" >/dev/null
mkdir -p "$(dirname "$OUT")"
rm -f "$OUT"
build push --quiet "cloud-analytics:$TAG" "oci-archive:$OUT:cloud-analytics:$TAG"
echo "${OUT#"$TOP/"}: cloud-analytics:$TAG, $(du -m "$OUT" | cut -f 1) MB"
