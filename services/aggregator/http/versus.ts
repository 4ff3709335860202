/*
 * What a picture is compared with. In: the options and the stretch of the first side. Out: the other side: the same
 * instrumentation some time earlier, or another one of the same scope at the same time.
 */
import type { PointAnswer } from '../../../common/api/value';
import { invalid } from '../../../common/service/errors';
import type { HeatmapOptions } from '../heatmap/options';
import { sideOf, type Side } from '../heatmap/side';
import { describe, type Context, type Point } from './answer';
import { readColumns } from './columns';
import { numericTypeOf, subjectOf, type Subject } from './subject';

export interface Other {
  readonly side: Side;
  readonly describe: () => PointAnswer;
}

type Asking = Pick<Point<HeatmapOptions>, 'request' | 'subject' | 'options' | 'interval'>;

export function compared(context: Context, asking: Asking): Other | undefined {
  const found = otherOf(context, asking);
  if (found === undefined || 'describe' in found) return found;
  const { subject, interval } = found;
  return { side: sideOf(subject, interval), describe: () => describe({ subject, interval, delay: 0 }) };
}

/** A tag that changes whenever the other side does. */
export function otherState(context: Context, asking: Asking): unknown {
  // What the front door has brought is part of the request.
  if (asking.options.columns !== undefined) return undefined;
  const found = otherOf(context, asking);
  if (found === undefined || 'describe' in found) return undefined;
  const { subject, interval } = found;
  const { dataset, asked, nodes } = subject;
  return [dataset.versionOf(interval.start, interval.start + interval.duration), asked.version, nodes];
}

function otherOf(
  { aggregator }: Context,
  { request, subject, options, interval }: Asking,
): Pick<Asking, 'subject' | 'interval'> | Other | undefined {
  const { versus, columnSeconds, columns } = options;
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
  if (columns !== undefined) {
    const { type, side, described } = readColumns(columns, subject.dataset.grid);
    requireAlike(subject, type);
    return { side, describe: () => described };
  }
  // Without the front door's hints, which are about the first one: what is not here is not zero.
  const other = subjectOf(aggregator, { params: { ...request.params, id: versus.id }, headers: {} });
  requireAlike(subject, numericTypeOf(other));
  const step = columnSeconds ?? granularity;
  if (step % other.dataset.granularity !== 0)
    throw invalid(
      'versus_id',
      `has a granularity of ${other.dataset.granularity} s: column_seconds must be a multiple of it`,
    );
  return { subject: other, interval };
}

function requireAlike(one: Subject, type: string | undefined): void {
  if (type === undefined || type !== numericTypeOf(one))
    throw invalid('versus_id', 'counts values of another kind: there is no axis for both');
}
