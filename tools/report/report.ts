/*
 * What came of the tests, in a few lines for people. In: Jest's own reports. Out: what failed, what was skipped and why
 * (a skipped test or its group says so in its name: "… (skipped: reason)"), and the sums.
 */

interface Suite {
  /** The file. */
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

export interface JestReport {
  readonly testResults: readonly Suite[];
}

export interface Summary {
  readonly lines: readonly string[];
  readonly ok: boolean;
}

const REASON = /\(skipped: (.*)\)/;

export function summarize(reports: readonly JestReport[], relative: (file: string) => string): Summary {
  const suites = reports.flatMap((report) => report.testResults);
  const tests = suites.flatMap((suite) =>
    suite.assertionResults.map((test) => ({ ...test, file: relative(suite.name) })),
  );
  const failed = tests
    .filter((test) => test.status === 'failed')
    .map((test) => `${test.file}: ${test.fullName}`);
  // A file that does not even load has no tests to count.
  const broken = suites
    .filter((s) => s.status === 'failed' && s.assertionResults.every((test) => test.status !== 'failed'))
    .map((suite) => `${relative(suite.name)}: the file itself`);
  const reasons = new Map<string, number>();
  const skipped = tests.filter((test) => test.status === 'pending' || test.status === 'todo');
  for (const { fullName, file } of skipped) {
    const reason = REASON.exec(fullName)?.[1] ?? `no reason given (${file})`;
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const passed = tests.filter((test) => test.status === 'passed').length;
  const failures = [...failed, ...broken];
  return {
    lines: [
      ...failures.map((name) => `failed: ${name}`),
      ...[...reasons].map(([reason, count]) => `skipped ${count}: ${reason}`),
      `${passed} passed, ${failures.length} failed, ${skipped.length} skipped`,
    ],
    ok: failures.length === 0 && passed > 0,
  };
}
