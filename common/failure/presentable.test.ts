/* What a dump may contain: no secrets in any form, no cycles, no more than the limit; and what it must. */
import { HIDDEN, presentable, secretsOf, shownEnvironment, TEXT_LENGTH, withoutSecrets } from './presentable';

test('passwords of URLs, bearer tokens and known secrets are hidden in any text', () => {
  expect(withoutSecrets('at amqp://ca:p%40ss@host:5672/x')).toBe(`at amqp://ca:${HIDDEN}@host:5672/x`);
  expect(withoutSecrets('amqps://:pw@h/ and http://a:b@c/')).toBe(
    `amqps://:${HIDDEN}@h/ and http://a:${HIDDEN}@c/`,
  );
  expect(withoutSecrets('Authorization: Bearer abcdef123456')).toBe(`Authorization: Bearer ${HIDDEN}`);
  expect(withoutSecrets('it said hunter2!', ['hunter2'])).toBe(`it said ${HIDDEN}!`);
});

test('properties named like secrets are hidden, numbers under such names are not', () => {
  expect(
    presentable({ password: 'x', tokens: ['a'], tokenFailures: 3, deep: { apiKey: { a: 1 } }, key: 'k' }),
  ).toEqual({ password: HIDDEN, tokens: HIDDEN, tokenFailures: 3, deep: { apiKey: HIDDEN }, key: 'k' });
});

test('secrets are found in the environment: by name, and URL passwords both encoded and decoded', () => {
  const secrets = secretsOf({
    CA_AMQP_URL: 'amqp://u:p%40ss%21word@h/',
    CA_NODE_AMQP_URL: 'amqps://u:first@b1/,amqps://u:second@b2/',
    MY_SECRET: 'squirrel',
    CA_TOKENS: '/etc/tokens',
    PATH: '/bin',
  });
  expect(secrets.sort()).toEqual(['first', 'p%40ss%21word', 'p@ss!word', 'second', 'squirrel']);
  const shown = presentable({ broken: 'refused p@ss!word and squirrel' }, secrets);
  expect(JSON.stringify(shown)).not.toMatch(/p@ss|squirrel/);
});

test('of other programs’ variables only the name is shown', () => {
  expect(shownEnvironment({ GH_PAT: 'x', CA_HOST: 'n1', CA_TOKEN: 'y', CA_TOKENS: '/f' })).toEqual({
    GH_PAT: HIDDEN,
    CA_HOST: 'n1',
    CA_TOKEN: HIDDEN,
    CA_TOKENS: '/f',
  });
});

test('cycles, getters that throw, maps, sets, errors and buffers come out as plain data', () => {
  const loop: Record<string, unknown> = { name: 'loop' };
  loop['self'] = loop;
  Object.defineProperty(loop, 'bad', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  const plain = presentable({
    loop,
    map: new Map([['a', new Set([1n])]]),
    bytes: Buffer.alloc(3),
    error: new TypeError('oops', { cause: 'why' }),
    odd: [Number.NaN, undefined, () => 1],
  }) as Record<string, Record<string, unknown>>;
  expect(JSON.parse(JSON.stringify(plain))).toMatchObject({
    loop: { name: 'loop', self: '(itself, further up)', bad: '(cannot be read: Error: no)' },
    map: { a: ['1'] },
    bytes: '(3 bytes)',
    error: { name: 'TypeError', message: 'oops', cause: 'why' },
    odd: ['NaN', null, null],
  });
});

test('for any size and depth, the output is about as large as the limit', () => {
  const wide = Array.from({ length: 900 }, (_, i) => ({ [`k${i}`]: 'x'.repeat(3000) }));
  let deep: unknown = 'end';
  for (let i = 0; i < 10_000; i++) deep = { deep };
  for (const value of [wide, deep, 'y'.repeat(1e6), Object.fromEntries(wide.map((w, i) => [i, w]))]) {
    expect(JSON.stringify(presentable(value, [], 50_000)).length).toBeLessThan(100_000);
  }
  expect(JSON.stringify(presentable('y'.repeat(1e6))).length).toBeLessThan(TEXT_LENGTH + 100);
});

test('a secret at the point of truncation is not shown in part', () => {
  const text = `${'z'.repeat(TEXT_LENGTH - 3)}squirrel`;
  expect(presentable(text, ['squirrel'])).not.toContain('zsqu');
});
