/* The type of a profile. Next: operator.ts and customer.ts, the only two. */
import type { MetricName } from '../../../../common/model/metric';

export interface Profile {
  readonly name: string;
  readonly label: string;
  /** These come first, in this order; `others` says whether metrics beyond the list are allowed as well. */
  readonly metrics: readonly MetricName[];
  readonly others: boolean;
  /** Fields that this profile may not see or filter by. */
  readonly hiddenFields: readonly string[];
}
