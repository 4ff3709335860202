/*
 * What the events in a box have in common, over all discrete fields of the metric. In: a question, a range of values. Out: keys
 * of every field, ranked together by G.
 *
 * Only the field that was asked for is known of the past: for the others the same question is asked once more for each, for
 * some seconds, and deleted. If the page goes away in between, they are deleted on its way out, and by their idle time
 * where even that fails.
 */
import type { SpecialAnswer, SpecialKey } from '../../../../common/api/special.ts';
import type { Api } from './api.ts';
import type { Cost, Question } from './answers.ts';
import type { Box } from './box-predicate.ts';
import { specialQuery } from './values/heatmap-query.ts';
import { shortNumber } from './numbers.ts';

/** Seconds that the temporary questions count, and before that until nodes follow. */
export const EXPLAIN_SECONDS = 8;
const SETTLE_SECONDS = 3;
/** Nobody asks for them after that. */
const IDLE_SECONDS = 30;
const FIELDS_MAX = 12;
const KEYS_OF_FIELD = 5;
const KEYS_MAX = 15;

export interface FieldKey extends SpecialKey {
  readonly field: string;
}

export interface Explanation {
  readonly keys: readonly FieldKey[];
  /** Events in the range, in the field that saw most of them. */
  readonly inside: number;
  readonly fields: number;
}

/** Fields that are asked for besides the one that is shown; the host says least and comes last. */
export function fieldsToAsk(discrete: readonly string[], shown: string | undefined): readonly string[] {
  const others = discrete.filter((field) => field !== shown);
  return [...others.filter((f) => f !== 'hostname'), ...others.filter((f) => f === 'hostname')].slice(
    0,
    FIELDS_MAX,
  );
}

/** Told before it is asked. */
export function explainCost(fields: number, cost: Cost | undefined): string {
  const each = cost?.percent_of_core;
  const sum =
    each === undefined || each === 0
      ? ''
      : `; about ${shortNumber(Number((each * fields).toPrecision(2)))} % of a core while it lasts`;
  return `Asks the same split by ${fields} more ${fields === 1 ? 'field' : 'fields'} for ${EXPLAIN_SECONDS} s${sum}.`;
}

export interface Explaining {
  readonly question: Question;
  readonly numeric: string;
  readonly fields: readonly string[];
  readonly box: Box;
}

/** `gone`: nobody waits for it any more. Rejects with an ApiError. */
export async function explain(
  api: Api,
  { question, numeric, fields, box }: Explaining,
  gone: AbortSignal,
): Promise<Explanation> {
  const ids: string[] = [];
  const leave = (): void => {
    for (const id of ids) api.removeLeaving(id);
  };
  window.addEventListener('pagehide', leave);
  try {
    const asked = await Promise.allSettled(
      fields.map(async (field) => {
        const decomposition = [field, numeric];
        const { id } = await api.create(
          { ...question, decomposition, granularity: 1 },
          { 'idle-max': IDLE_SECONDS, 'retention-time': 60 },
        );
        ids.push(id);
        return { field, id };
      }),
    );
    const made = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    // A field may not fit, or there may be no room for it: the others say what they can.
    const [first] = asked;
    if (made.length === 0 && first?.status === 'rejected') throw first.reason as Error;
    await pause((SETTLE_SECONDS + EXPLAIN_SECONDS) * 1000, gone);
    const end = Math.floor(api.serverSeconds()) - 1;
    const start = end - EXPLAIN_SECONDS;
    const query = specialQuery({ ...box, start, end }, { start, end }, true, KEYS_OF_FIELD);
    if (query === undefined) throw new Error('the stretch is empty');
    const answers = await Promise.all(
      made.map(async ({ field, id }) => ({ field, answer: await api.special(id, query) })),
    );
    return together(answers);
  } finally {
    window.removeEventListener('pagehide', leave);
    await Promise.allSettled(ids.map(async (id) => api.remove(id)));
  }
}

/** Keys of all fields in one order. */
export function together(
  answers: readonly { readonly field: string; readonly answer: SpecialAnswer }[],
): Explanation {
  const keys = answers
    .flatMap(({ field, answer }) => answer.keys.map((key): FieldKey => ({ ...key, field })))
    .filter(({ inside, g = 0 }) => inside > 0 && g > 0)
    .sort((a, b) => (b.g ?? 0) - (a.g ?? 0));
  return {
    keys: keys.slice(0, KEYS_MAX),
    inside: Math.max(0, ...answers.map(({ answer }) => answer.inside)),
    fields: answers.length,
  };
}

function pause(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new Error('nobody waits'));
    };
    if (gone.aborted) {
      reject(new Error('nobody waits'));
      return;
    }
    const timer = setTimeout(() => {
      gone.removeEventListener('abort', stop);
      resolve();
    }, ms);
    gone.addEventListener('abort', stop, { once: true });
  });
}
