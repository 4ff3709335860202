/* How long values and the question itself are kept, in words. In: an instrumentation. Out: text, and a warning. */
import type { InstrumentationAnswer } from '../../common/api/instrumentation';
import { spanText } from '../../common/model/unit';

/** Below this many seconds the list shows it, too. */
const WARN_SECONDS = 600;

export function keptText(i: InstrumentationAnswer): string {
  const idle = i['idle-max'];
  const two = i.replicas > 1 ? `, in ${i.replicas} aggregators` : '';
  const end =
    idle === 0
      ? 'stays until it is deleted'
      : `is deleted after ${spanText(1000 * idle)} without anybody looking`;
  return `keeps ${spanText(1000 * i['retention-time'])}${i['persist-data'] ? ', also on disk' : ''}${two}; ${end}`;
}

/** "7 is deleted in 4m: nobody looks at it; cactl change 7 --idle never keeps it"; undefined while there is time. */
export function dyingText(i: InstrumentationAnswer, id: string): string | undefined {
  const left = i['idle-left'];
  if (left === undefined || i['idle-max'] === 0) return undefined;
  if (left > Math.min(WARN_SECONDS, i['idle-max'] / 4)) return undefined;
  return `${id} is deleted in ${spanText(1000 * left)}: nobody looks at it; "cactl change ${id} --idle never" keeps it`;
}
