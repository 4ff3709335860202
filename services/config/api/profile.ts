/*
 * Who may see which metrics and fields. In: a catalogue and a profile. Out: the part of it that the profile allows,
 * in the profile's order.
 */
import type { Metric, MetricName } from '../../../common/model/metric';
import type { Catalogue } from '../fleet/catalogue';
import { CUSTOMER } from './profiles/customer';
import { OPERATOR } from './profiles/operator';
import type { Profile } from './profiles/profile';

/** No profile at all: everything that nodes offer. */
export const EVERYTHING: Profile = {
  ...OPERATOR,
  name: 'none',
  label: 'None',
  metrics: [],
  others: true,
  hiddenFields: [],
};

/** Operators, or one customer. */
export function profileOf(customer: string | undefined): Profile {
  return customer === undefined ? OPERATOR : CUSTOMER;
}

export function visible(catalogue: Catalogue, profile: Profile): Catalogue {
  const metrics = new Map<MetricName, Metric>();
  const admit = (name: MetricName): void => {
    const metric = catalogue.metrics.get(name);
    if (metric === undefined || metrics.has(name)) return;
    const fields = metric.fields.filter((field) => !profile.hiddenFields.includes(field));
    metrics.set(name, { ...metric, fields });
  };
  profile.metrics.forEach(admit);
  if (profile.others) [...catalogue.metrics.keys()].forEach(admit);
  const usedModules = new Set([...metrics.values()].map((metric) => metric.module));
  const usedFields = new Set([...metrics.values()].flatMap((metric) => metric.fields));
  return {
    modules: new Map([...catalogue.modules].filter(([name]) => usedModules.has(name))),
    fields: new Map([...catalogue.fields].filter(([name]) => usedFields.has(name))),
    metrics,
    // Only operators see why a machine cannot measure something.
    unavailable: profile.others ? catalogue.unavailable : new Map(),
    filters: (metric, field) => catalogue.filters(metric, field),
    isExact: (metric) => catalogue.isExact(metric),
  };
}
