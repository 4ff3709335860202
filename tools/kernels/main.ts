/*
 * make kernels: each kernel is fetched, booted, and tries everything. In: names of kernels (none: all); --short: for CI, 6.1
 * and another one each day. Out: docs/kernels.md (not with --short); a status that is not 0 when one did not pass.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../common/service/errors';
import { guestFiles, program } from './guest-files';
import { runMachine } from './guest-machine';
import { initramfs } from './initramfs';
import { KERNELS, shortChoice, type KernelChoice } from './kernels';
import { fetchKernel } from './packages';
import { reportIn, type Report } from './report';
import { ranStaleCode } from './stale-code';
import { complaintsOf, notesOf, readResults, resultOf, textOf, writeResults } from './table';

/** build/tools/kernels -> the checkout. */
const ROOT = resolve(__dirname, '../../..');
const WORK = join(ROOT, 'build', 'kernels');
const RESULTS = join(ROOT, 'docs', 'kernels.json');
const TEXT = join(ROOT, 'docs', 'kernels.md');
/** For how many seconds questions come and go under load, and how many programs are made at random. */
const LONG = { seconds: 120, programs: 60 };
const SHORT = { seconds: 10, programs: 20 };
/** With --short: the longest time for one kernel. A machine that is too slow has not tried it, and says so. */
const SHORT_MS = 75_000;
/** The kernel's own complaints. */
const COMPLAINTS = /soft lockup|rcu.*stall|WARNING:|BUG:|Oops/;
/** A run takes a minute or two on a quiet machine; on a busy one as many times longer as there are others, up to a limit. */
const BUSY = Math.min(Math.max(1, (loadavg()[0] ?? 0) / cpus().length), 8);
const RUN_MS = 240_000 * BUSY;
const SILENCE_MS = 45_000 * BUSY;
const TRIES = 3;
const QEMU = { amd64: 'qemu-system-x86_64', arm64: 'qemu-system-aarch64' } as const;
/** The processor that is emulated is the slower, and slower to emulate. */
const SLOWER = { amd64: 1, arm64: 4 } as const;

async function main(): Promise<boolean> {
  const { positionals: named, values } = parseArgs({
    allowPositionals: true,
    options: { short: { type: 'boolean', default: false } },
  });
  const { short } = values;
  const chosen = short
    ? shortChoice(new Date())
    : KERNELS.filter(({ name }) => named.length === 0 || named.includes(name));
  if (chosen.length === 0) throw new Error(`known kernels are ${KERNELS.map(({ name }) => name).join(', ')}`);
  mkdirSync(WORK, { recursive: true });
  bundle();
  let passed = true;
  for (const kernel of chosen) {
    try {
      passed = (await tryUntilEmulated(kernel, short)) && passed;
    } catch (error) {
      const isSkipped = short && error instanceof CannotTry;
      console.log(`${isSkipped ? 'SKIPPED: ' : ''}${kernel.name}: ${messageOf(error)}`);
      passed = passed && isSkipped;
    }
  }
  return passed;
}

/** Again where the emulator has failed, and not the kernel. */
async function tryUntilEmulated(kernel: KernelChoice, short: boolean): Promise<boolean> {
  for (let tries = 1; tries < TRIES; tries++) {
    try {
      return await tryKernel(kernel, short);
    } catch (error) {
      if (!(error instanceof EmulatorFault)) throw error;
      console.log(`${kernel.name}: ${error.message}; once more`);
    }
  }
  return tryKernel(kernel, short);
}

class EmulatorFault extends Error {}

/** What is missing is the mirror's, or the machine's: no kernel has failed. */
class CannotTry extends Error {}

async function fetched(kernel: KernelChoice, words: string) {
  try {
    const files = await fetchKernel(kernel, WORK);
    const guest = await guestFiles(ROOT, WORK, kernel.architecture, words);
    return { files, guest, qemu: program(ROOT, QEMU[kernel.architecture]) };
  } catch (error) {
    throw new CannotTry(messageOf(error));
  }
}

