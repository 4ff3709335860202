/*
 * The output of the commands zfs and zpool. In: how to run a command. Out: tables of numbers, cached for
 * a while: space changes slowly, and a host may have thousands of datasets to list.
 */
import { execFile } from 'node:child_process';

/** Resolves with the command's output; rejects when the command is not there, fails, or does not end. */
export type Run = (command: string, args: readonly string[]) => Promise<string>;

/** A dataset or pool, and its numbers by column; "-" (does not apply) is 0. */
interface Entry {
  readonly name: string;
  readonly numbers: Readonly<Record<string, number>>;
}

export interface Lists {
  datasets(): Promise<readonly Entry[]>;
  pools(): Promise<readonly Entry[]>;
}

const KEPT_NS = 30e9;
/** A failed command is tried again sooner, but not each second. */
const FAILURE_KEPT_NS = 5e9;
const ENDS_WITHIN_MS = 20_000;
const OUTPUT_BYTES = 16 * 1024 * 1024;

const DATASET_COLUMNS = ['used', 'usedbychildren', 'quota'] as const;
const POOL_COLUMNS = ['size', 'allocated', 'free'] as const;

export function lists(run: Run, elapsed: () => number): Lists {
  return {
    datasets: kept(elapsed, () => list(run, 'zfs', DATASET_COLUMNS)),
    pools: kept(elapsed, () => list(run, 'zpool', POOL_COLUMNS)),
  };
}

/** One command at a time; its answer serves all callers meanwhile and for a while after. */
function kept<T>(elapsed: () => number, make: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  let until = 0;
  return () => {
    if (answer !== undefined && elapsed() < until) return answer;
    until = Infinity; // while it runs
    answer = make();
    answer.then(
      () => (until = elapsed() + KEPT_NS),
      () => (until = elapsed() + FAILURE_KEPT_NS),
    );
    return answer;
  };
}

/** -H: no header, tabs between; -p: exact numbers. */
async function list(run: Run, command: string, columns: readonly string[]): Promise<Entry[]> {
  const text = await run(command, ['list', '-Hp', '-o', ['name', ...columns].join(',')]);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', ...cells] = line.split('\t');
      const numbers = columns.map((column, i) => [column, cells[i] === '-' ? 0 : Number(cells[i] ?? 0)]);
      return { name, numbers: Object.fromEntries(numbers) as Record<string, number> };
    });
}

export const runCommand: Run = (command, args) =>
  new Promise((resolve, reject) => {
    const options = { timeout: ENDS_WITHIN_MS, killSignal: 'SIGKILL', maxBuffer: OUTPUT_BYTES } as const;
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT') reject(new Error(`there is no ${command} command`));
      else {
        const [said = ''] = stderr.trim().split('\n');
        reject(new Error(said === '' ? `${command} failed: ${error.message}` : `${command} says: ${said}`));
      }
    });
  });
