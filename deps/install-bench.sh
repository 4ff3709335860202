#!/bin/sh
# Puts what `make bench` compares us with on a Debian or Ubuntu machine: HAProxy and bpftrace. The system's own HAProxy
# is never started. In: root, or sudo. Out: both programs, or one line each that says what to do; the benchmark leaves
# out what it cannot compare.
set -u
. "$(dirname "$0")/apt.sh"

wanted=
for program in haproxy bpftrace; do
  command -v $program >/dev/null 2>&1 || wanted="$wanted $program"
done
[ -z "$wanted" ] && exit 0

# shellcheck disable=SC2086 # several names
apt_install '30 s' $wanted && exit 0
for program in $wanted; do
  echo "missing: $program, which the benchmark compares this with; $(apt_advice "$program")" >&2
done
exit 1
