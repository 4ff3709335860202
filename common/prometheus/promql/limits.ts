/* Bounds of one query, the same at the front door and the aggregators. */
export const PROMQL_LIMITS = {
  queryLength: 4096,
  /** Selectors of match[] in one request. */
  matches: 10,
  matchesLength: 16_384,
  /** Regular expressions of one request. */
  regexes: 10,
  /** Steps of query_range, as in Prometheus. */
  points: 11_000,
  instrumentations: 300,
  series: 2000,
  /** Numbers and histogram buckets in all series that are read: an answer of 25 MB. */
  numbers: 600_000,
  /** The same where the front door merges answers of several aggregators, which it does without yielding. */
  partNumbers: 300_000,
  /** Label sets in one answer of series or label values. */
  labelSets: 10_000,
  /** Milliseconds. */
  ms: 10_000,
} as const;
