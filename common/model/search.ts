/*
 * Search for metrics by words. In: metrics, and a search text: "fsync", "slow sql".
 * Out: those that have every word in their name, their other names (synonyms), their question or their fields; best first.
 */

export interface Searchable {
  readonly module: string;
  readonly stat: string;
  readonly label: string;
  readonly question?: string;
  readonly synonyms?: readonly string[];
  readonly fields?: readonly string[];
}

interface Labels {
  readonly modules: Readonly<Record<string, { readonly label: string }>>;
  readonly fields: Readonly<Record<string, { readonly label: string }>>;
}

/** Weight of a match by where the word is found. A whole word weighs more than a part of one. */
const WORTH = { name: 8, synonym: 4, question: 2, field: 1 } as const;
/** Weight of a search for a metric's whole label: it comes first. */
const WHOLE_LABEL = 1000;

export function searchMetrics<T extends Searchable>(
  metrics: readonly T[],
  text: string,
  labels: Labels,
): T[] {
  const words = wordsOf(text);
  const scored = metrics.map((metric, order) => {
    const parts = partsOf(metric, labels);
    const scores = words.map((word) =>
      Math.max(0, ...parts.map(([kind, part]) => WORTH[kind] * fit(part, word))),
    );
    const whole = metric.label.toLowerCase() === text.trim().toLowerCase() ? WHOLE_LABEL : 0;
    const score = scores.includes(0) ? 0 : scores.reduce((sum, one) => sum + one, whole);
    return { metric, order, score: words.length === 0 ? 1 : score };
  });
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.order - b.order)
    .map(({ metric }) => metric);
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s.]+/)
    .filter((word) => word !== '');
}

function partsOf(
  { module, stat, label, question, synonyms = [], fields = [] }: Searchable,
  labels: Labels,
): (readonly [keyof typeof WORTH, string])[] {
  return [
    ['name', `${module} ${stat} ${label} ${labelOf(labels.modules, module)}`],
    ['synonym', synonyms.join(' ')],
    ['question', question ?? ''],
    ['field', fields.map((field) => `${field} ${labelOf(labels.fields, field)}`).join(' ')],
  ];
}

function labelOf(labels: Labels['modules'], name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name]?.label ?? '') : '';
}

/** 2: a whole word of the text; 1: a part of one; 0: not found. Singular and plural match each other: "cgroups" finds "cgroup". */
function fit(text: string, word: string): number {
  const lower = text.toLowerCase();
  const single = /^.{3,}[^s]s$/.test(word) ? word.slice(0, -1) : undefined;
  if (single !== undefined && !lower.includes(word)) return fit(lower, single);
  if (!lower.includes(word)) return 0;
  return lower.split(/[^\p{L}\p{N}_-]+/u).includes(word) ? 2 : 1;
}
