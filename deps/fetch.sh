#!/bin/sh
# Puts programs that the machine lacks below deps/build, from the packages of its own Debian or Ubuntu: nothing outside of
# deps/build is touched, no service comes with them, and no root is needed.
#   fetch.sh GROUP …          fetches what is missing of these groups; a program is then deps/build/bin/NAME
#   fetch.sh --plan GROUP …   says how many packages that would be, and how much; prints nothing when nothing is missing
#   fetch.sh --path NAME      prints the path of a program: the machine's own, or the fetched one
# Groups: broker (for make run), tests, bench, kernels; or the name of one program. One line says what could not be had, and why.
set -u
cd "$(dirname "$0")" || exit 1
. ./apt.sh
SYSTEM=$PWD/build/system
BIN=$PWD/build/bin

programs_of() {
  case $1 in
  broker) echo rabbitmq-server ;;
  tests) echo xmllint groff tmux zsh fish python3 postgres mariadbd nginx chromium cc prometheus promtool ;;
  bench) echo haproxy bpftrace ;;
  kernels) echo qemu-system-x86_64 qemu-system-aarch64 busybox ;;
  *) echo "$1" ;;
  esac
}

packages_of() {
  case $1 in
  xmllint) echo libxml2-utils ;;
  postgres) echo postgresql ;;
  mariadbd) echo mariadb-server-core ;;
  chromium) echo chromium fonts-dejavu-core ;;
  cc) echo gcc ;;
  qemu-system-x86_64) echo qemu-system-x86 seabios ;;
  qemu-system-aarch64) echo qemu-system-arm ;;
  busybox) echo busybox-static ;;
  promtool) echo prometheus ;;
  *) echo "$1" ;;
  esac
}

what_for() {
  case $1 in
  rabbitmq-server) echo 'the message broker between the services' ;;
  cc) echo 'which builds the probes of Node.js programs (node.httpd_ops and others)' ;;
  haproxy | bpftrace) echo 'which the benchmark compares this with' ;;
  qemu-system-* | busybox) echo 'which make kernels boots other kernels with' ;;
  *) echo 'which some tests run; they are skipped, and say so' ;;
  esac
}

advice_for() {
  case $1 in
  rabbitmq-server) echo ', or set CA_AMQP_URL to a broker that you have' ;;
  chromium) echo ', or set CA_CHROMIUM to one that you have' ;;
  esac
}

# The machine's own; some lie where no PATH leads.
installed() {
  case $1 in
  rabbitmq-server) first_of /usr/lib/rabbitmq/bin/rabbitmq-server ;;
  postgres) first_of /usr/lib/postgresql/*/bin/postgres ;;
  chromium) first_of "${CA_CHROMIUM:-}" /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome ;;
  haproxy) PATH=$PATH:/usr/sbin command -v haproxy ;;
  *) command -v "$1" ;;
  esac
}

first_of() {
  for file in "$@"; do
    if [ -x "$file" ]; then
      echo "$file"
      return 0
    fi
  done
  return 1
}

path_of() {
  installed "$1" || first_of "$BIN/$1"
}

# Writes deps/build/bin/NAME, which runs the unpacked program with its libraries; its last lines come from standard input.
# The checkout may be moved: paths are found when it runs.
wrap() {
  mkdir -p "$BIN"
  {
    cat <<'HEAD'
#!/bin/sh
# Made by deps/fetch.sh.
S=$(cd "$(dirname "$0")/../system" && pwd) || exit 127
for folder in "$S"/lib/*-linux-gnu* "$S"/usr/lib/*-linux-gnu* "$S"/usr/lib/*-linux-gnu*/nss "$S"/usr/lib/*-linux-gnu*/pulseaudio; do
  if [ -d "$folder" ]; then LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder; fi
done
export LD_LIBRARY_PATH
HEAD
    cat
  } >"$BIN/$1.new" && chmod 755 "$BIN/$1.new" && mv "$BIN/$1.new" "$BIN/$1"
}

