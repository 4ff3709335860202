#!/bin/bash
# make fleet-test: the words of docs/fleet.md on machines: Debian 12 and 13 booted by systemd-nspawn with a network of their own,
# installed from the packages. One line for each claim; fails when one does not hold. OLD=folder: upgrades from the packages there, too
# (last-release.sh builds some).
set -u
cd "$(dirname "$0")/../.." || exit 1
. tools/machines/machines.sh
own_namespaces "$@"
. tools/machines/claims.sh

# In: seconds, then a command. Tried again until it succeeds.
within() {
  local until=$((SECONDS + $1)) said
  shift
  until said=$("$@" 2>&1); do
    if [ "$SECONDS" -ge "$until" ]; then
      echo "not within its time: $*: $said"
      return 1
    fi
    sleep 0.5
  done
  echo "$said"
}
install_on() { # machine, parts
  local machine=$1 part files=()
  shift
  for part in common "$@"; do files+=(/root/packages/cloud-analytics-"$part"_*.deb); done
  inside "$machine" sh -c "dpkg --force-unsafe-io --install ${files[*]}"
}
unit_is() { [ "$(inside "$1" systemctl is-active "$2")" = "$3" ]; }
ready() { inside "$1" test -e "/run/$2/ready"; }
journal() { inside "$1" journalctl --no-pager --unit "$2" --output cat; }
PACKAGES=(build/packages/*.deb)
[ -e "${PACKAGES[0]}" ] || { echo 'missing: packages; fix: make packages' >&2; exit 1; }

network
# What each is: the broker; ctl with the config service and aggregators; agg with aggregators alone; n1 and n2, nodes.
make_machine broker broker
make_machine ctl bookworm
make_machine agg trixie
make_machine n1 bookworm
make_machine n2 trixie
for machine in ctl agg n1 n2; do put "$machine" "${PACKAGES[@]}"; done
for machine in broker ctl agg n1 n2; do boot "$machine" || exit 1; done
echo "machines are up after $((SECONDS - SINCE)) s"

# The broker listens to the others, and has a user for each, as docs/fleet.md says.
inside broker sh -c 'mkdir -p /etc/rabbitmq; echo "listeners.tcp.default = 5672" >/etc/rabbitmq/rabbitmq.conf'
within 60 inside broker rabbitmqctl await_startup >/dev/null
declare -A URL=([n1]= [n2]= [ctl]= [agg]= [config]= [operator]=)
claim 'the tools alone can be installed, on Debian 13, without the network' install_on agg tools
user() { # name in URL, role, host
  local lines
  lines=$(inside agg cactl broker-user "$2" ${3:+"$3"} --broker "amqp://$(address broker):5672") || return 1
  URL[$1]=${lines##*CA_AMQP_URL=}
  inside broker sh -ec "$lines" >/dev/null
}
user config config
claim 'cactl broker-user makes users that the broker takes' [ $? -eq 0 ]
# The others with the same permissions, at once: each rabbitmqctl takes seconds.
others() {
  local identities='[{"role":"operator"}' who
  for who in aggregator-ctl aggregator-agg node-n1 node-n2; do identities+=",{\"role\":\"${who%-*}\",\"host\":\"${who#*-}\"}"; done
  node -e '
    const { definitionsOf, usersOf } = require("./build/tools/stack/broker-users.js");
    process.stdout.write(definitionsOf(usersOf(JSON.parse(process.argv[1]), ""), "fleet-test"));' "$identities]" >"$WORK/broker/var/lib/users.json" &&
    inside broker rabbitmqctl import_definitions /var/lib/users.json >/dev/null
}
others || exit 1
for who in operator aggregator-ctl aggregator-agg node-n1 node-n2; do
  URL[${who#*-}]=amqp://$who:$(printf %s "$who" | openssl dgst -sha256 -hmac fleet-test -r | cut -d ' ' -f 1)@$(address broker):5672
done

claim 'a service without settings is installed and not started, and says what it misses' eval \
  'install_on n1 node | grep -q "instrumenter is not started: .*CA_AMQP_URL must name the broker" && unit_is n1 cloud-analytics-instrumenter inactive'
set_up() { # machine, service, lines
  local machine=$1 service=$2
  shift 2
  printf '%s\n' "$@" | inside "$machine" sh -c "cat >>/etc/cloud-analytics/$service.environment"
}
# No TLS here: docs/joining.md, and the tests of it, have that.
set_up n1 instrumenter "CA_AMQP_URL=${URL[n1]}" CA_UNENCRYPTED=broker
claim 'run SERVICE --check says that settings are in order' inside n1 /usr/lib/cloud-analytics/method/run instrumenter --check
start() {
  inside "$1" systemctl start "$2" && within 30 ready "$1" "$2" && return
  journal "$1" "$2" | tail -n 9 | cut -c 1-300
  return 1
}
claim 'the instrumenter starts on Debian 12' start n1 cloud-analytics-instrumenter
claim 'all parts are installed on Debian 13 and Debian 12' eval 'install_on n2 node >/dev/null && install_on ctl config aggregator tools >/dev/null && install_on agg aggregator >/dev/null'
set_up n2 instrumenter "CA_AMQP_URL=${URL[n2]}" CA_UNENCRYPTED=broker
set_up ctl config "CA_AMQP_URL=${URL[config]}" "CA_AGGREGATOR_NETWORKS=$NET.0/24" CA_UNENCRYPTED=broker,aggregators
set_up ctl aggregator "CA_AMQP_URL=${URL[ctl]}" "CA_AGGREGATOR_BIND=$(address ctl)" CA_UNENCRYPTED=broker,aggregators
set_up agg aggregator "CA_AMQP_URL=${URL[agg]}" "CA_AGGREGATOR_BIND=$(address agg)" CA_UNENCRYPTED=broker,aggregators
inside ctl sh -c "umask 077; printf '%s\n' 'CA_AMQP_URL=${URL[operator]}' CA_UNENCRYPTED=broker >/etc/cloud-analytics/operator.environment"
claim 'the instrumenter starts on Debian 13' start n2 cloud-analytics-instrumenter
claim 'the config service starts on Debian 12' start ctl cloud-analytics-config
each_aggregator() { inside "$1" /usr/lib/cloud-analytics/method/in-turn aggregator && within 30 ready "$1" cloud-analytics-aggregator-0; }
claim 'aggregators start on Debian 12, one for each CPU' each_aggregator ctl
claim 'aggregators start on a second host, Debian 13' each_aggregator agg
claim 'nothing failed on any machine' eval 'for m in ctl agg n1 n2; do [ -z "$(inside $m systemctl --failed --no-legend)" ] || { inside $m systemctl --failed; journal $m "cloud-analytics-*"; false; }; done'
claim 'cactl summary on the control host: all is well' within 30 inside ctl cactl summary
# What follows would only say the same again.
[ "$FAILED" -eq 0 ] || exit 1

# Values: from both nodes, in both hosts' aggregators.
ask() { inside ctl cactl create "$@" --idle never -o json | grep -oE '"id": ?"[0-9]+"' | grep -oE '[0-9]+'; }
# In: an id, then how many seconds. All nodes in each of them.
complete() {
  local said
  said=$(inside ctl cactl value "$1" --duration "$2" -o json -t 10s) || { echo "$said"; return 1; }
  echo "$said" | grep -E 'nsources|minreporting|expected'
  node -e 'const v = JSON.parse(process.argv[1]); process.exit(v.nsources === 2 && v.minreporting === 2 ? 0 : 1)' "$said"
}
owners() { inside ctl cactl status config -o json | grep -oE '"aggregator": *"(ctl|agg)-[0-9]+"' | grep -oE '(ctl|agg)-[0-9]+'; }
IDS=()
for metric in cpu.loadavg1 memory.rss syscall.syscalls cpu.loadavg1 memory.rss syscall.syscalls; do IDS+=("$(ask "$metric" --persist)"); done
everywhere() { local id; for id in "${IDS[@]}"; do within 20 complete "$id" 3 || return 1; done; }
claim 'six questions, system calls counted in the kernel among them, are answered by both nodes' everywhere
claim 'both hosts keep some of them' eval 'all=$(owners); echo $all; grep -q ctl- <<<"$all" && grep -q agg- <<<"$all"'
claim 'an aggregator answers nobody but the front door' eval \
  '! inside n1 /usr/lib/cloud-analytics/bin/node -e "fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1))" "http://$(address agg):23184/ca/instrumentations/${IDS[0]}/value/raw"'
capabilities() { inside n1 sh -c 'grep CapEff /proc/$(systemctl show --value --property MainPID cloud-analytics-instrumenter)/status' | grep -q 000000c000080004; }
claim 'the instrumenter has four capabilities, and no other' capabilities
owners_of_state() { inside ctl sh -c 'systemctl restart cloud-analytics-aggregator@0 cloud-analytics-config && sleep 3 && find /var/lib/cloud-analytics ! -user cloud-analytics | grep . ; find /var/lib/cloud-analytics-aggregator ! -user cloud-analytics-aggregator | grep .'; }
claim 'restarting a service takes nothing from another: each keeps its state' eval '! owners_of_state && within 30 ready ctl cloud-analytics-config && everywhere'

# Backup and restore, in the words of docs/fleet.md.
restore() {
  inside ctl sh -ec 'tar -C / -czf /root/ca.tar.gz etc/cloud-analytics var/lib/cloud-analytics/config
    systemctl stop cloud-analytics-config
    rm -rf /var/lib/cloud-analytics/config
    tar -C / -xzf /root/ca.tar.gz
    systemctl start cloud-analytics-config' && within 30 ready ctl cloud-analytics-config && everywhere
}
claim 'a backup made while the service runs brings all questions back' restore

# Upgrades, where there are packages of another version: OLD=folder.
reinstall() { # machine, folder, parts
  local machine=$1 from=$2
  shift 2
  rm -f "$WORK/$machine"/root/packages/*
  cp "$from"/*.deb "$WORK/$machine/root/packages/"
  install_on "$machine" "$@"
}
whole() { local id; for id in "${IDS[@]}"; do complete "$id" "$1" || return 1; done; }
if [ -n "${OLD:-}" ]; then
  BEFORE=$(date +%s)
  for way in "$OLD" build/packages; do
    said=$([ "$way" = "$OLD" ] && echo 'to the last release' || echo 'from the last release')
    claim "$said: the config service and aggregators go first, the nodes stay behind" eval \
      "reinstall ctl '$way' config aggregator tools && reinstall agg '$way' aggregator && within 30 ready ctl cloud-analytics-config"
    claim "$said: while versions are mixed, both nodes are in every second" eval 'sleep 8; everywhere'
    claim "$said: then the nodes, one by one" eval "reinstall n1 '$way' node && reinstall n2 '$way' node"
    claim "$said: everything is answered by both nodes" everywhere
  done
  claim 'no second is missing since before the first of these' whole $(($(date +%s) - BEFORE))
fi

# A broker that is away keeps nobody from installing and removing.
power_off broker
gone() { # machine, parts
  local machine=$1 part names=()
  shift
  for part in "$@"; do names+=("cloud-analytics-$part"); done
  inside "$machine" sh -c "timeout 120 dpkg --remove ${names[*]} && timeout 60 dpkg --purge ${names[*]}"
}
left() { inside "$1" sh -c 'find / -xdev \( -path /proc -o -path /sys -o -path /root -o -path /var/log -o -path /run \) -prune -o -name "*cloud-analytics*" -print; getent passwd | grep cloud-analytics; systemctl list-units --no-legend "cloud-analytics*"; systemctl list-unit-files --no-legend "cloud-analytics*"' | grep .; }
claim 'with the broker gone, a node is installed again, and removed' eval 'install_on n1 node && gone n1 node common'
claim 'after purging a node nothing is left: no file, no user, no unit' eval '! left n1'
claim 'with settings that are wrong, the rest is removed too' eval \
  'inside ctl sh -c "echo CA_BIND=nowhere >>/etc/cloud-analytics/config.environment" && gone ctl config aggregator tools common && ! left ctl'

[ "$FAILED" -eq 0 ] && echo 'fleet-test: all ok'
exit $((FAILED > 0))
