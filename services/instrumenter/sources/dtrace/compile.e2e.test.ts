import fc from 'fast-check';
import { METRICS } from '../../metrics/registry';
import { runDtrace } from './child';
import { programOf } from './program';
import { allQuestions, joined } from './questions';
import { event, expected, predicate, withValues } from './testing/random-predicates';
import { describeDtrace } from './testing/real-dtrace';

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

/** After all of them: it is the first thing wrong, so that all before it was compiled. */
const WRONG = 'dtrace:::BEGIN { @wrong = cuont(); }';

describeDtrace('a real dtrace', (dtrace) => {
  test(
    'compiles every question about every metric of Linux, and complains about what is wrong after the very last',
    async () => {
      // 12 metrics at least, with each field alone and in pairs.
      expect(everything.match(/@even_\d+_\d+ =|@even_\d+_\d+\[/g)?.length).toBeGreaterThan(150);
      const lines = everything.split('\n').length;
      const { said } = await run(dtrace, `${everything}\n${WRONG}\n`, ({ said }) => said !== '');
      expect(said).toMatch(new RegExp(`line ${lines + 1}: .*\\bcuont\\b`));
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
        'BEGIN { printf("all\\n"); }',
      ].join('\n');
      const { printed, said } = await run(dtrace, text, (so) => so.printed.includes(' all\n'));
      expect(said).toBe('');
      const wanted = cases.flatMap(([p, e], i) => (expected(p, e) ? [i] : []));
      expect(printed.trim()).toBe(`${wanted.join(' ')} all`);
      expect(wanted.length).toBeGreaterThan(5);
    },
    PATIENCE_MS,
  );
});

interface Output {
  readonly printed: string;
  readonly said: string;
}

/** What dtrace prints, and says on standard error, until that is enough or it ends. */
async function run(dtrace: string, text: string, isEnough: (so: Output) => boolean): Promise<Output> {
  let so: Output = { printed: '', said: '' };
  let enough: () => void = () => undefined;
  const added = (more: Output): void => {
    so = { printed: so.printed + more.printed, said: so.said + more.said };
    if (isEnough(so)) enough();
  };
  const child = runDtrace(dtrace, text, {
    output: (chunk) => added({ printed: chunk.toString(), said: '' }),
    complaint: (line) => added({ printed: '', said: `${line}\n` }),
  });
  await Promise.race([child.exited, new Promise<void>((resolve) => (enough = resolve))]);
  await child.end();
  return so;
}
