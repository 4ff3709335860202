/*
 * An instrumentation and the catalogue in the API's form. In: stored records and their states. Out: JSON.
 */
import type {
  CatalogueAnswer,
  Transformations as TransformationsAnswer,
} from '../../../common/api/catalogue';
import type { InstrumentationAnswer, NodeState, StateCounts } from '../../../common/api/instrumentation';
import { FIELD_TYPES } from '../../../common/model/field';
import { breakdownOf, type Instrumentation } from '../../../common/model/instrumentation';
import { promqlText } from '../../../common/prometheus/promql/promql-text';
import { toPlainPredicate } from '../../../common/model/predicate/predicate';
import { searchMetrics } from '../../../common/model/search';
import type { Catalogue } from '../fleet/catalogue';

/** Transformations of aggregators: name -> its label, and the fields it applies to. */
export type Transformations = ReadonlyMap<string, TransformationsAnswer[string]>;

export interface Standing {
  /** Number of nodes by state. */
  readonly state: StateCounts;
  /** A page of nodes, worst first; operators only, because customers must not see servers' names. */
  readonly nodes?: readonly NodeState[];
  /** Operators only, too: their names are servers' names. */
  readonly aggregators?: readonly string[];
  /** Seconds until it is deleted as idle; absent: never. */
  readonly idleLeft?: number;
}

function scopePath(customer: string | undefined): string {
  return customer === undefined ? '/ca' : `/ca/customers/${encodeURIComponent(customer)}`;
}

export function instrumentationPath(i: Pick<Instrumentation, 'id' | 'customer'>): string {
  return `${scopePath(i.customer)}/instrumentations/${i.id}`;
}

export function presentInstrumentation(
  i: Instrumentation,
  standing: Standing,
  transformations: Transformations,
): InstrumentationAnswer {
  const { discrete, numeric } = breakdownOf(i);
  const uri = instrumentationPath(i);
  const { idleLeft, ...told } = standing;
  const heatmaps = [
    { uri: `${uri}/value/heatmap/image`, name: 'value_heatmap' },
    { uri: `${uri}/value/heatmap/details`, name: 'details_heatmap' },
  ];
  return {
    module: i.module,
    stat: i.stat,
    predicate: toPlainPredicate(i.predicate),
    decomposition: i.decomposition,
    'value-dimension': i.decomposition.length + 1,
    'value-arity':
      numeric !== undefined
        ? 'numeric-decomposition'
        : discrete !== undefined
          ? 'discrete-decomposition'
          : 'scalar',
    'value-scope': i.valueScope,
    enabled: i.enabled,
    'retention-time': i.retentionTime,
    'idle-max': i.idleMax,
    granularity: i.granularity,
    'persist-data': i.persistData,
    replicas: i.replicas ?? 1,
    ...(i.export === undefined || Object.keys(i.export).length === 0 ? {} : { export: i.export }),
    transformations: plainTransformations(
      new Map(
        [...transformations].filter(([, { fields }]) => fields.some((f) => i.decomposition.includes(f))),
      ),
    ),
    promql: promqlText(i),
    nsources: standing.state.enabled,
    crtime: i.crtime,
    id: i.id,
    uri,
    uris: [...(numeric === undefined ? [] : heatmaps), { uri: `${uri}/value/raw`, name: 'value_raw' }],
    ...(idleLeft === undefined ? {} : { 'idle-left': idleLeft }),
    ...told,
  };
}

export function presentCatalogue(
  catalogue: Catalogue,
  transformations: Transformations,
  search = '',
): CatalogueAnswer {
  const labels = {
    modules: Object.fromEntries(catalogue.modules),
    fields: Object.fromEntries(catalogue.fields),
  };
  return {
    modules: Object.fromEntries(catalogue.modules),
    fields: Object.fromEntries(catalogue.fields),
    types: presentTypes(),
    metrics: searchMetrics([...catalogue.metrics.values()], search, labels),
    unavailable: searchMetrics(
      [...catalogue.unavailable.values()].map(
        ({ metric: { module, stat, label, question, synonyms }, reasons }) => ({
          module,
          stat,
          label,
          ...(question === undefined ? {} : { question }),
          ...(synonyms === undefined ? {} : { synonyms }),
          reasons: [...reasons].map(([reason, nodes]) => ({ reason, nodes })),
        }),
      ),
      search,
      labels,
    ),
    transformations: plainTransformations(transformations),
  };
}

function presentTypes(): CatalogueAnswer['types'] {
  return Object.fromEntries(
    Object.entries(FIELD_TYPES).map(([name, type]) => {
      const { grid: _grid, ...plain } = { grid: undefined, ...type };
      return [name, { name, ...plain }];
    }),
  );
}

export function plainTransformations(transformations: Transformations): TransformationsAnswer {
  return Object.fromEntries(transformations);
}
