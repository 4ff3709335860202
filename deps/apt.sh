# Sourced by the install scripts, which say in one line of their own what is missing where this cannot help.
#   apt_install <how long> <package> …   installs Debian packages as root or through sudo, without ever starting a server
#                                        that they bring; talks on standard error; status 0: they are there
#   apt_advice <package> …               what a user can do instead, as the end of a sentence: "fix: …"
PATH=$PATH:/usr/sbin:/sbin

# One who is not root, and has no sudo that asks no password, cannot.
apt_as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

apt_possible() {
  command -v apt-get >/dev/null 2>&1 || return 1
  [ "$(id -u)" -eq 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }
}

apt_advice() {
  if command -v apt-get >/dev/null 2>&1; then
    echo "fix: sudo apt-get install $*"
  else
    echo 'fix: install it with the package manager of this system'
  fi
}

# Limits: on waiting for another apt, and on a mirror that says nothing.
apt_get() {
  apt_as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Acquire::http::Timeout=30 \
    -o Acquire::Retries=2 "$@" </dev/null
}

# In a process of its own: its trap is not the script's.
apt_install() (
  apt_possible || exit 1
  echo "installing $(shift && echo "$*") (about $1) …" >&2
  shift
  log=$(mktemp)
  policy=/usr/sbin/policy-rc.d
  made_policy=no
  cleanup() {
    rm -f "$log"
    if [ "$made_policy" = yes ]; then apt_as_root rm -f "$policy"; fi
  }
  trap cleanup EXIT
  trap 'exit 130' INT TERM
  # Packages start their servers on public ports unless a policy forbids it. A policy that is there is kept.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | apt_as_root tee "$policy" >/dev/null && apt_as_root chmod 755 "$policy" && made_policy=yes
  fi
  apt_get install -y --no-install-recommends "$@" >"$log" 2>&1 && exit 0
  # A new machine has no package lists yet.
  apt_get update >>"$log" 2>&1
  apt_get install -y --no-install-recommends "$@" >>"$log" 2>&1 && exit 0
  tail -n 20 "$log" >&2
  exit 1
)
