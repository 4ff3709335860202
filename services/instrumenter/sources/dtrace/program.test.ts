import { metricName } from '../../../../common/model/metric';
import { isNumeric } from '../../../../common/model/field';
import { describe as describeMetric, METRICS } from '../../metrics/registry';
import { FIELDS } from '../../metrics/language/fields';
import { SYSCALL_NAMES } from '../../metrics/syscall/syscall-names';
import type { Clause } from '../../metrics/language/clause';
import { allQuestions, questionOf } from './questions';
import { fieldsOf, isOfProgram, programOf } from './program';

const MACHINE = { host: 'node1', architecture: 'x64' } as const;
const SYSTEMS = ['illumos', 'linux'] as const;
const described = SYSTEMS.flatMap((system) =>
  METRICS.flatMap((m) => {
    const clauses = m.dtrace?.[system];
    return clauses === undefined ? [] : [{ name: `${metricName(m)} on ${system}`, m, clauses }];
  }),
);

function clausesOf(name: string, system: 'illumos' | 'linux'): readonly Clause[] {
  const [module, stat] = name.split('.');
  return describeMetric(`${module}.${stat}`)?.dtrace?.[system] ?? [];
}

/** The program between its options and its clock. */
function body(
  name: string,
  decomposition: readonly string[],
  system: 'illumos' | 'linux' = 'illumos',
): string {
  const { text } = programOf(questionOf(decomposition), clausesOf(name, system), MACHINE);
  return clausesIn(text);
}

/** The metric's part: neither options nor clock. */
function clausesIn(text: string): string {
  const from = text.indexOf('\n', text.indexOf('dtrace:::BEGIN')) + 1;
  return text.slice(from, text.indexOf('profile:::profile-100hz'));
}

test('45 metrics of the original are there for illumos, and 12 of all for Linux', () => {
  expect(described.filter(({ name }) => name.endsWith(' illumos')).length).toBeGreaterThanOrEqual(45);
  expect(described.filter(({ name }) => name.endsWith(' linux')).length).toBeGreaterThanOrEqual(12);
});

test.each(described)(
  '$name: every question makes a balanced program without unfilled places',
  ({ m, clauses }) => {
    for (const field of fieldsOf(clauses)) expect(m.fields).toContain(field);
    for (const question of allQuestions(clauses)) {
      const { text, format } = programOf(question, clauses, MACHINE);
      const bare = text.replace(/"(?:[^"\\\n]|\\.)*"/g, '""');
      for (const [open, close] of ['()', '[]', '{}']) {
        expect(bare.split(open!).length).toBe(bare.split(close!).length);
      }
      expect(bare).not.toMatch(/\{\w+\}|undefined|\$/);
      expect(bare.match(/@even/g)!.length).toBe(bare.match(/@odd/g)!.length);
      const numeric = question.decomposition.some((f) => isNumeric(FIELDS[f as keyof typeof FIELDS].type));
      expect(format.shape.includes('distribution')).toBe(numeric);
    }
  },
);

test.each(described)(
  '$name: what is kept is forgotten at the end, under the provider that fires there',
  ({ clauses }) => {
    const kept = clauses.filter((c) => c.keep !== undefined).flatMap((c) => c.probes);
    const ended = clauses.filter((c) => (c.count?.by ?? c.forget) !== undefined).flatMap((c) => c.probes);
    if (kept.length > 0) expect(ended.length).toBeGreaterThan(0);
    const providers = (probes: readonly string[]): Set<string> =>
      new Set(probes.map((p) => p.slice(0, p.indexOf(':'))));
    // mantaop.tasks_executed and zone_resets once waited for the end at another provider, and kept everything forever.
    if (kept.some(isOfProgram)) expect(providers(ended)).toEqual(providers(kept));
  },
);

test('a system call by name and latency, on illumos', () => {
  expect(body('syscall.syscalls', ['syscall', 'latency'])).toBe(`syscall:::entry
{ self->k_kept = 1; self->k_start = timestamp; }
syscall:::return
/!odd && self->k_kept/
{ @even[probefunc] = llquantize((int64_t)(timestamp - self->k_start), 10, 0, 14, 100); }
syscall:::return
/odd && self->k_kept/
{ @odd[probefunc] = llquantize((int64_t)(timestamp - self->k_start), 10, 0, 14, 100); }
syscall:::return
/self->k_kept/
{ self->k_kept = 0; self->k_start = 0; }
`);
});

