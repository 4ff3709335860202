/*
 * What a picture is compared with. In: the options and the stretch of the first side. Out: the other side: the same
 * instrumentation some time earlier, or another one of the same scope at the same time.
 */
import type { PointAnswer } from '../../../common/api/value';
import { breakdownOf } from '../../../common/model/instrumentation';
import { invalid } from '../../../common/service/errors';
import type { HeatmapOptions } from '../heatmap/options';
import { sideOf, type Side } from '../heatmap/side';
import { describe, type Context, type Point } from './answer';
import { subjectOf, type Subject } from './subject';

export interface Other {
  readonly side: Side;
  readonly describe: () => PointAnswer;
}

type Asking = Pick<Point<HeatmapOptions>, 'request' | 'subject' | 'options' | 'interval'>;

export function compared(context: Context, asking: Asking): Other | undefined {
  const found = otherOf(context, asking);
  if (found === undefined) return undefined;
  const { subject, interval } = found;
  return { side: sideOf(subject, interval), describe: () => describe({ subject, interval, delay: 0 }) };
}

/** Changes whenever the other side does. */
export function otherState(context: Context, asking: Asking): unknown {
  const found = otherOf(context, asking);
  if (found === undefined) return undefined;
  const { subject, interval } = found;
  const { dataset, asked, nodes } = subject;
  return [dataset.versionOf(interval.start, interval.start + interval.duration), asked.version, nodes];
}

function otherOf(
  { aggregator }: Context,
  { request, subject, options, interval }: Asking,
): Pick<Asking, 'subject' | 'interval'> | undefined {
  const { versus, columnSeconds } = options;
  if (versus === undefined) return undefined;
  const { granularity } = subject.dataset;
  if ('seconds' in versus) {
    // Whole columns: those of both sides begin together.
    const step = columnSeconds ?? granularity;
    const shift = Math.ceil(versus.seconds / step) * step;
    if (shift > interval.start) throw invalid('versus_seconds', 'reaches back before 1970');
    const start = interval.start - shift;
    const requestedStart = Math.max(0, interval.requestedStart - shift);
    return { subject, interval: { ...interval, start, requestedStart } };
  }
  // Without the front door's hints, which are about the first one: what is not here is not zero.
  const other = subjectOf(aggregator, { params: { ...request.params, id: versus.id }, headers: {} });
  requireAlike(subject, other, columnSeconds ?? granularity);
  return { subject: other, interval };
}

function requireAlike(one: Subject, other: Subject, step: number): void {
  if (typeOf(other) === undefined || typeOf(other) !== typeOf(one))
    throw invalid('versus_id', 'counts values of another kind: there is no axis for both');
  if (step % other.dataset.granularity !== 0)
    throw invalid(
      'versus_id',
      `has a granularity of ${other.dataset.granularity} s: column_seconds must be a multiple of it`,
    );
}

/** Of the numeric field. */
function typeOf({ owned }: Subject): string | undefined {
  if (owned === undefined) return undefined;
  const { fields } = owned.instrumentation;
  const { numeric } = breakdownOf(owned.instrumentation);
  return numeric === undefined ? undefined : fields[numeric];
}
