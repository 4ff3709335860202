/*
 * The merged catalogue. In: the catalogues of nodes. Out: one catalogue, limited to what works on some node, and the
 * conflicts. The first node's definition applies; a later node with another definition of the same name is reported,
 * and not asked for metrics that use it.
 */
import type { Field, Metric, MetricName } from '../../../common/model/metric';
import { metricName } from '../../../common/model/metric';
import { meaningOf } from '../../../common/wire/coverage';
import type { WireCatalogue } from '../../../common/wire/message';

export interface Catalogue {
  readonly modules: ReadonlyMap<string, { readonly label: string }>;
  readonly fields: ReadonlyMap<string, Field>;
  readonly metrics: ReadonlyMap<MetricName, Metric>;
  /** Metrics that no node can observe. */
  readonly unavailable: ReadonlyMap<MetricName, Unavailable>;
  /** Whether any source anywhere can filter by a field that the metric has. */
  filters(metric: MetricName, field: string): boolean;
  /** Whether texts of its fields have no other forms than those that are known: the sources of Linux are described here. */
  isExact(metric: MetricName): boolean;
}

export interface Unavailable {
  readonly metric: Metric;
  /** Reasons, each with the number of nodes that give it. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** A catalogue of nodes that disagrees with the ones before it. */
interface Conflict {
  readonly digest: string;
  readonly problems: readonly string[];
}

/** A node's catalogue, with its digest. */
export type Described = readonly [digest: string, catalogue: WireCatalogue];

/** Fields of one source, and those among them that it can break down by and not filter by. */
interface Offered {
  readonly source: string;
  readonly fields: readonly string[];
  readonly unfiltered: readonly string[];
}

/** Different ones of one metric that are told: nodes of a fleet are few kinds of machine. */
const REASONS = 10;

const EXACT = ['bpf', 'proc'];

interface Words {
  /** Its offers that may be used: metric -> what each source has together. */
  readonly offers: Map<string, readonly Offered[]>;
  readonly problems: readonly string[];
}

export class MergedCatalogue implements Catalogue {
  readonly modules = new Map<string, { readonly label: string }>();
  readonly fields = new Map<string, Field>();
  /** Fields of these are the union over nodes of what sources really offer. */
  readonly metrics = new Map<MetricName, Metric>();
  private readonly words = new Map<string, Words>();
  /** By metric; some node may have it all the same. */
  private readonly missing = new Map<MetricName, { metric: Metric; reasons: Map<string, Set<string>> }>();

  private readonly nodesWith: (digest: string) => number;

  /** `nodesWith`: how many nodes have that catalogue. */
  constructor(catalogues: Iterable<Described>, nodesWith: (digest: string) => number = () => 1) {
    this.nodesWith = nodesWith;
    for (const described of catalogues) this.add(described);
  }

  get unavailable(): ReadonlyMap<MetricName, Unavailable> {
    const nodesOf = (digests: ReadonlySet<string>): number =>
      [...digests].reduce((sum, digest) => sum + this.nodesWith(digest), 0);
    const found = [...this.missing].filter(([name]) => !this.metrics.has(name));
    return new Map(
      found.map(([name, { metric, reasons }]) => [
        name,
        { metric, reasons: new Map([...reasons].map(([reason, digests]) => [reason, nodesOf(digests)])) },
      ]),
    );
  }

  get conflicts(): Conflict[] {
    return [...this.words]
      .filter(([, { problems }]) => problems.length > 0)
      .map(([digest, { problems }]) => ({ digest, problems }));
  }

  filters(metric: MetricName, field: string): boolean {
    return [...this.words.values()].some(({ offers }) =>
      (offers.get(metric) ?? []).some((has) => has.fields.includes(field) && !has.unfiltered.includes(field)),
    );
  }

  isExact(metric: MetricName): boolean {
    return [...this.words.values()].every(({ offers }) =>
      (offers.get(metric) ?? []).every(({ source }) => EXACT.includes(source)),
    );
  }

  /** Catalogues may be added one by one; when the last node with one leaves, a new merged one is made of the rest. */
  add([digest, catalogue]: Described): void {
    const problems: string[] = [];
    const strangeFields = new Set<string>();
    const { modules, fields, metrics, unavailable = [] } = catalogue.metadata;
    for (const { reason, ...metric } of unavailable) this.miss(metric, reason, digest);
    for (const [name, field] of Object.entries(fields)) {
      const known = this.fields.get(name);
      if (known === undefined) continue;
      if (known.type !== field.type) {
        strangeFields.add(name);
        problems.push(`field ${name} is ${field.type} there and ${known.type} here`);
      }
    }
    const offers = usableOffers(catalogue);
    for (const metric of metrics) {
      const name = metricName(metric);
      const offered = offers.get(name);
      if (offered === undefined) continue;
      const strange = metric.fields.filter((field) => strangeFields.has(field));
      const unknown = metric.fields.filter((field) => !Object.hasOwn(fields, field));
      const problem =
        !Object.hasOwn(modules, metric.module) || unknown.length > 0
          ? `metric ${name} uses words that the node does not explain`
          : difference(this.metrics.get(name), metric);
      if (problem !== undefined) problems.push(problem);
      if (problem !== undefined || strange.length > 0) {
        offers.delete(name);
        continue;
      }
      this.merge(name, metric, offered);
      const label = modules[metric.module];
      if (label !== undefined && !this.modules.has(metric.module)) this.modules.set(metric.module, label);
      for (const field of metric.fields) {
        const words = fields[field];
        if (words !== undefined && !this.fields.has(field)) this.fields.set(field, words);
      }
    }
    this.words.set(digest, { offers, problems });
  }

  private miss(metric: Metric, reason: string, digest: string): void {
    const name = metricName(metric);
    const known = this.missing.get(name) ?? { metric, reasons: new Map<string, Set<string>>() };
    this.missing.set(name, known);
    const { reasons } = known;
    const digests = reasons.get(reason) ?? new Set();
    if (digests.size > 0 || reasons.size < REASONS) reasons.set(reason, digests.add(digest));
  }

  private merge(name: MetricName, metric: Metric, offered: readonly Offered[]): void {
    const known = this.metrics.get(name);
    const here = metric.fields.filter((field) => offered.some((has) => has.fields.includes(field)));
    this.metrics.set(name, {
      ...(known ?? metric),
      // Prefer point: levels must not be added up over time.
      interval: known?.interval === 'point' ? 'point' : metric.interval,
      sources: [...new Set([...(known?.sources ?? []), ...offered.map(({ source }) => source)])].sort(),
      fields: [...new Set([...(known?.fields ?? []), ...here])],
    });
  }
}

function usableOffers(catalogue: WireCatalogue): Map<string, readonly Offered[]> {
  const offers = new Map<string, readonly Offered[]>();
  for (const { metric, source, fields, unfiltered = [] } of catalogue.offers) {
    if (fields !== undefined)
      offers.set(metric, [...(offers.get(metric) ?? []), { source, fields, unfiltered }]);
  }
  return offers;
}

function difference(known: Metric | undefined, metric: Metric): string | undefined {
  if (known === undefined) return undefined;
  if (meaningOf(known) === meaningOf(metric)) return undefined;
  return `metric ${metricName(metric)} has another unit or type there`;
}
