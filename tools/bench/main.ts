/*
 * `make bench`: measures, prints a table, writes bench/results.json and the tables of the README and docs/speed.md. In: --short for CI,
 * --only part,part; --rounds 3 (with --short: 1), whose medians and spread are shown; --sizes 1000x20x60 (nodes,
 * instrumentations, seconds) for growth; --readme only writes these tables from the file. Out: exit status 0; with --short 1 when a
 * ratio misses its target by a factor of 4, or no ratio could be measured at all.
 */
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../common/service/errors';
import { buildFolder } from '../stack/stack';
import { Budget } from './budget';
import type { Size } from './growth';
import { measure, PARTS } from './plan';
import { intoDocs, reportOf, save } from './report';
import { row, TABLE_HEAD, type Result } from './result';
import { combine } from './rounds';

/** Of the 10 minutes (with --short: the minute) that a round may take, without building. */
const LONG_MS = 580_000;
const SHORT_MS = 56_000;
/** Stopping takes at most this long, or is left to the guards. */
const STOP_MS = 20_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      sizes: { type: 'string', default: '' },
      rounds: { type: 'string', default: '' },
      readme: { type: 'boolean', default: false },
    },
  });
  const root = dirname(buildFolder());
  if (values.readme) {
    intoDocs(root);
    return;
  }
  const only = values.only.split(',').filter((name) => name !== '');
  const unknown = only.find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${PARTS.join(', ')}`);

  const sizes = values.sizes === '' ? undefined : values.sizes.split(',').map(sizeOf);
  const rounds = values.rounds === '' ? (values.short ? 1 : 3) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds ${values.rounds}: must be 1 or more`);
  const began = Date.now();
  let budget: Budget | undefined;
  const say = (line: string): void => {
    console.error(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  };
  let ended = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (ended) process.exit(130);
      ended = true;
      budget?.giveUp(`ended by ${signal}`);
    });
  }
  // A stopped measurement may fail later; that is ignored.
  process.on('unhandledRejection', (error) => {
    say(`given up before: ${messageOf(error)}`);
  });
  const measured: Result[][] = [];
  while (measured.length < rounds && !ended) {
    const round: Result[] = [];
    measured.push(round);
    if (rounds > 1) say(`round ${measured.length} of ${rounds}`);
    const limit = new Budget(values.short ? SHORT_MS : LONG_MS);
    budget = limit;
    // The timer also keeps the process alive: a promise that never settles must not end it silently.
    const late = new Promise<void>((resolve) => setTimeout(resolve, limit.left + STOP_MS));
    const add = (more: readonly Result[]): void => void round.push(...more);
    await Promise.race([late, measure({ short: values.short, only, sizes, budget, say, add })]);
  }
  const results = rounds === 1 ? (measured[0] ?? []) : combine(measured);

  console.log(TABLE_HEAD);
  for (const one of results) console.log(row(one));
  say(`measured; ${results.filter(({ reason }) => reason !== undefined).length} could not be`);
  if (ended) process.exit(130);
  if (values.short) process.exitCode = judge(results);
  else if (only.length === 0) {
    console.error(`written: ${save(root, reportOf(results))}`);
    intoDocs(root);
  }
}

/** 1000x20x60 */
function sizeOf(text: string): Size {
  const [nodes = NaN, instrumentations = NaN, seconds = NaN] = text.split('x').map(Number);
  if (![nodes, instrumentations, seconds].every((n) => Number.isInteger(n) && n > 0)) {
    throw new Error(`--sizes ${text}: must be nodes x instrumentations x seconds, such as 1000x20x60`);
  }
  return { nodes, instrumentations, seconds, judged: true };
}

/** A measurement without time left on a busy machine is not a failure; a machine on which nothing can be compared is one. */
function judge(results: readonly Result[]): 0 | 1 {
  const far = results.filter(({ farOff }) => farOff);
  if (far.length > 0) console.error(`far off: ${far.map(({ what }) => what).join('; ')}`);
  const compared = results.some(({ ratio }) => ratio !== null);
  if (!compared) console.error('nothing could be compared');
  return far.length > 0 || !compared ? 1 : 0;
}

main()
  .then(() => process.exit())
  .catch((error: unknown) => {
    console.error(`bench: ${messageOf(error)}`);
    process.exit(1);
  });
