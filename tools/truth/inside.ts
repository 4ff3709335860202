/*
 * One question inside a network of its own (network-cases.ts). In: a metric, its filter as JSON (OWN: the number of that
 * network), Perl that prints its witness's number. Out: both numbers.
 */
import { readlinkSync } from 'node:fs';
import type { MetricName } from '../../common/model/metric';
import { amount } from './case';
import { both, is, Machine } from './measure';
import { perl } from './workload';

async function main([metric = '', where = '{}', script = '']: readonly string[]): Promise<void> {
  const machine = new Machine();
  const own = /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0] ?? '';
  const wanted = Object.entries(JSON.parse(where) as Record<string, string>);
  const filter = wanted.map(([field, constant]) => is(field, constant === 'OWN' ? own : constant));
  const asked = { metric: metric as MetricName, where: both(...filter) };
  const [witnessed, [answer]] = await machine.during([asked], () => perl(script));
  console.log(`${String(amount(answer))} ${witnessed}`);
  await machine.close();
}

void main(process.argv.slice(2));
