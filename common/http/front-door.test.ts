import { admitFrontDoor, doorKeysOf, isSame } from './front-door';

const SECRET = 'a'.repeat(64);

test('no request passes without the secret, and none at all before there is one', () => {
  for (const shown of [undefined, '', 'guess', SECRET.slice(1), `${SECRET}a`, [SECRET, SECRET]]) {
    const headers = shown === undefined ? {} : { 'x-ca-front-door': shown };
    expect(() => {
      admitFrontDoor(headers, SECRET);
    }).toThrow('through the front door');
  }
  for (const shown of [SECRET, 'undefined', '']) {
    expect(() => {
      admitFrontDoor({ 'x-ca-front-door': shown }, undefined);
    }).toThrow('through the front door');
  }
  expect(() => {
    admitFrontDoor({ 'x-ca-front-door': SECRET }, SECRET);
  }).not.toThrow();
});

test('an aggregator’s keys are not valid for another aggregator, nor for the same one at another port', () => {
  const one = { key: 'ca.aggregator.a', httpHost: '127.0.0.1', httpPort: 1 };
  const all = [one, { ...one, httpPort: 2 }, { ...one, key: 'ca.aggregator.b' }].map((aggregator) =>
    doorKeysOf('master', aggregator),
  );
  expect(new Set(all.flatMap(({ secret, proof }) => [secret, proof])).size).toBe(6);
  expect(doorKeysOf('master', one)).toEqual(all[0]);
  expect(doorKeysOf('other', one)).not.toEqual(all[0]);
});

test('any header value can be compared', () => {
  expect([isSame('ä', 'ä'), isSame('ä', 'a'), isSame('\u20ac', 'a')]).toEqual([true, false, false]);
});
