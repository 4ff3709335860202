/*
 * make attack: every attack on one fresh system, with tokens and customers. In: the files of this folder that hold
 * attacks. Out: a line for each (held, broken, left out); the exit status is not 0 when one is broken.
 */
import { within } from '../../common/service/deadline';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../common/service/errors';
import { broken, type Attack, type Outcome } from './attack';
import { startSystem, type System } from './system';

const USAGE = 'usage: node build/tools/attack/main.js [--only PATTERN] [--list]';
const FLAGS = {
  /** Runs only attacks whose area or name matches. */
  only: { type: 'string', default: '.' },
  list: { type: 'boolean', default: false },
} as const;

/** Default time limit of an attack. */
const ATTACK_MS = 20_000;
/** Time limit of the whole run, the system's start and end included. */
const ALL_MS = 240_000;

/** The area's name, a hyphen, the subject: `door-host.js`. */
const ATTACK_FILE = /^[a-z]+-[a-z-]+\.js$/;

async function main(): Promise<boolean> {
  const { values } = parseArgs({ options: FLAGS });
  const pattern = new RegExp(values.only, 'i');
  const attacks = (await allAttacks()).filter(({ name, area }) => pattern.test(`${area} ${name}`));
  if (attacks.length === 0) {
    process.stderr.write(`${USAGE}\nno attack matches ${values.only}\n`);
    return false;
  }
  if (values.list) {
    for (const { area, name } of attacks) console.log(`${area.padEnd(7)} ${name}`);
    return true;
  }
  setTimeout(() => {
    console.error(`broken: it did not end within ${ALL_MS / 1000} s`);
    process.exit(1);
  }, ALL_MS).unref();

  const system = await startSystem();
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= system.stop());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().then(() => process.exit(1)));
  }
  try {
    const counts = { held: 0, broken: 0, 'left out': 0 };
    const tell = ({ area, name }: Attack, outcome: Outcome): void => {
      counts[outcome.result]++;
      const why = outcome.result === 'held' ? '' : `: ${outcome.why}`;
      console.log(`${outcome.result.padEnd(8)} ${area.padEnd(7)} ${name}${why}`);
    };
    const beside = attacks
      .filter((attack) => attack.beside === true)
      .map(async (attack) => {
        tell(attack, await attempt(attack, system));
      });
    for (const attack of attacks.filter((one) => one.beside !== true)) {
      const outcome = await attempt(attack, system);
      const lost = attack.endsServices === true ? (system.casualties(), []) : system.casualties();
      tell(attack, lost.length === 0 ? outcome : broken(`ended: ${lost.join(', ')}`));
    }
    await Promise.all(beside);
    const lost = system.casualties();
    if (lost.length > 0) console.log(`broken   ended meanwhile: ${lost.join(', ')}`);
    console.log(
      `${attacks.length} attacks: ${counts.held} held, ${counts.broken} broken, ${counts['left out']} left out`,
    );
    return counts.broken === 0 && lost.length === 0;
  } finally {
    await stop();
  }
}

async function allAttacks(): Promise<Attack[]> {
  const files = readdirSync(__dirname)
    .filter((name) => ATTACK_FILE.test(name))
    .sort();
  const modules = await Promise.all(
    files.map((name) => import(join(__dirname, name)) as Promise<{ attacks?: readonly Attack[] }>),
  );
  return modules.flatMap(({ attacks = [] }) => attacks);
}

async function attempt(attack: Attack, system: System): Promise<Outcome> {
  const limit = attack.limitMs ?? ATTACK_MS;
  try {
    return await within(limit, attack.run(system), () => broken(`it did not end within ${limit / 1000} s`));
  } catch (error) {
    return broken(`it could not be tried: ${messageOf(error)}`);
  }
}

main().then(
  (held) => process.exit(held ? 0 : 1),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
