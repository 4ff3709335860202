/*
 * The result of the tests, in a few lines. In: Jest's own reports, and the other steps that failed. Out: what
 * failed, what was skipped and why (a skipped test or its group says so in its name: "… (skipped: reason)"), what failed
 * once and passed when it was run again, and the sums.
 */

interface Suite {
  /** The file. */
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

export interface JestReport {
  readonly success: boolean;
  readonly wasInterrupted?: boolean;
  readonly testResults: readonly Suite[];
}

/** What ran on one Node.js: the reports of one folder. */
export interface Round {
  /** Before the files' names, where there are several rounds. */
  readonly name: string;
  /** By the report's name; one that begins with "again-" is of a file that was run a second time. */
  readonly reports: ReadonlyMap<string, JestReport>;
  /** Commands that failed without a report, and those that failed once and then did not. */
  readonly failed: readonly string[];
  readonly unsteady: readonly string[];
}

export interface Summary {
  readonly lines: readonly string[];
  readonly ok: boolean;
}

const REASON = /\(skipped: (.*)\)/;

export const isAgain = (report: string): boolean => report.startsWith('again-');

interface Outcome {
  /** Files by their second run, where there was one. */
  readonly suites: ReadonlyMap<string, Suite>;
  readonly failures: readonly string[];
  readonly unsteady: readonly string[];
}

/** budget: this many files and commands may fail once and pass the second time; undefined: any number. */
export function summarize(
  rounds: readonly Round[],
  relative: (file: string) => string,
  budget?: number,
): Summary {
  const outcomes = rounds.map((round) => outcomeOf(round, relative));
  const tests = outcomes.flatMap(({ suites }) =>
    [...suites].flatMap(([file, suite]) => suite.assertionResults.map((test) => ({ ...test, file }))),
  );
  const reasons = new Map<string, number>();
  const skipped = tests.filter((test) => test.status === 'pending' || test.status === 'todo');
  for (const { fullName, file } of skipped) {
    const reason = REASON.exec(fullName)?.[1] ?? `no reason given (${file})`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  const unsteady = outcomes.flatMap((outcome) => outcome.unsteady);
  const above = budget !== undefined && unsteady.length > budget;
  return {
    lines: [
      ...failures.map((name) => `failed: ${name}`),
      ...[...reasons].map(([reason, count]) => `skipped ${count}: ${reason}`),
      ...unsteady.map((name) => `unsteady: ${name}: failed, and passed the second time`),
      ...(above ? [`failed: ${unsteady.length} unsteady, where at most ${budget} may be; mend them`] : []),
      `${passed} passed, ${failures.length + (above ? 1 : 0)} failed, ${skipped.length} skipped`,
    ],
    ok: failures.length === 0 && !above && passed > 0,
  };
}

/** The files of a round that failed, as they were run last. */
export function failedFiles(round: Round, relative: (file: string) => string): string[] {
  const { suites } = outcomeOf(round, relative);
  return [...suites].filter(([, suite]) => suite.status === 'failed').map(([file]) => file);
}

function outcomeOf(round: Round, relative: (file: string) => string): Outcome {
  const [suites, first] = [new Map<string, Suite>(), new Map<string, Suite>()];
  const named = (what: string): string => (round.name === '' ? what : `${round.name}: ${what}`);
  const failures = round.failed.map(named);
  const inOrder = [...round.reports].sort(([a], [b]) => Number(isAgain(a)) - Number(isAgain(b)));
  for (const [name, report] of inOrder) {
    for (const suite of report.testResults) {
      const file = relative(suite.name);
      if (!isAgain(name)) first.set(file, suite);
      suites.set(file, suite);
    }
    // Ended from outside, or by a handle or an error outside of tests: not all of it has been tested.
    const ran = report.success || report.testResults.some(({ status }) => status === 'failed');
    if (report.wasInterrupted === true || !ran) failures.push(named(`${name}: the run itself`));
  }
  for (const [file, suite] of suites)
    failures.push(...failuresOf(suite).map((what) => named(`${file}: ${what}`)));
  const files = [...first].filter(
    ([file, suite]) => suite.status === 'failed' && suites.get(file)?.status === 'passed',
  );
  return { suites, failures, unsteady: [...files.map(([file]) => file), ...round.unsteady].map(named) };
}

function failuresOf(suite: Suite): string[] {
  if (suite.status !== 'failed') return [];
  const tests = suite.assertionResults.filter((test) => test.status === 'failed');
  // A file that does not even load has no tests to count.
  return tests.length === 0 ? ['the file itself'] : tests.map((test) => test.fullName);
}
