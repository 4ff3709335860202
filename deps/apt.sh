# Sourced by the scripts that fetch Debian packages, in deps/. Packages are unpacked in a folder of the checkout; their
# own scripts never run. So no root is needed, no service is enabled or started, and removing the folder removes all.
#   own_apt ARGS …             apt-get with lists, cache and log of its own below $APT, and the machine's own sources,
#                              proxies and keys; prints nothing but what was asked for, errors to $LOG
#   own_mirror                 the first of the machine's sources that has a Debian suite, not its security updates
#   unpack FOLDER              unpacks what was downloaded, but for the C library (UNPACK_ALL=yes: that too)
#   said                       the first error or warning in $LOG
APT=$PWD/build/apt
LOG=$PWD/build/fetch.log

# A mirror that trickles must not hold up everybody.
own_apt() {
  mkdir -p "$APT/lists/partial" "$APT/archives/partial" "$APT/log"
  timeout "${SECONDS_TO_FETCH:-900}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq -c "$PWD/apt.conf" \
    -o Dir::State::lists="$APT/lists" -o Dir::Cache="$APT" -o Dir::Cache::archives="$APT/archives" \
    -o Dir::Log="$APT/log" "$@" </dev/null 2>>"$LOG"
}

own_mirror() {
  own_apt update >/dev/null
  own_apt indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\{0,1\}$'
}

said() {
  grep -a '^[EW]:' "$LOG" | head -n 1 | cut -c 1-300
}

# Links to absolute paths would lead out of the folder.
unpack() {
  mkdir -p "$1"
  for package in "$APT"/archives/*.deb; do
    # A C library besides the machine's own would not fit to its loader.
    case ${package##*/}:${UNPACK_ALL:-no} in
    '*.deb':* | libc6_*:no | libc-bin_*:no) ;;
    *) dpkg-deb -x "$package" "$1" 2>>"$LOG" || return 1 ;;
    esac
  done
  rm -rf "$APT/archives"
  find "$1" -type l -lname '/*' | while IFS= read -r link; do
    target=$(readlink "$link")
    if [ -e "$1$target" ]; then ln -sfn "$(realpath -s --relative-to="$(dirname "$link")" "$1$target")" "$link"; fi
  done
}
