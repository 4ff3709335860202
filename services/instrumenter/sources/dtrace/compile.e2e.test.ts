import { spawn } from 'node:child_process';
import { metricName } from '../../../../common/metric';
import { METRICS } from '../../metrics/registry';
import { allQuestions, joined } from './questions';
import { programOf } from './program';
import { withScript } from './script';
import { describeDtrace } from './testing';

const MACHINE = { host: 'node1', architecture: process.arch === 'arm64' ? 'arm64' : 'x64' } as const;
const described = METRICS.flatMap((m) =>
  m.dtrace?.linux === undefined ? [] : [{ m, clauses: m.dtrace.linux }],
);

describeDtrace('a real dtrace', (dtrace) => {
  test.each(described.map(({ m, clauses }) => [metricName(m), clauses] as const))(
    'compiles every question about %s',
    async (_name, clauses) => {
      const programs = allQuestions(clauses).map((question) => programOf(question, clauses, MACHINE));
      expect(await complaintsAbout(dtrace, joined(programs))).toBe('');
    },
    120_000,
  );
});

/** Compiles without enabling; what dtrace says about it. */
function complaintsAbout(dtrace: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = withScript(text, (script) =>
      spawn(dtrace, ['-e', '-s', '/dev/stdin'], { stdio: [script, 'ignore', 'pipe'] }),
    );
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('error', reject);
    child.once('close', () => {
      resolve(said.trim());
    });
  });
}
