/*
 * `make bench`: measures, prints a table, writes bench/results.json. In: --short for CI, --only part,part.
 * Out: exit status 0, or 1 when a measurement failed; with --short also when a ratio misses its target by a factor of 3.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../common/errors';
import { buildFolder } from '../stack/stack';
import { measure, PARTS } from './plan';
import { row, TABLE_HEAD, type Result } from './result';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { short: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
  });
  const only = values.only.split(',').filter((name) => name !== '');
  const unknown = only.find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${PARTS.join(', ')}`);
  const began = Date.now();
  const { results, failed } = await measure({
    short: values.short,
    only,
    say: (line) => {
      console.error(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${line}`);
    },
  });
  console.log(TABLE_HEAD);
  for (const one of results) console.log(row(one));
  console.error(`measured in ${Math.round((Date.now() - began) / 1000)} s`);
  if (failed.length > 0) {
    console.error(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
  if (!values.short && only.length === 0) save(results);
  const far = results.filter(({ farOff }) => farOff);
  if (values.short && far.length > 0) {
    console.error(`far off: ${far.map(({ what }) => what).join('; ')}`);
    process.exitCode = 1;
  }
}

function save(results: readonly Result[]): void {
  const file = join(dirname(buildFolder()), 'bench', 'results.json');
  const [cpu] = cpus();
  const machine = {
    cpu: cpu?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryMb: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    node: process.version,
  };
  const kept = results.map(({ farOff: _farOff, ...rest }) => rest);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ machine, commit: commit(), results: kept }, undefined, 2)}\n`);
  console.error(`written: ${file}`);
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

main()
  .then(() => process.exit())
  .catch((error: unknown) => {
    console.error(`bench: ${messageOf(error)}`);
    process.exit(1);
  });
