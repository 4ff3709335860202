/*
 * The values that a discrete field can have, so that a filter that can never match is refused at once.
 * In: a field's form, a constant of a predicate. Out: the constant in the form that events have, or what is wrong with it.
 *
 * Names of processes have 15 bytes, arguments 80; addresses and numbers are compared as they are printed; errors, signals,
 * system calls and kinds of operation come from lists, and have synonyms.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { invalid } from '../../service/errors';
import { ERRNOS } from '../names/errnos';
import { ILLUMOS_ERRNOS, ILLUMOS_SIGNALS, ILLUMOS_SYSCALLS } from '../names/illumos';
import { bytesFromName, nameFromBytes } from '../name';
import { nearest } from '../nearest';
import type { TextForm } from '../metric';
import type { Predicate } from './predicate-tree';
import { SIGNALS } from '../names/signals';
import { ARM64, I386, parseTable, X64 } from '../names/syscalls';

/** Synonyms of words in the lists. */
const SYNONYMS: Readonly<Record<string, string>> = {
  EWOULDBLOCK: 'EAGAIN',
  EDEADLOCK: 'EDEADLK',
  ENOTSUP: 'EOPNOTSUPP',
  ENOATTR: 'ENODATA',
  SIGPOLL: 'SIGIO',
  SIGCLD: 'SIGCHLD',
  SIGIOT: 'SIGABRT',
};

const NAME: TextForm = { bytes: 15 };
const ARGUMENTS: TextForm = { bytes: 80 };
const NUMBER: TextForm = { is: 'number' };

const errnos = [['none', 0] as const, ...parseTable(ERRNOS)];
const illumosErrnos = parseTable(ILLUMOS_ERRNOS);
const fromOne = (names: readonly string[]) => names.map((name, i) => [name, i + 1] as const);
const signals = fromOne(SIGNALS);
const illumosSignals = fromOne(ILLUMOS_SIGNALS);
const syscalls = [X64, ARM64, I386].flatMap(parseTable);
const named = (table: readonly (readonly [string, number])[]): TextForm => ({
  values: [...new Set(table.map(([name]) => name))],
});

/** Forms of fields that mean the same in every metric. */
const FORMS: Readonly<Record<string, TextForm>> = {
  execname: NAME,
  pexecname: NAME,
  texecname: NAME,
  threadname: NAME,
  psargs: ARGUMENTS,
  pid: NUMBER,
  ppid: NUMBER,
  lport: NUMBER,
  rport: NUMBER,
  errno: named(errnos),
  signal: named(signals),
  syscall: named(syscalls),
};

/** What FORMS are on all systems together: names have 16 bytes on illumos, and lists other words. */
export const FORMS_EVERYWHERE: Readonly<Record<string, TextForm>> = {
  execname: { bytes: 16 },
  pexecname: { bytes: 16 },
  psargs: ARGUMENTS,
  pid: NUMBER,
  ppid: NUMBER,
  errno: named([...errnos, ...illumosErrnos]),
  signal: named([...signals, ...illumosSignals]),
  syscall: { values: [...new Set([...syscalls.map(([name]) => name), ...ILLUMOS_SYSCALLS])] },
};

const byNumber = (table: readonly (readonly [string, number])[]): ReadonlyMap<string, string> =>
  new Map(table.map(([name, number]) => [String(number), name]));
/**
 * Fields whose numbers are converted to names, on Linux and on illumos; not system calls, whose numbers differ between
 * processors.
 */
const NUMBERED: Readonly<
  Record<string, readonly [ReadonlyMap<string, string>, ReadonlyMap<string, string>]>
> = {
  errno: [byNumber(errnos), byNumber(illumosErrnos)],
  signal: [byNumber(signals), byNumber(illumosSignals)],
};

const DECIMAL = /^(?:0|-?[1-9][0-9]{0,19})$/;
/** A number without a name; also of a 32-bit program's call. */
const UNNAMED = /^(?:32-bit )?(?:0|-?[1-9][0-9]{0,19})$/;

