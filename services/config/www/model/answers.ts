/*
 * What the public API answers (common/api), by the names that the page uses, and as far as it reads it: what it can do
 * without may be missing. In: JSON. Out: types.
 * Keys of users are own properties of JSON objects (even "__proto__"): read them with Object.entries, put them in Maps.
 */
import type * as catalogue from '../../../../common/api/catalogue.ts';
import type { InstrumentationAnswer, StateCounts } from '../../../../common/api/instrumentation.ts';
import type { ConfigStatus, OtherVersionRow } from '../../../../common/api/status.ts';
import type * as value from '../../../../common/api/value.ts';
import type { RangeCount } from '../../../../common/model/distribution.ts';

export type { PlainPredicate as Predicate } from '../../../../common/model/predicate/predicate-tree.ts';
export type { PlainValue } from '../../../../common/model/value.ts';
export type { ErrorAnswer } from '../../../../common/api/error.ts';
export type { NodeState } from '../../../../common/api/instrumentation.ts';
export type { Cost, DiskTrouble as Disk, ShiftedClocks as Clocks } from '../../../../common/api/value.ts';

/** T, of which only K must be there. */
type Part<T, K extends keyof T> = Pick<T, K> & Partial<T>;

export type Ranges = readonly RangeCount[];

export type TypeInfo = Omit<catalogue.TypeInfo, 'name'>;
export type MetricInfo = Part<catalogue.MetricInfo, 'module' | 'stat' | 'label' | 'fields'>;
export type UnavailableMetric = catalogue.UnavailableMetric;

/** GET /ca */
export interface Catalogue extends Pick<catalogue.CatalogueAnswer, 'modules' | 'fields'> {
  readonly types: Readonly<Record<string, TypeInfo>>;
  readonly metrics: readonly MetricInfo[];
  readonly unavailable?: readonly UnavailableMetric[];
}

/** What POST takes: the part of an instrumentation that its asker chose. */
export type Question = Pick<
  InstrumentationAnswer,
  'module' | 'stat' | 'predicate' | 'decomposition' | 'granularity'
>;

export interface Instrumentation extends Part<
  Omit<InstrumentationAnswer, 'state'>,
  keyof Question | 'id' | 'uri' | 'retention-time'
> {
  readonly state?: Partial<StateCounts>;
}

/** What every value says about how complete it is. */
export type Completeness = Pick<value.PointAnswer, 'nsources' | 'minreporting' | 'lost'>;

export type RawAnswer = Part<value.RawAnswer, 'value' | 'start_time' | 'duration'>;

/** GET /ca/admin/status, as far as it says what is broken. */
export interface StatusAnswer extends Partial<Pick<ConfigStatus, 'connected' | 'trouble' | 'rivals'>> {
  readonly bus?: Partial<ConfigStatus['bus']>;
  readonly otherVersions?: readonly Pick<OtherVersionRow, 'host' | 'version'>[];
  readonly inventory?: Pick<NonNullable<ConfigStatus['inventory']>, 'expected' | 'silent' | 'silentNodes'>;
  readonly aggregators?: readonly unknown[];
  readonly instrumenters?: readonly Part<
    Pick<ConfigStatus['instrumenters'][number], 'host' | 'silentMs'>,
    'host'
  >[];
}
