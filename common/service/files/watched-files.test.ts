import { watchFiles } from './watched-files';
import type { Log } from '../log';

const EVERY_MS = 5;

/** A file's text, the texts that were used, and the log. */
function watched(first: string): {
  file: { text: string };
  used: string[];
  said: string[];
  start: () => Promise<() => void>;
} {
  const file = { text: first };
  const used: string[] = [];
  const said: string[] = [];
  const line = (what: { reason?: string }, text: string): void => {
    said.push(what.reason === undefined ? text : `${text}: ${what.reason}`);
  };
  const log = { info: line, error: line } as unknown as Log;
  const start = (): Promise<() => void> =>
    watchFiles({
      what: 'the file',
      read: () =>
        file.text === 'gone' ? Promise.reject(new Error('it is not there')) : Promise.resolve(file.text),
      use: (text) => {
        if (text.startsWith('bad')) throw new Error(`${text} cannot be used`);
        used.push(text);
      },
      log,
      everyMs: EVERY_MS,
    });
  return { file, used, said, start };
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 15 * EVERY_MS));

test('a changed file is used again, once', async () => {
  const { file, used, said, start } = watched('one');
  const stop = await start();
  await pause();
  file.text = 'two';
  await pause();
  stop();
  file.text = 'three';
  await pause();
  expect(used).toEqual(['one', 'two']);
  expect(said).toEqual(['the file has changed: new connections use it']);
});

test('a file that cannot be read or used changes nothing, is logged once, and is tried again', async () => {
  const { file, used, said, start } = watched('one');
  const stop = await start();
  for (const text of ['bad', 'gone', 'one', 'bad', 'two']) {
    file.text = text;
    await pause();
  }
  stop();
  expect(used).toEqual(['one', 'two']);
  expect(said).toEqual([
    'the file stays as it was: bad cannot be used',
    'the file stays as it was: it is not there',
    'the file stays as it was: bad cannot be used',
    'the file has changed: new connections use it',
  ]);
});

test('a file that cannot be used at the start is an error', async () => {
  await expect(watched('bad').start()).rejects.toThrow('bad cannot be used');
  await expect(watched('gone').start()).rejects.toThrow('it is not there');
});