type Fitted = { readonly text: string } | { readonly problem: string };

/** `forms`: of the metric's own fields; `common`: of fields that mean the same in all metrics. */
export function fitText(
  field: string,
  constant: string,
  forms: Readonly<Record<string, TextForm>> = {},
  common = FORMS,
): Fitted {
  const form = Object.hasOwn(forms, field)
    ? forms[field]
    : Object.hasOwn(common, field)
      ? common[field]
      : undefined;
  if (form === undefined) return { text: constant };
  if ('bytes' in form) return fitBytes(constant, form.bytes);
  if ('values' in form) return fitValue(field, constant, form.values, common === FORMS ? 1 : Infinity);
  if (form.is === 'address') return fitAddress(constant);
  return DECIMAL.test(constant)
    ? { text: constant }
    : { problem: `is compared with ${quote(constant)}, and its texts are whole numbers in decimal` };
}

/** Throws an INVALID error for a constant that no event can have. */
export function fitPredicate(
  p: Predicate,
  isDiscrete: (field: string) => boolean,
  forms: Readonly<Record<string, TextForm>> = {},
  common = FORMS,
): Predicate {
  switch (p.kind) {
    case 'always':
      return p;
    case 'and':
    case 'or':
      return { ...p, members: p.members.map((member) => fitPredicate(member, isDiscrete, forms, common)) };
    case 'compare': {
      if (!isDiscrete(p.field) || typeof p.constant !== 'string') return p;
      const fitted = fitText(p.field, p.constant, forms, common);
      if ('problem' in fitted) throw invalid('predicate', `can never match: ${p.field} ${fitted.problem}`);
      return { ...p, constant: fitted.text };
    }
  }
}

function fitBytes(constant: string, most: number): Fitted {
  const bytes = bytesFromName(constant);
  if (bytes.length <= most) return { text: constant };
  const cut = nameFromBytes(bytes.subarray(0, most));
  return { problem: `has at most ${most} bytes; did you mean ${quote(cut)}?` };
}

/** `systems`: how many of those whose numbers are known take part. */
function fitValue(field: string, constant: string, values: readonly string[], systems: number): Fitted {
  const synonym = Object.hasOwn(SYNONYMS, constant.toUpperCase())
    ? SYNONYMS[constant.toUpperCase()]
    : undefined;
  const upper = constant.toUpperCase();
  const tables = Object.hasOwn(NUMBERED, field) ? (NUMBERED[field]?.slice(0, systems) ?? []) : [];
  const [number, ...others] = new Set(tables.flatMap((table) => table.get(constant) ?? []));
  if (others.length > 0)
    return {
      problem: `is never ${quote(constant)}, which is ${[number, ...others].join(' or ')}, as the system has it; say which`,
    };
  const found = [constant, number, synonym, upper, `SIG${upper}`, constant.toLowerCase()].find(
    (text) => text !== undefined && values.includes(text),
  );
  if (found !== undefined) return { text: found };
  if (UNNAMED.test(constant)) return { text: constant };
  const close = nearest(constant, values);
  const few = values.length <= 20 ? `; there are ${values.join(', ')}` : '';
  return {
    problem: `is never ${quote(constant)}${close === undefined ? few : `; did you mean ${quote(close)}?`}`,
  };
}

function fitAddress(constant: string): Fitted {
  if (isIPv4(constant)) return { text: constant };
  if (!isIPv6(constant) || constant.includes('%'))
    return { problem: `is compared with ${quote(constant)}, which is no address of the Internet` };
  const printed = new URL(`http://[${constant}]/`).hostname.slice(1, -1);
  const words = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(printed)?.slice(1);
  if (words === undefined) return { text: printed };
  const bytes = words.map((word) => parseInt(word, 16)).flatMap((word) => [word >> 8, word & 0xff]);
  return { text: bytes.join('.') };
}

const quote = (text: string): string => JSON.stringify(text);
