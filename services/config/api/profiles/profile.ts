/* What a profile says. Next: operator.ts and customer.ts, the two there are. */
import type { MetricName } from '../../../../common/model/metric';

export interface Profile {
  readonly name: string;
  readonly label: string;
  /** These come first, in this order; `others` says whether metrics beyond the list are allowed as well. */
  readonly metrics: readonly MetricName[];
  readonly others: boolean;
  /** Fields that nobody of this profile may see or filter by. */
  readonly hiddenFields: readonly string[];
}
