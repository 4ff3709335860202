#!/bin/sh
# Puts what `make bench` compares us with on a Debian or Ubuntu machine: HAProxy and bpftrace. The system's own HAProxy
# is never started. In: root, or sudo. Out: both programs, or one line each that says what to do; the benchmark leaves
# out what it cannot compare.
set -u
POLICY=/usr/sbin/policy-rc.d
PATH=$PATH:/usr/sbin:/sbin

wanted=
for program in haproxy bpftrace; do
  command -v $program >/dev/null 2>&1 || wanted="$wanted $program"
done
if [ -z "$wanted" ]; then
  exit 0
fi

give_up() {
  for program in $wanted; do
    echo "missing: $program, which the benchmark compares this with; fix: sudo apt-get install $program" >&2
  done
  exit 1
}

if [ "$(id -u)" -eq 0 ]; then
  AS_ROOT=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  AS_ROOT='sudo -n'
else
  give_up
fi
command -v apt-get >/dev/null 2>&1 || give_up

# The haproxy package starts a server unless a policy forbids it. A policy that is there is kept.
made_policy=no
if [ ! -e "$POLICY" ]; then
  printf '#!/bin/sh\nexit 101\n' | $AS_ROOT tee "$POLICY" >/dev/null && $AS_ROOT chmod 755 "$POLICY" && made_policy=yes
fi
cleanup() { if [ "$made_policy" = yes ]; then $AS_ROOT rm -f "$POLICY"; fi; }
trap cleanup EXIT
trap 'exit 130' INT TERM

install() {
  # shellcheck disable=SC2086 # several names
  $AS_ROOT env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends $wanted </dev/null
}
echo "installing$wanted (about 30 s) …"
log=$(mktemp)
if ! install >"$log" 2>&1; then
  # A new machine has no package lists yet.
  $AS_ROOT apt-get -o DPkg::Lock::Timeout=120 update -qq </dev/null >>"$log" 2>&1
  if ! install >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    give_up
  fi
fi
rm -f "$log"