test('only what a question needs is gathered', () => {
  expect(body('syscall.syscalls', ['execname'])).not.toContain('timestamp');
  expect(body('node.httpd_ops', ['http_path'])).not.toContain('->method');
});

test('the bytes of a virtual disk are summed, with the brackets of its optype closed', () => {
  expect(body('vm.physio_bytes', ['optype'])).toContain(
    '{ @even[arg2 == 1 ? "write" : "read"] = sum((int64_t)(((uio_t *)arg1)->uio_resid)); }',
  );
});

test('the remote port of a Node.js socket is the port, not the bytes that wait', () => {
  expect(body('node.socket_ops', ['rport'])).toContain('->remotePort]');
  expect(body('node.socket_ops', ['buffered'])).toContain('->bufferSize)');
});

test('opening a file is forgotten where it returns', () => {
  expect(body('fs.logical_ops', ['optype'])).toMatch(
    /fbt::fop_open:return,[^/]*\n\/self->k_kept && \(self->k_depth == stackdepth\)\/\n\{ self->k_kept = 0;/,
  );
});

test('a parsed query of MySQL counts once, at its outer end', () => {
  const text = body('mysql.queries', ['parsed']);
  expect(text).toContain('mysql*:::query-exec-start\n/(!self->k_kept)/');
  expect(text).toContain('mysql*:::query-exec-done\n/!odd && self->k_kept && (!self->k_parsed)/');
  expect(text).toContain('mysql*:::query-done\n/!odd && self->k_kept && (self->k_parsed)/');
});

test('offsets within a second are on the linear grid', () => {
  expect(body('unix.proc_execs', ['subsecond'])).toContain(', 0, 1000, 10); }');
});

test('numbers with names are printed as numbers, and read by their names on this processor', () => {
  const { text, format } = programOf(
    questionOf(['syscall']),
    clausesOf('syscall.syscalls', 'linux'),
    MACHINE,
  );
  expect(text).toContain('printa("K %d %@d\\n", @even)');
  expect(format.names).toBe(SYSCALL_NAMES.x64);
});

test('the clock is no single CPU: each may take it over, and only the one that has it closes a second', () => {
  const { text } = programOf(questionOf([]), clausesOf('syscall.syscalls', 'linux'), MACHINE);
  const [taking, ...keeping] = text.split('\n').filter((line) => line.startsWith('profile:::'));
  expect(text).not.toContain('tick-');
  expect(taking).toContain('/cpu != keeper && (int64_t)timestamp - beat > ');
  expect(keeping.length).toBeGreaterThan(2);
  expect(keeping.every((line) => line.includes('/cpu == keeper'))).toBe(true);
});

test("a field that is not there here is a programmer's error, never part of a program", () => {
  expect(() => programOf(questionOf(['zonename']), clausesOf('syscall.syscalls', 'linux'), MACHINE)).toThrow(
    TypeError,
  );
  expect(() =>
    programOf(questionOf(['constructor']), clausesOf('syscall.syscalls', 'linux'), MACHINE),
  ).toThrow();
});

/* No machine of ours has its provider, so the text itself is checked: a change of it must be intended. */
test.each(described.filter(({ name }) => name.endsWith(' illumos')))(
  '$name: the golden text',
  ({ m, clauses }) => {
    const fields = fieldsOf(clauses);
    const numeric = fields.filter((field) => isNumeric(FIELDS[field].type));
    const discrete = fields.filter((field) => !isNumeric(FIELDS[field].type));
    const question = questionOf([...discrete.slice(-1), ...numeric.slice(0, 1)], {
      kind: 'and',
      members: [
        ...discrete.map((field) => ({ kind: 'compare', op: 'eq', field, constant: '1' }) as const),
        ...numeric.map((field) => ({ kind: 'compare', op: 'ge', field, constant: 1 }) as const),
        { kind: 'always' },
      ],
    });
    const { text } = programOf(question, clauses, MACHINE);
    expect(clausesIn(text)).toMatchSnapshot(metricName(m));
  },
);
