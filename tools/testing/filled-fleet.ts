/*
 * A small fleet with five minutes of values, for tests of Prometheus' API. In: nothing. Out: two aggregators and two nodes;
 * four instrumentations of the operator's, one of the customer acme; the second after the last one.
 */
import { LOG_GRID } from '../../common/model/bucket';
import { parseCustomers } from '../../services/config/fleet/customers';
import { addNode } from '../../services/config/testing/fake-fleet';
import { startSmallFleet, type SmallFleet } from './small-fleet';

/** Seconds of values. */
const SECONDS = 300;

export async function startFilledFleet(): Promise<{ readonly fleet: SmallFleet; readonly end: number }> {
  const fleet = await startSmallFleet(2, {
    customers: parseCustomers('{"customers":{"acme":{"hosts":["*"]}}}'),
  });
  await addNode(fleet.bus, 'n2');
  const heat = { module: 'syscall', stat: 'syscalls', decomposition: ['execname', 'latency'] };
  await fleet.create(heat);
  await fleet.create({ module: 'syscall', stat: 'syscalls', predicate: { eq: ['execname', 'a"b'] } });
  await fleet.create({ module: 'syscall', stat: 'syscalls', decomposition: ['latency'] });
  await fleet.create(heat, '/ca/customers/acme');
  await fleet.create({ module: 'syscall', stat: 'syscalls', decomposition: ['execname'] });
  const begin = fleet.now() / 1000;
  for (let s = 0; s < SECONDS; s++) {
    fleet.clock.pass(1);
    for (const node of ['n1', 'n2']) reportAll(fleet, node, begin + s);
  }
  return { fleet, end: begin + SECONDS };
}

/** Five programs, of some 50 buckets each. */
function reportAll(fleet: SmallFleet, node: string, second: number): void {
  const program = (i: number): number[] =>
    Array.from({ length: 50 }, (_, b) => [
      LOG_GRID.bucketOf(1000) + 10 * i + b,
      1 + ((second + b) % 7),
    ]).flat();
  const distributions = new Map(
    ['mysqld', 'node', 'sshd', 'cron', 'a"b\\c\n'].map((name, i) => [name, program(i)]),
  );
  fleet.report('global;1', node, second, { shape: 'keyed-distribution', distributions });
  fleet.report('global;2', node, second, { shape: 'number', number: 3 });
  fleet.report('global;3', node, second, { shape: 'distribution', distribution: program(0) });
  fleet.report('global;4', node, second, {
    shape: 'keyed',
    numbers: new Map([
      ['mysqld', 2],
      ['node', 1],
    ]),
  });
  fleet.report('cust:acme;1', node, second, { shape: 'keyed-distribution', distributions });
}
