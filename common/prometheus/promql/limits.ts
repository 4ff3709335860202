/* What one query may ask and cost. The front door and the aggregators hold to the same. */
export const PROMQL_LIMITS = {
  queryLength: 4096,
  /** Selectors of match[] in one request. */
  matches: 10,
  matchesLength: 16_384,
  /** Regular expressions of one request. */
  regexes: 10,
  /** Steps of query_range: what Prometheus allows. */
  points: 11_000,
  instrumentations: 300,
  series: 2000,
  /** Numbers, and buckets of histograms, in all series that are read: an answer of 25 MB. */
  numbers: 600_000,
  /** The same where the front door puts an answer together of several aggregators': it does so in one go. */
  partNumbers: 300_000,
  /** Sets of labels of one answer of series or label values. */
  labelSets: 10_000,
  /** Milliseconds. */
  ms: 10_000,
} as const;
