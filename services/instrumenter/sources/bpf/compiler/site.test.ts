/* Programs of user moments, run in the machine of the tests: arguments, results, variables, kinds of statements. */
import fc from 'fast-check';
import { argument, global, result, userNumber, userText } from '../../../metrics/language/expression';
import { named, type FieldExpression, type Observation } from '../../../metrics/language/observation';
import { firstWord, kindOf, STATEMENTS } from '../../../metrics/sql-statement';
import { entry, userMoment, type Programs } from '../../../metrics/user';
import { compile, type Compiled } from './compile';
import type { Site } from './site';
import { BpfMachine, type World } from '../testing/machine';
import { toyBtf } from '../testing/toy-kernel';
import { parseArguments } from '../user/usdt';

const PROGRAMS: Programs = { title: 'shop', file: /^shop$/, installed: [] };
const AT = userMoment(PROGRAMS, entry('sell'));
const TEXT_AT = 0x5000_0000n;
const REGISTERS = 21;
const types = toyBtf();

const SITE: Site = {
  architecture: 'x64',
  offset: 0x404,
  semaphore: 0,
  isReturn: false,
  address: 0x1004,
  arguments: 'call',
  name: 'uprobe:sell',
  addressOf: (name) => (name === 'price' ? 0x4010 : undefined),
};

function programOf(fields: Record<string, FieldExpression>, site: Site, field = 'querysubstr'): Compiled {
  const observation: Observation = { probes: [{ at: AT, steps: [{ kind: 'count', fields }] }] };
  return compile(
    observation,
    { predicate: { kind: 'always' }, isNumeric: () => false, discrete: field },
    { types, architecture: 'x64', hostname: 'h', cpus: 2, file: { sitesOf: () => [site] } },
  );
}

/** What the field's key prints after one event with these registers, by their place. */
function keyAfter(
  compiled: Compiled,
  registers: Readonly<Record<number, bigint>>,
  memory: Map<bigint, Buffer>,
): string {
  const world: World = { now: 1n, cpu: 0, process: 1, thread: 1, comm: 'shop', task: 0x9000n, memory };
  const machine = new BpfMachine(compiled.maps, world);
  const context = Array.from({ length: REGISTERS }, (_, i) => registers[i] ?? 0n);
  const [program] = compiled.programs;
  machine.run(program?.instructions ?? [], context);
  const [counted, ...more] = machine.map('counts0').counts();
  expect([counted?.count, more.length]).toEqual([1, 0]);
  return compiled.key.textOf?.(counted?.key ?? Buffer.alloc(0)) ?? '';
}

const [DI, BP, AX, IP] = [14, 4, 10, 16];

test('arguments of a call are in registers, its result too, and a text is read where one points', () => {
  const memory = new Map([[TEXT_AT, Buffer.from('select 1\0')]]);
  const text = programOf({ querysubstr: userText(argument(0), 16) }, SITE);
  expect(keyAfter(text, { [DI]: TEXT_AT }, memory)).toBe('select 1');
  expect(keyAfter(text, { [DI]: 8n }, memory)).toBe('');
  const back = programOf({ querysubstr: result }, { ...SITE, isReturn: true });
  expect(keyAfter(back, { [AX]: 42n }, memory)).toBe('42');
  expect(() => programOf({ querysubstr: argument(0) }, { ...SITE, isReturn: true })).toThrow('gone');
  expect(() => programOf({ querysubstr: result }, SITE)).toThrow('no result');
  expect(() => programOf({ querysubstr: argument(6) }, SITE)).toThrow('not in a register');
});

test('a variable lies as far from the instruction as the file says, wherever both were loaded', () => {
  const loadedAt = 0x7f00_0000_0000n;
  const price = Buffer.alloc(8);
  price.writeBigUInt64LE(1234n);
  const memory = new Map([[loadedAt + 0x4010n, price]]);
  const compiled = programOf({ querysubstr: userNumber(global('price')) }, SITE);
  expect(keyAfter(compiled, { [IP]: loadedAt + 0x1004n }, memory)).toBe('1234');
  expect(() => programOf({ querysubstr: global('cost') }, SITE)).toThrow('has no variable cost');
});

test('arguments of USDT probes have their width and sign, in registers, memory and as constants', () => {
  const frame = Buffer.alloc(16);
  frame.writeInt32LE(-7, 4);
  const memory = new Map([[0x6000n, frame]]);
  const valueOf = (described: string): bigint => {
    const site = { ...SITE, arguments: parseArguments(described, 'x64') };
    return BigInt(
      keyAfter(programOf({ querysubstr: argument(0) }, site), { [DI]: 0xffff_ff85n, [BP]: 0x6008n }, memory),
    );
  };
  const wide = (value: bigint): bigint => BigInt.asUintN(64, value);
  expect(valueOf('8@%rdi')).toBe(0xffff_ff85n);
  expect(valueOf('-4@%edi')).toBe(wide(-123n));
  expect(valueOf('4@%edi')).toBe(0xffff_ff85n);
  expect(valueOf('-1@%dil')).toBe(wide(-123n));
  expect(valueOf('1@%dil')).toBe(0x85n);
  expect(valueOf('-4@-4(%rbp)')).toBe(wide(-7n));
  expect(valueOf('-8@$-5')).toBe(wide(-5n));
  expect(() => valueOf('8@%xmm0')).toThrow('does not say where its argument 0 is');
});

test('the kind of a statement is its first word, in any letters, behind white space', () => {
  const compiled = programOf({ querysubstr: named(kindOf(firstWord(argument(0))), STATEMENTS) }, SITE);
  const kindIn = (text: string): string =>
    keyAfter(
      compiled,
      { [DI]: TEXT_AT },
      new Map([[TEXT_AT, Buffer.concat([Buffer.from(text), Buffer.alloc(32)])]]),
    );
  fc.assert(
    fc.property(
      fc.stringMatching(/^[ \t\n\r]{0,14}$/),
      fc.constantFrom(
        'SELECT',
        'Insert',
        'uPdate',
        'delete',
        'begin',
        'COMMIT',
        'savepoint',
        'set',
        'do',
        'end',
        'with',
      ),
      fc.stringMatching(/^[ ;(\n][ -~]{0,20}$/),
      (space, word, rest) => {
        expect(kindIn(space + word + rest)).toBe(word.toUpperCase());
      },
    ),
    { seed: 20111108, numRuns: 25 },
  );
  for (const other of ['', '-- x\nselect 1', '(select 1)', '\xff\xfe', '        '.repeat(4)]) {
    expect([other, kindIn(other)]).toEqual([other, 'other']);
  }
});
