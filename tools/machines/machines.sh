# Machines booted by systemd-nspawn, with a network of their own; read by the scripts beside it, which run in namespaces of
# their own (own_namespaces): bridge, mounts and processes end with them. Images are made once and kept in $IMAGES.
WORK= NUMBER=1
IMAGES=${CA_MACHINES:-$PWD/build/cache/machines}
NET=10.99.0

# Starts the script again where nothing of it can stay behind: not a process, a mount, or an address.
own_namespaces() {
  [ "${IN_NAMESPACES:-}" = yes ] && return
  [ "$(id -u)" -eq 0 ] || { echo 'machines are made by root alone: sudo make fleet-test' >&2; exit 1; }
  for program in systemd-nspawn mmdebstrap dpkg-deb; do
    command -v "$program" >/dev/null || { echo "missing: $program; fix: apt-get install systemd-container mmdebstrap dpkg" >&2; exit 1; }
  done
  IN_NAMESPACES=yes exec timeout --kill-after=10 "${LIMIT:-900}" unshare --net --mount --pid --fork --kill-child --mount-proc --propagation private "$0" "$@"
}

# Out: a folder with a Debian of that name as it comes; `broker` is one with RabbitMQ.
image() {
  local suite=$1 with=systemd,systemd-sysv,dbus,iproute2,procps,libstdc++6
  [ "$1" != broker ] || suite=bookworm with=$with,rabbitmq-server
  if ! [ -d "$IMAGES/$1" ]; then
    mkdir -p "$IMAGES" && rm -rf --one-file-system "$IMAGES/$1.new"
    mirror=${CA_DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\{0,1\}$')}
    mmdebstrap --quiet --variant=minbase --include="$with" "$suite" "$IMAGES/$1.new" "$mirror" >"$IMAGES/$1.log" 2>&1 ||
      { tail -n 5 "$IMAGES/$1.log" >&2; return 1; }
    mv "$IMAGES/$1.new" "$IMAGES/$1"
  fi
}

network() {
  WORK=$(mktemp -d /var/tmp/ca-machines.XXXXXX)
  trap 'status=$?; kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; umount -R "$WORK" 2>/dev/null; rm -rf --one-file-system "$WORK"; exit $status' EXIT
  trap 'exit 130' INT TERM HUP
  # What is written there is gone with the namespace.
  mount -t tmpfs -o size=4g machines "$WORK"
  ip link set lo up
  ip link add ca-bridge type bridge
  ip addr add "$NET.1/24" dev ca-bridge
  ip link set ca-bridge up
  printf '127.0.0.1 localhost\n' >"$WORK/hosts"
}

# In: a name, an image, then options of nspawn. The machine has an address that the others know by its name.
make_machine() {
  local name=$1 suite=$2
  NUMBER=$((NUMBER + 1))
  image "$suite" || return 1
  mkdir -p "$WORK/$name.upper" "$WORK/$name.work" "$WORK/$name"
  mount -t overlay overlay -o "lowerdir=$IMAGES/$suite,upperdir=$WORK/$name.upper,workdir=$WORK/$name.work" "$WORK/$name"
  echo "$name" >"$WORK/$name/etc/hostname"
  printf '%s.%s %s\n' "$NET" "$NUMBER" "$name" >>"$WORK/hosts"
  echo "$NET.$NUMBER" >"$WORK/$name.address"
  rm -f "$WORK/$name/etc/machine-id" "$WORK/$name/etc/resolv.conf"
  : >"$WORK/$name/etc/machine-id"
  : >"$WORK/$name/etc/resolv.conf"
  cat >"$WORK/$name/etc/systemd/system/address.service" <<UNIT
[Unit]
DefaultDependencies=no
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip addr add $NET.$NUMBER/24 dev host0
ExecStart=ip link set host0 up
UNIT
  mkdir -p "$WORK/$name/etc/systemd/system/sysinit.target.wants"
  ln -s ../address.service "$WORK/$name/etc/systemd/system/sysinit.target.wants/"
}

# In: a name, then options of nspawn. Returns when systemd there has come up. What nspawn lets a machine do is what a machine
# can do: the kernel's programs and samples are let through, and nothing is granted beyond the units' own capabilities.
boot() {
  local name=$1 tries
  shift
  cp "$WORK/hosts" "$WORK/$name/etc/hosts"
  systemd-nspawn --quiet --keep-unit --register=no --directory="$WORK/$name" --network-bridge=ca-bridge --machine="$name" \
    --capability=CAP_BPF,CAP_PERFMON,CAP_SYS_RESOURCE --system-call-filter='bpf perf_event_open' "$@" --boot systemd.unified_cgroup_hierarchy="${UNIFIED:-1}" \
    >"$WORK/$name.console" 2>&1 </dev/null &
  echo $! >"$WORK/$name.pid"
  tries=300
  until leader "$name" >/dev/null && inside "$name" systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ] || ! kill -0 "$(cat "$WORK/$name.pid")" 2>/dev/null; then
      echo "$name does not boot:" >&2
      tail -n 15 "$WORK/$name.console" >&2
      return 1
    fi
    sleep 0.2
  done
}

leader() {
  local pid
  pid=$(cat "/proc/$(cat "$WORK/$1.pid")/task/$(cat "$WORK/$1.pid")/children" 2>/dev/null)
  [ -n "$pid" ] && echo "${pid%% *}"
}

inside() {
  local machine=$1
  shift
  nsenter --target "$(leader "$machine" | tr -d ' ')" --all --wdns=/ env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}

# In: a machine. Without power.
power_off() { kill -9 "$(leader "$1" | tr -d ' ')" 2>/dev/null; wait "$(cat "$WORK/$1.pid")" 2>/dev/null; }

address() { cat "$WORK/$1.address"; }

# In: a machine, then packages.
put() {
  local machine=$1
  shift
  mkdir -p "$WORK/$machine/root/packages"
  cp "$@" "$WORK/$machine/root/packages/"
}
