/*
 * The programs of a question, without running them. In: a metric, a breakdown, a predicate. Out: the BPF programs as
 * this machine's kernel would get them, and the D program. Only the catalogue of this build is asked, no server.
 */
import { arch } from 'node:os';
import type { Instrumentation } from '../../common/model/instrumentation';
import { CaError, messageOf } from '../../common/service/errors';
import { ALWAYS, predicateFields } from '../../common/model/predicate/predicate';
import type { TypeName } from '../../common/model/field';
import type { MetricDescription } from '../../services/instrumenter/metrics/language/description';
import { FIELDS } from '../../services/instrumenter/metrics/language/fields';
import { METRICS } from '../../services/instrumenter/metrics/registry';
import { UsageError, type Options } from '../cli/options';
import { nearest } from '../../common/model/nearest';
import { readPredicate } from '../cli/predicate';

export interface DryRun {
  readonly metric: string;
  /** undefined: no part for BPF in its description. */
  readonly bpf: BpfPart | { readonly unavailable: string } | undefined;
  /** D programs by system. */
  readonly d: readonly { readonly system: string; readonly text: string }[];
}

interface BpfPart {
  readonly listing: string;
  readonly programs: readonly { readonly tracepoint: string; readonly instructions: number }[];
  readonly maps: readonly { readonly name: string; readonly kind: string; readonly bytes: number }[];
}

/** Throws a UsageError for a metric or field that the catalogue does not have. */
export async function dryRun(name: string, options: Options, host: string): Promise<DryRun> {
  const description = METRICS.find((m) => `${m.module}.${m.stat}` === name);
  if (description === undefined) {
    const near = nearest(
      name,
      METRICS.map((m) => `${m.module}.${m.stat}`),
    );
    throw new UsageError(
      `the catalogue has no metric ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  const asked = instrumentationOf(description, options);
  return { metric: name, bpf: await bpfOf(description, asked, host), d: await dOf(description, asked, host) };
}

function instrumentationOf(description: MetricDescription, options: Options): Instrumentation {
  const fields: Record<string, TypeName> = {};
  for (const field of description.fields) fields[field] = FIELDS[field].type;
  const typeOf = (field: string): TypeName | undefined =>
    Object.hasOwn(fields, field) ? fields[field] : undefined;
  const by = (options.get('by') ?? '')
    .split(',')
    .map((f) => f.trim())
    .filter((f) => f !== '');
  for (const field of by) {
    if (typeOf(field) === undefined) {
      throw new UsageError(
        `--by: ${description.module}.${description.stat} has no field ${field}; it has ${description.fields.join(', ')}`,
      );
    }
  }
  const where = options.get('where');
  return {
    id: '0',
    module: description.module,
    stat: description.stat,
    predicate: where === undefined ? ALWAYS : readPredicate(where, typeOf, description.fields),
    decomposition: by,
    fields,
    valueScope: description.interval,
    granularity: 1,
    retentionTime: 600,
    idleMax: 3600,
    persistData: false,
    enabled: true,
    crtime: 0,
  };
}

async function bpfOf(
  description: MetricDescription,
  asked: Instrumentation,
  host: string,
): Promise<DryRun['bpf']> {
  if (description.bpf === undefined) return undefined;
  const { openBpf } = await import('../../services/instrumenter/sources/bpf/open.js');
  const { listPrograms } = await import('../../services/instrumenter/sources/bpf/compiler/compile.js');
  try {
    const source = openBpf(host, [description]);
    if (typeof source === 'string') return { unavailable: source };
    try {
      await source.look();
      const [offer] = source.offers();
      if (offer !== undefined && 'unavailable' in offer) return { unavailable: offer.unavailable };
      const compiled = source.compile(asked);
      return {
        listing: listPrograms(compiled),
        programs: compiled.programs.map((p) => ({
          tracepoint: p.tracepoint,
          instructions: p.instructions.length,
        })),
        maps: compiled.maps.map((m) => ({
          name: m.name,
          kind: m.kind,
          bytes: m.entries * (m.keyBytes + m.valueBytes),
        })),
      };
    } finally {
      source.close();
    }
  } catch (error) {
    return { unavailable: messageOf(error) };
  }
}

async function dOf(
  description: MetricDescription,
  asked: Instrumentation,
  host: string,
): Promise<DryRun['d']> {
  if (description.dtrace === undefined) return [];
  const { programOf, fieldsOf } = await import('../../services/instrumenter/sources/dtrace/program.js');
  const fields = [...asked.decomposition, ...predicateFields(asked.predicate)];
  return (['illumos', 'linux'] as const).flatMap((system) => {
    const clauses = description.dtrace?.[system];
    if (clauses === undefined) return [];
    const known: readonly string[] = fieldsOf(clauses);
    if (!fields.every((field) => known.includes(field))) return [];
    const architecture = arch() === 'arm64' ? 'arm64' : 'x64';
    return [{ system, text: String(programOf(asked, clauses, { host, architecture }).text) }];
  });
}

export function dryLines({ metric, bpf, d }: DryRun): string[] {
  const lines: string[] = [];
  if (bpf !== undefined) {
    if ('unavailable' in bpf) lines.push(`BPF: not on this machine: ${bpf.unavailable}`, '');
    else lines.push('BPF, as this kernel would get it:', '', ...bpf.listing.split('\n'));
  }
  for (const { system, text } of d) lines.push(`D, on ${system}:`, '', ...text.split('\n'));
  if (lines.length === 0)
    throw new CaError(
      'NOT_FOUND',
      `${metric} is read from counters that the system keeps anyway: no program runs for it`,
    );
  return lines;
}