# What of each program only works at its usual place is set here. Status 1: its package does not have it after all.
put_in_place() {
  case $1 in
  rabbitmq-server)
    first_of "$SYSTEM"/usr/lib/rabbitmq/lib/*/sbin/rabbitmq-server >/dev/null || return 1
    # Folders with blanks in their names, and an Erlang that may lie anywhere.
    sed -i 's|^\. ${RABBITMQ_SCRIPTS_DIR}/rabbitmq-defaults|. "${RABBITMQ_SCRIPTS_DIR}/rabbitmq-defaults"|' \
      "$SYSTEM"/usr/lib/rabbitmq/lib/*/sbin/rabbitmq-env
    for erl in "$SYSTEM"/usr/lib/erlang/bin/erl "$SYSTEM"/usr/lib/erlang/erts-*/bin/erl; do
      if [ -e "$erl" ]; then sed -i 's|ROOTDIR=/usr/lib/erlang$|ROOTDIR=${CA_ERLANG:-/usr/lib/erlang}|' "$erl"; fi
    done
    for name in rabbitmq-server rabbitmqctl; do
      # Where the machine has an Erlang without what RabbitMQ needs, that is all that was fetched.
      wrap "$name" <<BODY
for RABBITMQ_SCRIPTS_DIR in "\$S"/usr/lib/rabbitmq/lib/*/sbin; do :; done
if [ -x "\$S/usr/lib/erlang/bin/erl" ]; then
  export CA_ERLANG="\$S/usr/lib/erlang"
else
  export ERL_LIBS="\$S/usr/lib/erlang/lib"
fi
export RABBITMQ_SCRIPTS_DIR PATH="\$S/usr/lib/erlang/bin:\$PATH:\$S/usr/bin"
exec "\$RABBITMQ_SCRIPTS_DIR/$name" "\$@"
BODY
    done
    wrap epmd <<'BODY'
for epmd in "$S"/usr/lib/erlang/erts-*/bin/epmd; do [ -x "$epmd" ] && exec "$epmd" "$@"; done
exec /usr/bin/epmd "$@"
BODY
    ;;
  groff)
    wrap groff <<'BODY'
for version in "$S"/usr/share/groff/[0-9]*; do :; done
export GROFF_FONT_PATH="$version/font" GROFF_TMAC_PATH="$version/tmac:$S/etc/groff" GROFF_BIN_PATH="$S/usr/bin" PATH="$S/usr/bin:$PATH"
exec "$S/usr/bin/groff" "$@"
BODY
    ;;
  zsh | fish)
    # These find their own files at fixed paths only: they see the fetched /usr over the machine's, and only they do.
    wrap "$1" <<BODY
if [ "\$(id -u)" -eq 0 ]; then root=; else root='--user --map-root-user'; fi
exec unshare \$root --mount --propagation private sh -c 'here=\$PWD; cd "\$1" && mount -t overlay overlay -o lowerdir=usr:/usr /usr && cd "\$here" && shift && exec "\$@"' sh "\$S" /usr/bin/$1 "\$@"
BODY
    ;;
  postgres)
    for file in "$SYSTEM"/usr/lib/postgresql/*/bin/*; do
      wrap "${file##*/}" <<BODY
exec "\$S/${file#"$SYSTEM"/}" "\$@"
BODY
    done
    ;;
  chromium)
    [ -x "$SYSTEM/usr/lib/chromium/chromium" ] || return 1
    # Root would fill the machine's cache of fonts.
    sed -i '/<cachedir>\/var/d' "$SYSTEM/etc/fonts/fonts.conf"
    wrap chromium <<'BODY'
export FONTCONFIG_PATH="$S/etc/fonts" XDG_DATA_HOME="$S/usr/share"
exec "$S/usr/lib/chromium/chromium" "$@"
BODY
    ;;
  qemu-system-*)
    wrap "$1" <<BODY
