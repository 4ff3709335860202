/*
 * Reads the runner's own reports. `failed FOLDER` prints the test files that failed, one a line, relative to here;
 * `summary FOLDER` prints "N passed, N failed" over all reports and exits 1 when anything failed or nothing passed.
 * A file that was run again (a report named …again-…) counts by its second run.
 */
'use strict';
const { readdirSync, readFileSync } = require('node:fs');
const { join, relative } = require('node:path');

const [, , what, folder] = process.argv;
const suites = new Map();
let first = 0;
// In this order the second run of a file replaces its first.
const names = existing(folder).sort((a, b) => a.includes('again-') - b.includes('again-'));
for (const name of names) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const round = name.split('-')[0].replace('.json', '');
  for (const suite of report.testResults) {
    const file = relative(process.cwd(), suite.name);
    const key = what === 'failed' ? file : `${round} ${file}`;
    if (suites.get(key)?.status === 'failed') first++;
    suites.set(key, suite);
  }
}

if (what === 'failed') {
  for (const [file, suite] of suites) if (suite.status === 'failed') console.log(file);
} else {
  const tests = [...suites.values()].flatMap((suite) => suite.assertionResults);
  const count = (status) => tests.filter((test) => test.status === status).length;
  // A suite that does not even load has no tests to count.
  const broken = [...suites.values()].filter(
    (s) => s.status === 'failed' && !s.assertionResults.some((t) => t.status === 'failed'),
  );
  const [passed, failed, skipped] = [count('passed'), count('failed') + broken.length, count('pending')];
  for (const [key, suite] of suites) if (suite.status === 'failed') console.log(`failed: ${key}`);
  if (first > 0) console.log(`${first} test files failed at first and were run once more: see above`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

function existing(path) {
  try {
    return readdirSync(path).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}
