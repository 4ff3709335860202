/*
 * Which instrumentation a request is about. In: the path's ids, and the front door's hints. Out: its dataset and who
 * should report, or 404.
 *
 * An instrumentation that was just created may not have reached us yet. The front door says what its values look like
 * (x-ca-instn-shape, x-ca-instn-granularity), and the answer is that shape's zero rather than "no such thing".
 */
import { LOG_GRID } from '../../../common/model/bucket';
import { CaError } from '../../../common/service/errors';
import type { Request } from '../../../common/http/http';
import { RAW_UNITS, type TypeName } from '../../../common/model/field';
import { breakdownOf, fqid } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import type { Shape } from '../../../common/model/value';
import type { Aggregator } from '../aggregator';
import type { Owned } from '../owned';
import { Dataset } from '../dataset/dataset';
import { Asked } from '../ingest/asked';
import type { DiskTrouble } from '../../../common/api/value';

export interface Subject {
  readonly fqid: string;
  readonly dataset: Dataset;
  readonly nodes: number;
  readonly asked: Asked;
  /** undefined: not known here yet. */
  readonly owned: Owned | undefined;
  /** What is wrong with its values on disk. */
  readonly disk: DiskTrouble | undefined;
}

const SHAPES: readonly Shape[] = ['number', 'keyed', 'distribution', 'keyed-distribution'];

export function subjectOf(aggregator: Aggregator, request: Pick<Request, 'params' | 'headers'>): Subject {
  const { id = '', custid } = request.params;
  const name = fqid({ id, ...(custid === undefined ? {} : { customer: custid }) });
  // Ids are digits: with anything else, a customer's name could run over into another scope's fqid.
  const owned = /^\d{1,15}$/.test(id) ? aggregator.get(name) : undefined;
  if (owned !== undefined) {
    const { dataset, expected, asked } = owned;
    return { fqid: name, dataset, nodes: expected.size, asked, owned, disk: aggregator.diskTroubleOf(name) };
  }
  const shape = SHAPES.find((known) => known === request.headers['x-ca-instn-shape']);
  const granularity = Number(request.headers['x-ca-instn-granularity']);
  const possible =
    Number.isInteger(granularity) && granularity >= 1 && granularity <= LIMITS.granularitySecondsMax;
  if (shape === undefined || !possible) {
    throw new CaError(
      'NOT_FOUND',
      `this aggregator has no instrumentation ${JSON.stringify(id)} in this scope`,
    );
  }
  const dataset = new Dataset({ shape, grid: LOG_GRID, scope: 'interval', granularity, retention: 0 });
  return { fqid: name, dataset, nodes: 0, asked: new Asked(Infinity, 0), owned: undefined, disk: undefined };
}

/** Raw unit of the numeric field. */
export function unitOf({ owned }: Subject): string {
  if (owned === undefined) return '';
  const { numeric } = breakdownOf(owned.instrumentation);
  return numeric === undefined ? '' : RAW_UNITS[owned.instrumentation.fields[numeric] ?? 'number'];
}

/** Of the numeric field; undefined: there is none, or it is not known yet. */
export function numericTypeOf({ owned }: Subject): TypeName | undefined {
  if (owned === undefined) return undefined;
  const { numeric } = breakdownOf(owned.instrumentation);
  return numeric === undefined ? undefined : owned.instrumentation.fields[numeric];
}
