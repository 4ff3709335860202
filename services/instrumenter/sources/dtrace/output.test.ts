import fc from 'fast-check';
import { LOG_GRID } from '../../../../common/model/bucket';
import { gridOf } from '../../../../common/model/field';
import { nameFromBytes } from '../../../../common/model/name';
import { lostBy } from './complaints';
import { OutputReader, unescape, type Block } from './output';
import type { Format } from './program';

const KEYED: Format = { shape: 'keyed', grid: LOG_GRID, integerKey: false };
const DISTRIBUTIONS: Format = { shape: 'keyed-distribution', grid: LOG_GRID, integerKey: false };

function blocksOf(format: Format, ...chunks: string[]): Block[] {
  const blocks: Block[] = [];
  const reader = new OutputReader(format, (block) => blocks.push(block));
  for (const chunk of chunks) reader.write(Buffer.from(chunk, 'latin1'));
  return blocks;
}

/** As %S of the Linux port prints it; illumos leaves the \0 at the end out. */
function printed(bytes: Uint8Array, end = '\\0'): string {
  const letters: Record<number, string> = {
    7: 'a',
    8: 'b',
    9: 't',
    10: 'n',
    11: 'v',
    12: 'f',
    13: 'r',
    34: '"',
    92: '\\',
  };
  const inner = Array.from(bytes, (b) =>
    letters[b] !== undefined
      ? `\\${letters[b]}`
      : b >= 32 && b < 127
        ? String.fromCharCode(b)
        : `\\${b.toString(8).padStart(3, '0')}`,
  );
  return inner.join('') + end;
}

test('any bytes without a NUL survive as a key, whatever the system and wherever the output is cut', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ min: 1, max: 255, minLength: 0, maxLength: 40 }),
      fc.constantFrom('\\0', ''),
      fc.nat(200),
      (bytes, end, cut) => {
        expect(unescape(printed(bytes, end))).toEqual(Buffer.from(bytes));
        const text = `S 7\nK ${printed(bytes, end)} 3\nE 7\n`;
        expect(blocksOf(KEYED, text.slice(0, cut), text.slice(cut))).toEqual([
          { second: 7, value: { shape: 'keyed', numbers: new Map([[nameFromBytes(bytes), 3]]) }, lost: 0 },
        ]);
      },
    ),
    { seed: 20260101, numRuns: 500 },
  );
});

test('a distribution is read from its picture, onto our grid', () => {
  const text = `S 1795233185
K sp  ace \\0 

           value  ------------- Distribution ------------- count    
             < 1 |                                         1        
               0 |                                         1        
               9 |@@@@@                                    2        
              10 |                                         0        
             990 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ 3        
            1000 |                                         4        
 990000000000000 |                                         5        
 >= 100000000000 |                                         6        

E 1795233185
`;
  const at = (v: number): number => LOG_GRID.bucketOf(v);
  expect(blocksOf(DISTRIBUTIONS, text)).toEqual([
    {
      second: 1795233185,
      value: {
        shape: 'keyed-distribution',
        distributions: new Map([
          ['sp  ace ', [0, 2, at(9), 2, at(990), 3, at(1000), 4, LOG_GRID.size - 1, 11]],
        ]),
      },
      lost: 0,
    },
  ]);
});

test('a linear picture is read onto the linear grid', () => {
  const text =
    'S 1\nK \n value ------------- Distribution ------------- count\n 990 |@@@@ 7 \n 1000 | 0\nE 1\n';
  expect(blocksOf({ shape: 'distribution', grid: gridOf('subsecond'), integerKey: false }, text)).toEqual([
    { second: 1, value: { shape: 'distribution', distribution: [99, 7] }, lost: 0 },
  ]);
});

test('a second in which nothing happened is zero', () => {
  expect(blocksOf(KEYED, 'S 4\nE 4\n')).toEqual([
    { second: 4, value: { shape: 'keyed', numbers: new Map() }, lost: 0 },
  ]);
  expect(blocksOf({ ...KEYED, shape: 'number' }, 'S 5\nE 5\n')[0]?.value).toEqual({
    shape: 'number',
    number: 0,
  });
});

test('numbers that have one name are summed under it', () => {
  const names = { nameOf: (n: bigint) => (n < 3n ? 'few' : n.toString()), valuesOf: () => [] };
  expect(
    blocksOf({ ...KEYED, integerKey: true, names }, 'S 1\nK 1 5\nK 2 6\nK 3 7\nK -1 8\nE 1\n')[0]?.value,
  ).toEqual({
    shape: 'keyed',
    numbers: new Map([
      ['few', 11],
      ['3', 7],
      ['-1', 8],
    ]),
  });
});

test('what cannot be read is counted as lost, and the next second is whole again', () => {
  const blocks = blocksOf(KEYED, 'garbage\nS 1\nK a 1\nK b\nS 2\nK c 1\nE 2\nE 9\nS 3\nE 3\n');
  expect(blocks.map((b) => [b.second, b.lost])).toEqual([
    [2, 3],
    [3, 1],
  ]);
});

test('any output at all is read without an exception', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          'S 1\n',
          'E 1\n',
          'K a 1\n',
          'K',
          '\n',
          ' | 5\n',
          '<',
          '\\',
          '999999999999999999999\n',
          'S x\n',
        ),
      ),
      fc.constantFrom(KEYED, DISTRIBUTIONS),
      (parts, format) => {
        expect(() => blocksOf(format, ...parts)).not.toThrow();
      },
    ),
    { seed: 20260102, numRuns: 500 },
  );
});

test('a line without end is given up, and counted', () => {
  expect(blocksOf(KEYED, 'S 1\nK ' + 'x'.repeat(100_000), '\nE 1\nS 2\nE 2\n').map((b) => b.lost)).toEqual([
    1, 0,
  ]);
});

test.each([
  ['dtrace: 2266 aggregation drops on CPU 1', 2266],
  ['dtrace: 713 dynamic variable drops', 713],
  ['dtrace: 7 dynamic variable drops with non-empty dirty list', 7],
  ['dtrace: 1 drop on CPU 0', 1],
  ['dtrace: 4 failed speculations', 4],
  ['dtrace: error on enabled probe ID 3 (ID 5: syscall::read:entry): invalid address (0x0) in action #1', 1],
  ['dtrace: error in dt_clause_0 for probe ID 1 (dtrace:::BEGIN): invalid address (0x8) at BPF pc 188', 1],
  ['dtrace: script /dev/stdin matched 3 probes', 0],
  ['', 0],
])('%j loses %d', (line, lost) => {
  expect(lostBy(line)).toBe(lost);
});
