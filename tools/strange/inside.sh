#!/bin/sh
# One user's first hour on a strange machine: inside.sh MACHINE USER FOLDER, as root in it. Each claim is one line.
set -u
MACHINE=$1 WHO=$2 FOLDER=$3
PORT=23181
LOGS=/tmp/strange
mkdir -p "$LOGS" && chmod 777 "$LOGS"
failed=0
passed=0
begun=$(date +%s)

claim() {
  what=$1
  shift
  since=$(date +%s)
  if "$@" >"$LOGS/claim" 2>&1; then
    passed=$((passed + 1))
    echo "ok $MACHINE, $WHO: $what ($(($(date +%s) - since)) s)"
  else
    echo "FAILED $MACHINE, $WHO: $what"
    tail -n 25 "$LOGS/claim" | cut -c 1-300 | sed 's/^/    /'
    failed=$((failed + 1))
  fi
}

# As the user, in the folder.
me() {
  if [ "$WHO" = root ]; then
    (cd "$FOLDER" && exec "$@")
  else
    (cd "$FOLDER" && exec setpriv --reuid="$WHO" --regid="$WHO" --init-groups env HOME="/home/$WHO" "$@")
  fi
}

# What there is besides the folder: files with owner, mode and size; this shell's files and npm's cache aside.
listing() {
  find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /run -o -path "$FOLDER" -o -path '*/.npm' \) -prune -o \
    ! -type d -printf '%p %u %m %s %l\n' -o -type d -printf '%p %u %m\n' | sort
}

# Processes of this machine, by the root folder that they have: there may be others in /proc, which are nobody's business here.
ours() {
  here=$(stat -L -c %d:%i /)
  for root in /proc/[0-9]*/root; do
    if [ "$(stat -L -c %d:%i "$root" 2>/dev/null)" = "$here" ]; then
      pid=${root#/proc/}
      echo "${pid%/root}"
    fi
  done
}

running() {
  for pid in $(ours); do
    { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | cut -c 1-80
    echo
  done | grep . | grep -vE 'strange-inside|^(sort|grep|cut|tr) ' | sort
}

# Runs "make run" (or what stands for it) in the background; ready when it says so.
system_up() {
  : >"$LOGS/run"
  chmod 666 "$LOGS/run"
  me setsid env CA_HTTP_PORT="$PORT" "$@" >"$LOGS/run" 2>&1 </dev/null &
  seconds=0
  until grep -q '^Cloud Analytics ready at' "$LOGS/run"; do
    seconds=$((seconds + 1))
    [ "$seconds" -le 240 ] && kill -0 $! 2>/dev/null || { cat "$LOGS/run"; return 1; }
    sleep 1
  done
}

# Those whose command line matches.
ours_like() {
  for pid in $(ours); do
    if { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qE "$1"; then echo "$pid"; fi
  done
}

system_down() {
  for pid in $(ours_like '^[^ ]*node build/tools/stack/main.js'); do kill "-$1" "$pid"; done
  seconds=0
  while [ -n "$(ours_like 'build/|beam|epmd')" ]; do
    seconds=$((seconds + 1))
    [ "$seconds" -le 20 ] || { running; return 1; }
    sleep 1
  done
}

# The README's blocks of commands that begin with curl, with the port of this system; without the kernel's events those that it
# names in their place, and not the question about single system calls.
curl_lines() {
  cd "$LOGS" && rm -f curl-* || return 1
  awk '/^```sh/ { first = 1; next } /^```/ { on = 0 } first { on = /^curl/; first = 0; n++ } on { print > "curl-" n }' "$FOLDER/README.md"
  [ "$(cat curl-* | grep -c '^curl')" -ge 6 ] || return 1
  kernel=$(grep -c 'gathering with.*bpf' run)
  for block in $(ls curl-* | sort -V); do
    sed -i "s/23181/$PORT/g; s/^curl /curl --fail-with-body /" "$block"
    if [ "$kernel" -eq 0 ]; then
      grep -q '"predicate"' "$block" && continue
      sed -i 's/"module":"syscall","stat":"syscalls","decomposition":\["execname","latency"\]/"module":"cpu","stat":"cpus","decomposition":["cpu","utilization"]/' "$block"
    fi
    sh -ex "$block" || return 1
    sleep 2
  done
  head -c 8 heatmap.png | grep -q PNG
}

# What fails is run once more, file by file: other work on the machine must not decide. What failed stands at the end.
tests() {
  me rm -rf build/reports
  me "$@" || me make again || { me make report; return 1; }
  me make report BUDGET=2
  set -- $?
  mkdir -p /run/strange && rm -rf /run/strange/reports && cp -r "$FOLDER/build/reports" /run/strange/reports
  return "$1"
}

# What a claim about tests has counted.
counted() {
  grep -E '^(unsteady: |skipped [0-9]+: |[0-9]+ passed, )' "$LOGS/claim" | sort -u | cut -c 1-200 | sed 's/^/    /'
}

free_port() {
  for port in 23181 25181 26181 27181 28181; do
    # Two of these scripts at once shall not choose the same.
    [ "$WHO" = root ] || port=$((port + 50))
    if ! curl -s -o /dev/null --max-time 2 "http://127.0.0.1:$port/"; then echo "$port" && return; fi
  done
}

same() {
  diff "$1" "$2"
}

PORT=$(free_port)
listing >"$LOGS/files-before"
running >"$LOGS/processes-before"
claim 'make run is ready' system_up make run
grep -E '^(missing|gathering)' "$LOGS/run" | cut -c 1-150 | sed 's/^/    /'
claim "the README's lines with curl" curl_lines
claim 'cactl summary' me env CA_HTTP_PORT="$PORT" node build/tools/cactl/main.js summary
claim 'SIGINT ends everything' system_down INT
running >"$LOGS/processes-after"
claim 'no process is left' same "$LOGS/processes-before" "$LOGS/processes-after"
if [ "$WHO" != root ]; then
  claim 'sudo make run is ready in the same folder' system_up sudo --preserve-env=CA_HTTP_PORT,npm_config_registry,NODE_EXTRA_CA_CERTS make run
  claim 'cactl finds it as the user' me env CA_HTTP_PORT="$PORT" node build/tools/cactl/main.js summary
  claim 'SIGTERM ends everything' system_down TERM
  claim 'after sudo the folder is all the user’s' sh -c 'test -z "$(find "$1" -user root | head -n 5 | tee /dev/stderr)"' sh "$FOLDER"
  claim 'and make run as the user is ready' system_up make run
  claim 'SIGTERM ends this, too' system_down TERM
fi
if [ -z "${QUICK:-}" ]; then
  if [ "$WHO" = root ] || [ -n "${FULL:-}" ]; then part=test; else part=check; fi
  claim "make $part" tests make "$part"
  counted
fi
claim 'make clean' me make clean
claim 'make uninstall' me make uninstall
listing >"$LOGS/files-after"
running >"$LOGS/processes-after"
claim 'files and services are those of before' same "$LOGS/files-before" "$LOGS/files-after"
claim 'processes are those of before' same "$LOGS/processes-before" "$LOGS/processes-after"
claim 'the folder holds what git knows, no more' sh -c 'test -z "$(ls -A "$1" | grep -xE "build|node_modules|\.run")"' sh "$FOLDER"
echo "$MACHINE, $WHO: $passed claims hold, $failed do not, after $(($(date +%s) - begun)) s"
[ "$failed" -eq 0 ]
