/*
 * The probes that this kernel has. In: the text of `dtrace -l`. Out: which clauses can be enabled, and why others not.
 */
import { execFile } from 'node:child_process';
import { LIMITS } from '../../../../common/limits';
import type { Clause } from '../../metrics/clause';
import { isOfProgram } from './program';

interface ListedProbe {
  readonly provider: string;
  readonly func: string;
  readonly name: string;
}

export type Listing = readonly ListedProbe[];

/** Rejects with dtrace's own words when it cannot list: it needs root, or the privileges dtrace_kernel and dtrace_user. */
export function listProbes(dtrace: string): Promise<Listing> {
  return new Promise((resolve, reject) => {
    execFile(
      dtrace,
      ['-l'],
      { maxBuffer: LIMITS.dtraceListBytes, timeout: LIMITS.dtraceListMs },
      (error, stdout, stderr) => {
        if (error === null) resolve(parseListing(stdout));
        else
          reject(
            new Error(`dtrace does not list probes: ${stderr.trim().split('\n').at(-1) ?? error.message}`),
          );
      },
    );
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
 * where such programs can have probes at all, they may still come.
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
  // Any frequency may be asked of the profile provider; those listed are examples.
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
