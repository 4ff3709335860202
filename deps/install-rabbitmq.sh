#!/bin/sh
# Puts RabbitMQ's server on a Debian or Ubuntu machine, without ever starting the system's own node.
# In: root, or sudo. Out: /usr/lib/rabbitmq/bin/rabbitmq-server, or one line that says what to do.
set -u
SERVER=/usr/lib/rabbitmq/bin/rabbitmq-server
POLICY=/usr/sbin/policy-rc.d

if [ -x "$SERVER" ]; then
  exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
  AS_ROOT=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  AS_ROOT='sudo -n'
else
  echo 'missing: rabbitmq-server, the message broker between the services; fix: sudo apt-get install rabbitmq-server, or set CA_AMQP_URL to a broker you have' >&2
  exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo 'missing: rabbitmq-server, the message broker between the services; fix: install it with the package manager of this system, or set CA_AMQP_URL to a broker you have' >&2
  exit 1
fi

# The package starts a broker on the public ports unless a policy forbids it. A policy that is there is kept.
made_policy=no
if [ ! -e "$POLICY" ]; then
  printf '#!/bin/sh\nexit 101\n' | $AS_ROOT tee "$POLICY" >/dev/null && $AS_ROOT chmod 755 "$POLICY" && made_policy=yes
fi
cleanup() { if [ "$made_policy" = yes ]; then $AS_ROOT rm -f "$POLICY"; fi; }
trap cleanup EXIT
trap 'exit 130' INT TERM

install() {
  $AS_ROOT env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends rabbitmq-server </dev/null
}
echo 'installing rabbitmq-server (about 30 s) …'
log=$(mktemp)
if ! install >"$log" 2>&1; then
  # A new machine has no package lists yet.
  $AS_ROOT apt-get -o DPkg::Lock::Timeout=120 update -qq </dev/null >>"$log" 2>&1
  if ! install >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo 'missing: rabbitmq-server could not be installed (see above); fix: sudo apt-get install rabbitmq-server, or set CA_AMQP_URL to a broker you have' >&2
    exit 1
  fi
fi
rm -f "$log"
[ -x "$SERVER" ]
