/* `make truth`: every case once. In: --short for CI, names of metrics: those alone. Out: a line for each; status 1 when one is a miss. */
import { messageOf } from '../../common/service/errors';
import type { MetricName } from '../../common/model/metric';
import { CASES } from './cases';
import { Machine, Unavailable } from './measure';
import { verdictOf } from './verdict';

const SIZE = { short: 50, long: 500 };

async function main(): Promise<void> {
  const isShort = process.argv.includes('--short');
  const size = isShort ? SIZE.short : SIZE.long;
  const machine = new Machine();
  if (machine.missing !== undefined)
    console.log(`events of the kernel are not seen here: ${machine.missing}`);
  let misses = 0;
  const named = process.argv.slice(2).filter((word) => !word.startsWith('-'));
  for (const one of CASES) {
    if (named.length > 0 && !named.includes(one.metric)) continue;
    const name = one.metric.padEnd(22);
    try {
      const [counted, witnessed, most = witnessed] = await one.run(machine, size);
      const { isHeld, deviation } = verdictOf(counted, witnessed, one.tolerance, most);
      if (!isHeld) misses++;
      console.log(
        `${isHeld ? 'ok  ' : 'MISS'} ${name} ${counted.toFixed(0)} counted, ${witnessed.toFixed(0)}${most === witnessed ? '' : ` to ${most.toFixed(0)}`} by ${one.witness} (${deviation}, at most ${String(100 * one.tolerance)} %)`,
      );
    } catch (error) {
      if (error instanceof Unavailable) console.log(`--   ${name} ${messageOf(error)}`);
      else {
        misses++;
        console.log(`MISS ${name} the workload failed: ${messageOf(error)}`);
      }
    }
  }
  const tried = new Set(CASES.map((one) => one.metric));
  const others = [...machine.offered()].filter((name) => !tried.has(name as MetricName)).sort();
  console.log(
    `${String(tried.size)} metrics tried, ${String(misses)} misses; of what this machine has, without a workload of known size: ${others.join(', ')}`,
  );
  await machine.close();
  process.exit(misses === 0 ? 0 : 1);
}

void main();