for modules in "\$S"/usr/lib/*/qemu; do export QEMU_MODULE_DIR="\$modules"; done
exec "\$S/usr/bin/$1" -L "\$S/usr/share/qemu" -L "\$S/usr/share/seabios" "\$@"
BODY
    ;;
  busybox)
    wrap busybox <<'BODY'
exec "$S/bin/busybox" "$@"
BODY
    ;;
  cc)
    wrap cc <<'BODY'
export PATH="$S/usr/bin:$PATH"
exec "$S/usr/bin/gcc" "$@"
BODY
    ;;
  *)
    path=$(cd "$SYSTEM" && first_of "usr/bin/$1" "usr/sbin/$1") || return 1
    wrap "$1" <<BODY
exec "\$S/$path" "\$@"
BODY
    ;;
  esac
  [ -x "$BIN/$1" ]
}

missing() {
  echo "missing: $1, $(what_for "$1"): $2; fix: $3$(advice_for "$1")" >&2
}

# Out: $wanted, programs that are missing and can be had; $packages, theirs. Says what cannot be had, and why.
look() {
  wanted= packages=
  for group in "$@"; do
    for program in $(programs_of "$group"); do
      path_of "$program" >/dev/null || wanted="$wanted $program"
    done
  done
  [ -n "$wanted" ] || return 0
  all=$wanted wanted=
  if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
    for program in $all; do
      missing "$program" 'it is fetched on Debian and Ubuntu only' 'install it with the package manager of this system (it need not run as a service)'
    done
    return 1
  fi
  mkdir -p "$APT" && : >"$LOG" || return 1
  if [ -z "$(find "$APT/lists" -maxdepth 1 -name '*Packages*' -mmin -60 2>/dev/null | head -n 1)" ]; then own_apt update >/dev/null; fi
  for program in $all; do
    : >"$LOG.one"
    # shellcheck disable=SC2046 # several names
    if LOG=$LOG.one own_apt -s install -y --no-install-recommends $(packages_of "$program") >/dev/null; then
      wanted="$wanted $program"
      packages="$packages $(packages_of "$program")"
    else
      # Where the lists could not be fetched, that is the reason.
      missing "$program" "apt says: $(cat "$LOG" "$LOG.one" | grep -a '^[EW]:' | head -n 1 | cut -c 1-300)" "see that the package sources of this machine offer $(packages_of "$program") and can be reached"
    fi
  done
  rm -f "$LOG.one"
}

# One line: packages and megabytes.
amount() {
  # shellcheck disable=SC2086 # several names
  own_apt --print-uris install -y --no-install-recommends $packages |
    awk '{ count++; bytes += $3 } END { printf "%d Debian packages, %d MB to download", count, bytes / 1e6 + 0.5 }'
}

fetch() {
  look "$@" || return 1
  [ -n "$wanted" ] || return 0
  echo "fetching$wanted into deps/build ($(amount)) …" >&2
  # shellcheck disable=SC2086 # several names
  own_apt install -y --download-only --no-install-recommends $packages >>"$LOG" &
  apt=$!
  seconds=0
  while kill -0 "$apt" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    [ $((seconds % 5)) -ne 0 ] || echo "  $(du -sm "$APT/archives" | cut -f 1) MB after $seconds s" >&2
  done
  if ! wait "$apt" || ! unpack "$SYSTEM"; then
    for program in $wanted; do
      missing "$program" "its packages could not be fetched: $(said)" 'see deps/build/fetch.log, then try again'
    done
    return 1
  fi
  echo "$release" >"$SYSTEM/release"
  status=0
  for program in $wanted; do
    put_in_place "$program" || {
      missing "$program" 'the package of this system does not hold the program' 'install one that you have'
      status=1
    }
  done
  return "$status"
}

# Programs of another release, or of the machine that this checkout was copied from, would not fit.
release=$(. /etc/os-release 2>/dev/null && echo "$ID ${VERSION_ID:-} $(uname -m)")
if [ -d "$SYSTEM" ] && [ "$(cat "$SYSTEM/release" 2>/dev/null)" != "$release" ]; then rm -rf "$SYSTEM" "$BIN"; fi

case ${1:-} in
--plan)
  shift
  look "$@"
  [ -z "$packages" ] || echo "$(amount) into deps/build:$wanted"
  ;;
--path) path_of "$2" || { fetch "$2" && path_of "$2"; } ;;
*) fetch "$@" ;;
esac