async function tryKernel(kernel: KernelChoice, short: boolean): Promise<boolean> {
  const { name, architecture } = kernel;
  console.log(`${name}: fetching …`);
  const size = short ? SHORT : LONG;
  const { files, guest, qemu } = await fetched(kernel, `${size.seconds} ${size.programs}`);
  const initrd = join(WORK, `${name}.initrd`);
  writeFileSync(initrd, initramfs(guest.busybox, files.modules, guest.command));
  console.log(`${name}: booting ${files.release} …`);
  const out = join(WORK, `${name}.out`);
  mkdirSync(out, { recursive: true });
  const log = join(WORK, `${name}.log`);
  writeFileSync(log, '');
  const reports: Report[] = [];
  const words: string[] = [];
  const began = Date.now();
  const ending = await runMachine({
    qemu,
    architecture,
    folder: guest.folder,
    image: files.image,
    initrd,
    out,
    monitor: join(WORK, `${name}.monitor`),
    limitMs: short ? SHORT_MS : SLOWER[architecture] * (RUN_MS + size.seconds * 1000),
    silenceMs: short ? SHORT_MS : SLOWER[architecture] * SILENCE_MS,
    line: (text) => {
      const report = reportIn(text);
      if (report?.kind !== 'alive') appendFileSync(log, `${text}\n`);
      if (report === undefined) words.push(text);
      else if (report.kind !== 'alive') reports.push(report);
      return report !== undefined;
    },
  });
  const seconds = (Date.now() - began) / 1000;
  if (ranStaleCode(words))
    throw new EmulatorFault('the emulator ran a breakpoint that the kernel had taken away');
  const complaints = [...complaintsOf(reports), ...words.filter((line) => COMPLAINTS.test(line)).slice(0, 3)];
  if (short && ending.how !== 'ended' && complaints.length === 0)
    throw new CannotTry(`it took longer than ${seconds.toFixed(0)} s`);
  if (ending.how !== 'ended') {
    appendFileSync(log, `${ending.where.join('\n')}\n`);
    complaints.push(
      `it was ${ending.how} after ${seconds.toFixed(0)} s; its CPUs:\n  ${ending.where.join('\n  ')}`,
    );
  } else if (!reports.some(({ kind }) => kind === 'ended')) {
    complaints.push(`it ended before its tests did: ${words.slice(-3).join(' / ')}`);
  }
  const result = resultOf(reports, seconds);
  const counted = Object.values(result.metrics).filter((state) => state === 'counted').length;
  for (const complaint of complaints) console.log(`${name}: ${complaint}`);
  console.log(
    `${name}: ${complaints.length === 0 ? 'passed' : 'failed'}: ${counted} metrics counted right, ${result.programs} random programs, ` +
      `${result.enabled} questions under load, ${result.seconds} s`,
  );
  if (complaints.length > 0) return false;
  if (short) return true;
  const results = { ...readResults(RESULTS), [name]: result };
  writeResults(RESULTS, results);
  const before = existsSync(TEXT) ? readFileSync(TEXT, 'utf8') : '';
  writeFileSync(TEXT, textOf(results) + notesOf(before));
  return true;
}

/** One file: hundreds would be asked for through the emulator. */
function bundle(): void {
  const outside = ['koffi', 'dtrace-provider', 'kstat'].map((name) => `--external:${name}`);
  const input = join(ROOT, 'build/tools/kernels/guest.js');
  const output = `--outfile=${join(WORK, 'guest.js')}`;
  execFileSync(join(ROOT, 'node_modules/.bin/esbuild'), [
    input,
    '--bundle',
    '--platform=node',
    '--log-level=warning',
    output,
    ...outside,
  ]);
}

main().then(
  (passed) => process.exit(passed ? 0 : 1),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
