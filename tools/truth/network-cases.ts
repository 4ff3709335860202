/*
 * Cases of networks: in one of their own, where nobody else sends anything. In: a machine, a size. Out: two numbers, as
 * cases.ts has them.
 */
import { join } from 'node:path';
import type { MetricName } from '../../common/model/metric';
import { amount, counts, sleep, UNSEEN, type Case } from './case';
import { is, Unavailable, type Asked } from './measure';
import { Standing, run, TAKE_NAME } from './workload';

/** In a network namespace of its own, with an interface that leads nowhere (the other end of a pair drops it): what is sent there is not answered. */
const NOWHERE =
  'ip link set lo up; ip link add nowhere type veth peer name void; sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ip link set void up; ip addr add 10.99.0.1/24 dev nowhere; ip link set nowhere up; ip neigh add 10.99.0.2 lladdr 02:00:00:00:00:02 dev nowhere';

async function checkNetwork(): Promise<void> {
  try {
    await run('unshare', '-n', 'sh', '-c', 'ip link add nowhere type veth peer name void');
  } catch (error) {
    throw new Unavailable(`no network of its own can be made here: ${String(error).slice(0, 100)}`);
  }
}

/** Perl in a network of its own. */
const inNetwork = (script: string): [string, ...string[]] => [
  'unshare',
  '-n',
  'sh',
  '-c',
  `${NOWHERE}; exec perl -e "$0"`,
  `use strict; ${TAKE_NAME} ${script}`,
];

const DATAGRAM_BYTES = 100;
/** Headers of UDP, IP and Ethernet. */
const HEADER_BYTES = 8 + 20 + 14;
const datagrams = (size: number): number => 4 * size;
const send = (size: number): string =>
  `use Socket; socket(my $s, PF_INET, SOCK_DGRAM, 0); my $to = sockaddr_in(9, inet_aton("10.99.0.2"));
   for (1..${datagrams(size)}) { send($s, "x" x ${DATAGRAM_BYTES}, 0, $to) }`;

/** Of a container's interface, which the machine's own namespace sees. */
function sends(metric: MetricName, perDatagram: number): Case {
  return {
    metric,
    witness: 'datagrams that a program sends',
    tolerance: 0.02,
    async run(machine, size) {
      await checkNetwork();
      const asked: Asked = { metric, where: is('direction', 'sent') };
      const program = new Standing(
        ...inNetwork(`$| = 1; print "ready\\n"; <STDIN>; ${send(size)} print "sent\\n"; <STDIN>`),
      );
      try {
        await program.line();
        // The namespace must be known before: its first snapshot yields nothing.
        await sleep(6000);
        const [, [answer]] = await machine.during([asked], () => program.go());
        return [amount(answer), datagrams(size) * perDatagram];
      } finally {
        await program.end();
      }
    },
  };
}

/**
 * Asked inside a network of its own, where the interfaces that lead nowhere count as the machine's. `script` prints the
 * witness's number. See inside.ts.
 */
function inside(
  metric: MetricName,
  where: Readonly<Record<string, string>>,
  witness: string,
  script: (size: number) => string,
): Case {
  return {
    metric,
    witness,
    tolerance: 0,
    async run(_machine, size) {
      await checkNetwork();
      const words = [metric, JSON.stringify(where), script(size)];
      const command = `${NOWHERE}; mount -t sysfs none /sys; exec "$0" "$@"`;
      const output = await run(
        ...(['unshare', '-nm', 'sh', '-c', command] as const),
        ...[process.execPath, join(__dirname, 'inside.js'), ...words],
      );
      const [counted = NaN, witnessed = NaN] = output.split(' ').map(Number);
      return [counted, witnessed];
    },
  };
}

export const NETWORK_CASES: readonly Case[] = [
  counts(
    'tcp.errors',
    (n) =>
      `use Socket; for (1..${4 * n}) { socket(my $c, PF_INET, SOCK_STREAM, 0); connect($c, sockaddr_in(1, INADDR_LOOPBACK)) and die }`,
    { where: is('errtype', 'failed connection attempt'), tolerance: 0.05, each: (n) => 4 * n },
  ),
  {
    metric: 'tcp.retransmits',
    witness: 'RetransSegs of a network of its own',
    tolerance: UNSEEN,
    async run(machine) {
      await checkNetwork();
      // One after the other, and the CPU is busy meanwhile: their timers interrupt this program, mostly.
      const script = `use Socket; use Time::HiRes "time"; my $end = time + 6; my @s;
        for (1..60) { my $until = time + 0.015; socket(my $s, PF_INET, SOCK_STREAM | 2048, 0); connect($s, sockaddr_in(9, inet_aton("10.99.0.2"))); push @s, $s; 1 while time < $until }
        1 while time < $end;
        open(my $f, "<", "/proc/self/net/snmp"); my @l = grep { /^Tcp:/ } <$f>; my (@n, @v); @n = split / /, $l[0]; @v = split / /, $l[1];
        for (0..$#n) { print $v[$_] if $n[$_] eq "RetransSegs" }`;
      const where = is('raddr', '10.99.0.2');
      const [repeated, [answer]] = await machine.during([{ metric: 'tcp.retransmits', where }], () =>
        run(...inNetwork(script)),
      );
      return [amount(answer), Number(repeated)];
    },
  },
  sends('nic.vnic_packets', 1),
  sends('nic.vnic_bytes', DATAGRAM_BYTES + HEADER_BYTES),
  inside(
    'nic.packets',
    { nic: 'nowhere', direction: 'sent' },
    'datagrams that a program sends in a network of its own',
    (n) => `${send(n)} print ${datagrams(n)}`,
  ),
  inside(
    'nic.bytes',
    { nic: 'nowhere', direction: 'sent' },
    'datagrams that a program sends in a network of its own, with headers',
    (n) => `${send(n)} print ${datagrams(n) * (DATAGRAM_BYTES + HEADER_BYTES)}`,
  ),
  inside(
    'tcp.segments',
    { direction: 'sent', tcpstack: 'OWN' },
    'packets of the loopback of a network of its own',
    (n) =>
      `use IO::Socket::INET; sub packets { open(my $d, "<", "/proc/self/net/dev"); my ($lo) = grep { /^ *lo:/ } <$d>; (split " ", $lo)[10] }
       my $s = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1") or die; my $before = packets();
       for (1..${n}) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport) or die; my $a = $s->accept; syswrite($c, "x"); sysread($a, my $b, 1); close $a; close $c }
       print packets() - $before`,
  ),
];
