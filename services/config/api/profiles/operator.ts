/* Operators see all that nodes offer, the catalogue's usual order first come, first shown. */
import type { Profile } from './profile';

export const OPERATOR: Profile = {
  name: 'operator',
  label: 'Operator',
  metrics: [],
  others: true,
  hiddenFields: [],
};
