import fc from 'fast-check';
import { spawn } from 'node:child_process';
import { METRICS } from '../../metrics/registry';
import { programOf } from './program';
import { allQuestions, joined } from './questions';
import { event, expected, predicate, withValues } from './random_predicates';
import { withScript } from './script';
import { describeDtrace } from './testing';

const MACHINE = { host: 'node1', architecture: process.arch === 'arm64' ? 'arm64' : 'x64' } as const;
const PATIENCE_MS = 240_000;

/** All questions about each metric that Linux has probes for, as one program. */
const everything = joined(
  METRICS.flatMap(({ dtrace }) => {
    const clauses = dtrace?.linux;
    if (clauses === undefined) return [];
    return [allQuestions(clauses).map((question) => programOf(question, clauses, MACHINE))];
  }),
);

describeDtrace('a real dtrace', (dtrace) => {
  test(
    'compiles every question about every metric of Linux',
    async () => {
      // 12 metrics at least, with each field alone and in pairs.
      expect(everything.match(/@even_\d+_\d+ =|@even_\d+_\d+\[/g)?.length).toBeGreaterThan(150);
      expect(await run(dtrace, ['-e'], everything)).toEqual({ printed: '', said: '' });
    },
    PATIENCE_MS,
  );

  test(
    'complains about the very last of them when a name in it is wrong',
    async () => {
      const at = everything.lastIndexOf('count()');
      const wrong = `${everything.slice(0, at)}cuont()${everything.slice(at + 'count()'.length)}`;
      expect((await run(dtrace, ['-e'], wrong)).said).toContain('cuont');
    },
    PATIENCE_MS,
  );

  test(
    'evaluates random predicates as we do',
    async () => {
      const cases = fc.sample(fc.tuple(predicate, event), { seed: 20260106, numRuns: 40 });
      const text = [
        '#pragma D option quiet',
        '#pragma D option strsize=129',
        ...cases.map(([p, e], i) => `BEGIN /${withValues(p, e)}/ { printf("%d ", ${i}); }`),
        'BEGIN { exit(0); }',
      ].join('\n');
      const { printed, said } = await run(dtrace, [], text);
      expect(said).toBe('');
      const wanted = cases.flatMap(([p, e], i) => (expected(p, e) ? [i] : []));
      expect(printed.trim().split(/\s+/).map(Number)).toEqual(wanted);
      expect(wanted.length).toBeGreaterThan(5);
    },
    PATIENCE_MS,
  );
});

/** What dtrace prints, and says on standard error, about a program that ends by itself. */
function run(
  dtrace: string,
  options: readonly string[],
  text: string,
): Promise<{ readonly printed: string; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = withScript(text, (script) =>
      spawn(dtrace, [...options, '-s', '/dev/stdin'], {
        stdio: [script, 'pipe', 'pipe'],
        timeout: PATIENCE_MS,
        killSignal: 'SIGKILL',
      }),
    );
    let [printed, said] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', reject);
    child.once('close', () => {
      resolve({ printed: printed.trim(), said: said.trim() });
    });
  });
}
