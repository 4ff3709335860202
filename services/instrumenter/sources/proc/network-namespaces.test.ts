import { watch, type Texts } from './testing/recorded';

const ID = 'a1'.repeat(32);
const ZONE = ID.slice(0, 12);
const OWN = 'net:[1]';
const OTHER = 'net:[4026532000]';

const tcp = (failed: number): string => `Tcp: AttemptFails InSegs OutSegs\nTcp: ${failed} ${10 * failed} 0\n`;
const dev = (nic: string, bytes: number): string =>
  `a\nb\n  lo: 9${bytes} 0 0 0 0 0 0 0 9${bytes} 0\n ${nic}: ${bytes} 1 0 0 0 0 0 0 ${2 * bytes} 1\n`;

const look = (host: number, inside: number, more: Texts = {}): Texts => ({
  '/proc/self/ns/net': OWN,
  '/proc/1/ns/net': OWN,
  '/proc/net/snmp': tcp(host),
  '/proc/net/dev': dev('eth0', host),
  '/proc/70/ns/net': OTHER,
  '/proc/71/ns/net': OTHER,
  '/proc/70/cgroup': `0::/system.slice/docker-${ID}.scope\n`,
  '/proc/70/net/snmp': tcp(inside),
  '/proc/71/net/snmp': tcp(inside),
  '/proc/70/net/dev': dev('eth0', inside),
  ...more,
});

test('TCP counts in every network namespace, under the name of its container', async () => {
  const looks = [look(1, 100), look(3, 107)];
  expect(await watch(looks, 'tcp.errors')).toMatchObject({ number: 9 });
  expect(await watch(looks, 'tcp.errors', ['zonename'])).toMatchObject({
    numbers: new Map([
      ['global', 2],
      [ZONE, 7],
    ]),
  });
  expect(await watch(looks, 'tcp.segments', ['tcpstack'])).toMatchObject({
    numbers: new Map([
      ['1', 20],
      ['4026532000', 70],
    ]),
  });
});

test('the interfaces of a container are virtual ones, counted by container and not among the machine’s', async () => {
  const looks = [look(1, 100), look(3, 107)];
  expect(await watch(looks, 'nic.vnic_bytes', ['zonename'])).toMatchObject({
    numbers: new Map([[ZONE, 21]]),
  });
  expect(await watch(looks, 'nic.bytes')).toMatchObject({ number: 6 });
});

test('a program that has ended is replaced by another of its namespace, and a number used again is not believed', async () => {
  const gone: Texts = { '/proc/70/ns/net': OWN, '/proc/70/net/snmp': tcp(5000) };
  expect(await watch([look(1, 100), look(1, 104, gone)], 'tcp.errors', ['zonename'])).toMatchObject({
    numbers: new Map([[ZONE, 4]]),
  });
});
