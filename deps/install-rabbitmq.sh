#!/bin/sh
# Puts RabbitMQ's server on a Debian or Ubuntu machine, without ever starting the system's own node.
# In: root, or sudo. Out: /usr/lib/rabbitmq/bin/rabbitmq-server, or one line that says what to do.
set -u
SERVER=/usr/lib/rabbitmq/bin/rabbitmq-server
[ -x "$SERVER" ] && exit 0

. "$(dirname "$0")/apt.sh"
apt_install '30 s' rabbitmq-server && [ -x "$SERVER" ] && exit 0
echo "missing: rabbitmq-server, the message broker between the services; $(apt_advice rabbitmq-server), or set CA_AMQP_URL to a broker you have" >&2
exit 1
