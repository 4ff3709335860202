/*
 * The probes that this kernel has. In: the text of `dtrace -l`. Out: which clauses can be enabled, and why others cannot.
 */
import { spawn } from 'node:child_process';
import type { Clause } from '../../metrics/language/clause';
import type { Dtrace } from './find';
import { isOfProgram } from './program';
import { LINE_BYTES } from './output';

/** Its list of all probes takes 2 s of CPU and 350 KB for 4,000 probes on Linux; illumos has 80,000. */
const LIST_MS = 60_000;
const LIST_BYTES = 256 * 1024 * 1024;

interface ListedProbe {
  readonly provider: string;
  readonly func: string;
  readonly name: string;
}

export type Listing = readonly ListedProbe[];

/** Rejects with dtrace's own words when it cannot list: it needs root, or the privileges dtrace_kernel and dtrace_user. */
export async function listProbes({ path, system }: Dtrace): Promise<Listing> {
  const { text, said, failed } = await (system === 'linux' ? listedTwice(path) : listed(path, ['-l']));
  if (!failed) return parseListing(text);
  const reason = said.trim().split('\n').at(-1) ?? '';
  throw new Error(
    `dtrace does not list probes: ${reason === '' ? 'it took too long, or did not end' : reason}`,
  );
}

interface Listed {
  readonly text: string;
  readonly said: string;
  readonly failed: boolean;
}

/**
 * Linux's dtrace has its list after 1 s of CPU, keeps the end of it in a buffer, and then frees, type by type,
 * its data about the kernel: 5 s of CPU more. So it is asked for the list twice, and killed when the second one begins.
 * Listing leaves nothing in the kernel.
 */
async function listedTwice(path: string): Promise<Listed> {
  const result = await listed(path, ['-l', '-n', ':::', '-n', ':::'], secondListOf);
  return { ...result, text: result.text.slice(0, secondListOf(result.text)) };
}

/** Where the first probe appears again. */
function secondListOf(text: string): number | undefined {
  const first = /^ *\d+ .*\n/m.exec(text);
  const again = first === null ? -1 : text.indexOf(`\n${first[0]}`, first.index);
  return again < 0 ? undefined : again + 1;
}

/** Its output until it ends, or until that is `enough`. */
function listed(
  path: string,
  options: readonly string[],
  enough?: (text: string) => unknown,
): Promise<Listed> {
  return new Promise((resolve) => {
    const child = spawn(path, options, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIST_MS,
      killSignal: 'SIGKILL',
    });
    let [text, said, complete] = ['', '', false];
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      complete ||= enough?.(text) !== undefined;
      if (complete || text.length > LIST_BYTES) child.kill('SIGKILL');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('latin1')).slice(-LINE_BYTES);
    });
    child.once('error', (error) => {
      resolve({ text: '', said: error.message, failed: true });
    });
    child.once('close', (code) => {
      resolve({ text, said, failed: code !== 0 && !complete });
    });
  });
}

/** Columns ID PROVIDER MODULE FUNCTION NAME; module and function may be empty. */
export function parseListing(text: string): Listing {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const [id = '', provider = ''] = words;
    if (!/^\d+$/.test(id)) return [];
    return [{ provider, func: words.length > 4 ? (words.at(-2) ?? '') : '', name: words.at(-1) ?? '' }];
  });
}

/**
 * Why these clauses cannot be enabled; undefined when they can. Probes of user programs come and go with them:
 * where such programs can have probes at all, they may still appear.
 */
export function missingProbe(
  clauses: readonly Clause[],
  listing: Listing,
  userProbes: boolean,
): string | undefined {
  for (const probe of clauses.flatMap((clause) => clause.probes)) {
    if (isOfProgram(probe) ? userProbes : listing.some((listed) => matches(probe, listed))) continue;
    return isOfProgram(probe)
      ? `no running program has probes of provider ${providerOf(probe)}`
      : `this kernel has no probe ${probe}`;
  }
  return undefined;
}

const providerOf = (probe: string): string => probe.slice(0, probe.indexOf(':'));

function matches(probe: string, listed: ListedProbe): boolean {
  const [provider = '', , func = '', name = ''] = probe.split(':');
  // The profile provider takes any frequency; those listed are examples.
  if (provider === 'profile') return listed.provider === 'profile';
  const [wantedProvider, wantedFunc, wantedName] = [provider, func, name].map(pattern);
  return (
    wantedProvider?.test(listed.provider) === true &&
    wantedFunc?.test(listed.func) === true &&
    wantedName?.test(listed.name) === true
  );
}

/** DTrace's own patterns, as far as descriptions use them: * stands for anything, as does nothing. */
function pattern(glob: string): RegExp {
  if (glob === '') return /^/;
  const parts = glob.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
