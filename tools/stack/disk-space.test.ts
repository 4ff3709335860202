import { lackOfSpace, watchSpace } from './disk-space';
import { tmpdir } from 'node:os';
import { until } from '../testing/until';

test('where there is room nothing is said; where there is not, how much, how much it must be, and what to do', () => {
  expect(lackOfSpace(tmpdir(), 0)).toBeUndefined();
  expect(lackOfSpace(tmpdir(), 1e12)).toMatch(
    /^only \d+ MiB are free on the disk of .*, and RabbitMQ takes no messages below 1000000000000 MiB; fix: .*CA_HOME/,
  );
});

test('a lack that lasts is said once, and its end', async () => {
  const said: string[] = [];
  let answer: string | undefined = 'full';
  const stop = watchSpace(
    'anywhere',
    (line) => said.push(line),
    () => answer,
    20,
  );
  await until('the lack', 5000, () => said[0]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  answer = undefined;
  await until('the end', 5000, () => said[1]);
  stop();
  expect(said).toEqual(['full', 'there is room on the disk again']);
});
