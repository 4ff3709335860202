/*
 * make chaos: injects faults into a whole system for a while, heals everything, and balances the ledger. In: seconds and
 * a seed. Out: a line for each fault; the last line says whether every value that a node made is accounted for, and so
 * does the exit status. Next: plan.ts (what breaks when), faults.ts, trial.ts, ledger.ts (the oracle's book).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { messageOf } from '../../common/service/errors';
import { Faults } from './faults';
import type { Balance, Reading } from './ledger';
import { describeFault, plan } from './plan';
import type { System } from './system';
import { startTrial, type Trial } from './trial';

const USAGE = 'usage: node build/tools/chaos/main.js [--duration SECONDS] [--seed N] [--keep]';
const FLAGS = {
  duration: { type: 'string', default: '600' },
  seed: { type: 'string' },
  /** Leaves the state folder, logs included. */
  keep: { type: 'boolean', default: false },
} as const;

/** Start, faults, recovery and end together take no longer than the faults and this; then something hangs. */
const SPARE_MS = 300_000;
const WATCH_EVERY_MS = 2000;

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: FLAGS });
  const durationMs = 1000 * Number(values.duration);
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e6));
  if (!Number.isInteger(seed) || !(durationMs >= 10_000 && durationMs <= 3_600_000)) {
    process.stderr.write(`${USAGE}\nSECONDS must be 10 to 3600.\n`);
    process.exit(2);
  }
  say(`chaos for ${values.duration} s with seed ${seed}`);
  setTimeout(() => {
    say('balances: no, it hangs');
    process.exit(1);
  }, durationMs + SPARE_MS).unref();

  const trial = await startTrial(seed, durationMs);
  const stop = (): Promise<void> => trial.stop(values.keep);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().then(() => process.exit(1)));
  }
  try {
    const lies = new Set<string>();
    let watched = 0;
    const watching = watch(trial, (reading) => {
      watched++;
      for (const lie of trial.ledger.lies(reading)) lies.add(lie);
    });
    const { done: faults, kills, cuts } = await breakThings(trial.system, seed, durationMs);
    const deaths = kills.filter(({ target }) => target.startsWith('aggregator'));
    for (const { at, target } of deaths) trial.ledger.killed(at, target);
    for (const { nodes, at } of cuts) trial.ledger.powerCut(nodes, at);
    await watching.stop();
    const healed = Date.now();
    await trial.recovered();
    say(`everybody is back ${((Date.now() - healed) / 1000).toFixed(1)} s after the last fault`);
    const balance = await trial.settle();
    const odd = await trial.oddReal();
    return report({ seed, faults, deaths: deaths.length, balance, lies, watched, odd });
  } finally {
    await stop();
    if (values.keep) say(`logs are in ${trial.home}/log`);
  }
}

/** Resolves to the faults there were, when the last one is over. */
async function breakThings(system: System, seed: number, durationMs: number): Promise<Faults> {
  const started = Date.now();
  const tell = (line: string): void => {
    say(`[${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s] ${line}`);
  };
  const faults = new Faults(system, tell);
  const links = [...system.proxies.keys()];
  const running: Promise<void>[] = [];
  const fleets = links.filter((name) => name.startsWith('fleet-'));
  const parties = { links, services: [...system.services.keys()], fleets };
  for (const { at, fault } of plan(seed, durationMs, parties)) {
    await pause(Math.max(0, started + at - Date.now()));
    tell(describeFault(fault));
    running.push(faults.happen(fault));
  }
  await Promise.all(running);
  await pause(Math.max(0, started + durationMs - Date.now()));
  return faults;
}

/** Reads the newest seconds now and then, as a page does. A failed read is not a wrong value. */
function watch(
  { questions, read }: Pick<Trial, 'questions' | 'read'>,
  each: (reading: Reading) => void,
): { stop(): Promise<void> } {
  let stopped = false;
  const loop = async (): Promise<void> => {
    for (let turn = 0; !stopped; turn++) {
      const question = questions[turn % questions.length];
      const now = Math.floor(Date.now() / 1000);
      if (question !== undefined) (await read(question, now - 30, 25).catch(() => [])).forEach(each);
      await pause(WATCH_EVERY_MS);
    }
  };
  const running = loop();
  return {
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

interface Outcome {
  readonly seed: number;
  readonly faults: number;
  /** How often an aggregator was killed. */
  readonly deaths: number;
  readonly balance: Balance;
  readonly lies: ReadonlySet<string>;
  readonly watched: number;
  readonly odd: readonly string[];
}

function report({ seed, faults, deaths, balance, lies, watched, odd }: Outcome): boolean {
  const judged = Object.values(balance.counts).reduce((sum, n) => sum + n);
  const defects = new Set([...balance.defects, ...lies, ...odd]);
  for (const defect of [...defects].slice(0, 40)) say(defect);
  if (defects.size > 40) say(`… and ${defects.size - 40} more`);
  const { present, late, missing, givenUp, silent, doubled, wrong, unread, unkept } = balance.counts;
  const balances = defects.size === 0 && balance.balances && present + late > 0;
  say(
    `${judged} values made: ${present} present, ${late} in seconds with late ones, ${missing} reported missing, ` +
      `${givenUp} given up and counted; ${silent} silently lost, ${doubled} doubled, ${wrong} wrong, ${unread} unread, ` +
      `${unkept} on disk or in two aggregators and not kept (aggregators were killed or frozen ${deaths} times); ${watched} seconds watched meanwhile`,
  );
  say(`balances: ${balances ? 'yes' : 'no'} (${faults} faults, seed ${seed})`);
  return balances;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  (balances) => process.exit(balances ? 0 : 1),
  (error: unknown) => {
    say(`balances: no, ${messageOf(error)}`);
    process.exit(1);
  },
);
