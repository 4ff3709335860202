/*
 * For tests: /proc and /sys as recorded texts, and the values of a probe that reads them a second apart.
 */
import type { Value } from '../../../../../common/model/value';
import { ask } from '../../../testing/fakes';
import type { Files } from '../files';
import { openProc } from '../source';

export type Texts = Readonly<Record<string, string>>;

/** A folder exists if something in it does. */
export function recorded(texts: () => Texts): Files {
  const below = (path: string): string[][] =>
    Object.keys(texts())
      .filter((name) => name.startsWith(`${path}/`))
      .map((name) => name.slice(path.length + 1).split('/'));
  return {
    read: (path) => texts()[path],
    bytes: (path) => (texts()[path] === undefined ? undefined : Buffer.from(texts()[path] ?? '', 'latin1')),
    link: (path) => texts()[path],
    heldUp: () => undefined,
    slow: (path) =>
      Promise.resolve(texts()[path] === undefined ? undefined : Buffer.from(texts()[path] ?? '', 'latin1')),
    list: (path) => [...new Set(below(path).map(([name = '']) => name))],
    space: (path) => {
      const [total = 0, free = 0, available = 0] = (texts()[`space ${path.toString('latin1')}`] ?? '')
        .split(' ')
        .map(Number);
      return Promise.resolve({ total, free, available });
    },
    folders: (path) => [
      ...new Set(below(path).flatMap(([name = '', more]) => (more === undefined ? [] : [name]))),
    ],
  };
}

/** The smallest usable /proc. */
export const STAT: Texts = { '/proc/stat': 'cpu  1 2 3\n' };

/** Reads each of these a second apart; the value of the last reading. */
export async function watch(looks: readonly Texts[], ...question: Parameters<typeof ask>): Promise<Value> {
  let texts: Texts = { ...STAT, ...looks[0] };
  let at = 0;
  const source = openProc(
    { host: 'n1', elapsed: () => at },
    recorded(() => texts),
  );
  const probe = await source.enable(ask(...question));
  let value: Value = { shape: 'number', number: NaN };
  for (const look of looks) {
    texts = { ...STAT, ...look };
    at += 1e9;
    probe.flip();
    ({ value } = await probe.read());
  }
  return value;
}
