import { accepts, listOf, tagsOf } from './header-list';
import { takesGzip } from './gzip';

test('entries of a list have names and parameters, in lower case and without blanks', () => {
  expect(listOf(' Text/HTML ; Q=0.5 , *;q=0,,')).toEqual([
    { name: 'text/html', parameters: ['q=0.5'] },
    { name: '*', parameters: ['q=0'] },
    { name: '', parameters: [] },
    { name: '', parameters: [] },
  ]);
  expect(listOf(undefined)).toEqual([]);
});

test.each([
  ['gzip', true],
  ['gzip;q=0', false],
  ['gzip;q=0.000', false],
  ['gzip;q=0.001', true],
  ['br', false],
])('%s accepts gzip: %s', (field, expected) => {
  expect(accepts(listOf(field), 'gzip')).toBe(expected);
});

test('tags compare without W/', () => {
  expect(tagsOf('W/"a", "b" ,*')).toEqual(['"a"', '"b"', '*']);
  expect(tagsOf(undefined)).toEqual([]);
});

test('input that makes quadratic parsers slow is parsed in linear time', () => {
  const long = 64_000;
  const fields = [' ', '\t', ';', ',', '; ', ' ;', 'q=', 'W/', '"'].flatMap((piece) => [
    `a${piece.repeat(long / piece.length)}b`,
    piece.repeat(long / piece.length),
  ]);
  for (const field of fields) {
    const began = performance.now();
    for (let i = 0; i < 3; i++) {
      takesGzip(field);
      tagsOf(field);
    }
    // Quadratic expressions took 2 s for each; on a busy machine these take half a second together.
    expect(performance.now() - began).toBeLessThan(3000);
  }
});
