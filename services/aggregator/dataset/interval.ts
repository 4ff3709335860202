/*
 * The intervals of a request. In: start_time, end_time, duration, ndatapoints, and the clock.
 * Out: one interval for each data point, aligned to the granularity, or an INVALID error that names the parameter.
 */
import { invalid } from '../../../common/service/errors';
import { LIMITS } from '../../../common/service/limits';
import type { Params } from '../http/params';

/** Seconds since 1970; as requested, and as extended to the granularity's grid. */
export interface Interval {
  readonly start: number;
  readonly duration: number;
  readonly requestedStart: number;
  readonly requestedDuration: number;
}

interface Intervals {
  readonly points: readonly Interval[];
  /** True if ndatapoints was given, even as 1: the reply is a list. */
  readonly many: boolean;
}

/** Latest time, in the year 33658; sums of times stay exact. */
const TIME_MAX = 1e12;

/**
 * Rules: duration alone means the newest complete interval on the grid. Two of the three give the third;
 * all three must agree.
 * The start is rounded down and the end is rounded up to the granularity. At most 3600 slots per point.
 */
export function readIntervals(
  params: Params,
  options: {
    /** In seconds; intervals are multiples of it. */
    granularity: number;
    /** Greatest length of one interval. */
    secondsMax?: number;
    defaultDuration: number;
    nowMs: number;
    timeoutMs: number;
  },
): Intervals {
  const { granularity, secondsMax = LIMITS.valueSecondsMax * granularity } = options;
  const now = Math.floor(options.nowMs / 1000);
  const many = params.has('ndatapoints');
  const count = params.whole('ndatapoints', { min: 1, max: LIMITS.valuePointsMax }) ?? 1;
  const asked = {
    start: params.whole('start_time', { min: 0, max: TIME_MAX }),
    end: params.whole('end_time', { min: 0, max: TIME_MAX }),
    duration: params.whole('duration', { min: 1, max: secondsMax }),
  };
  const { start: requestedStart, duration: requestedDuration } = settle(
    asked,
    () => {
      const duration = asked.duration ?? options.defaultDuration;
      const length = Math.ceil(duration / granularity) * granularity;
      // Values of the last second are still on the way.
      const end = Math.floor((now - 1) / granularity) * granularity;
      if (count * length > end) throw invalid(many ? 'ndatapoints' : 'duration', 'reaches back before 1970');
      return { start: end - count * length, duration };
    },
    options.defaultDuration,
  );
  if (requestedDuration > secondsMax) {
    throw invalid('end_time', `must be within ${secondsMax} s of start_time`);
  }
  const start = Math.floor(requestedStart / granularity) * granularity;
  const duration = Math.ceil((requestedStart + requestedDuration) / granularity) * granularity - start;
  const points = Array.from({ length: count }, (_, i) => ({
    start: start + i * duration,
    duration,
    requestedStart: requestedStart + i * duration,
    requestedDuration,
  }));
  const end = requestedStart + (count - 1) * duration + requestedDuration;
  if (1000 * end > options.nowMs + options.timeoutMs) {
    const field = asked.end === undefined && asked.start !== undefined ? 'start_time' : 'end_time';
    throw invalid(
      field,
      `is too far in the future: the data would end at ${end}, and it is ${now} with a timeout of ${options.timeoutMs} ms`,
    );
  }
  return { points, many };
}

interface Asked {
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly duration: number | undefined;
}

function settle(
  asked: Asked,
  newest: () => { start: number; duration: number },
  defaultDuration: number,
): { start: number; duration: number } {
  const { start, end, duration } = asked;
  if (start === undefined && end === undefined) return newest();
  if (start === undefined) {
    const length = duration ?? defaultDuration;
    if (length > (end ?? 0)) throw invalid('duration', 'cannot exceed end_time');
    return { start: (end ?? 0) - length, duration: length };
  }
  if (end === undefined) return { start, duration: duration ?? defaultDuration };
  if (end <= start) throw invalid('end_time', 'must be later than start_time');
  if (duration !== undefined && start + duration !== end) {
    throw invalid('duration', 'must be end_time - start_time when all three are given');
  }
  return { start, duration: end - start };
}
