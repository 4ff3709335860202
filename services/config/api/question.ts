/*
 * New and changed instrumentations. In: a body or form, and the catalogue that the client may use.
 * Out: checked properties with their defaults.
 */
import { invalid } from '../../../common/service/errors';
import { fieldType, type TypeName } from '../../../common/model/field';
import type { Request } from '../../../common/http/http';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import type { MetricName } from '../../../common/model/metric';
import { parsePredicate, predicateFields, toPlainPredicate } from '../../../common/model/predicate/predicate';
import { exportBounds } from '../../../common/prometheus/outgoing/bounds';
import { checker } from '../../../common/model/schema';
import {
  CHANGES,
  CLONE,
  QUESTION,
  type ChangesRequest,
  type CloneRequest,
  type QuestionRequest,
} from '../../../common/api/instrumentation';
import { fitPredicate, FORMS_EVERYWHERE } from '../../../common/model/predicate/text-form';
import { meaningOf } from '../../../common/wire/coverage';
import type { Catalogue } from '../fleet/catalogue';
import { parametersOf } from './parameters';

/** Ten minutes of seconds. */
const RETENTION_SECONDS = 600;
/** Deleted when its values are not read for this long. */
const IDLE_SECONDS = 3600;

const checkQuestion = checker(QUESTION, 'body');
const checkChanges = checker(CHANGES, 'body');
const checkClone = checker(CLONE, 'body');

export type Changes = Pick<
  Instrumentation,
  'retentionTime' | 'idleMax' | 'persistData' | 'replicas' | 'enabled' | 'export'
>;
export type Question = Omit<Instrumentation, 'id' | 'customer' | 'crtime'>;

/** Properties set by the service: ignored, because clients send whole objects back. */
const TOLD_BY_US = [
  'value-dimension',
  'value-arity',
  'value-scope',
  'transformations',
  'promql',
  'nsources',
  'crtime',
  'id',
  'uri',
  'uris',
  'state',
  'nodes',
  'aggregators',
  'idle-left',
  'warnings',
];

/** Throws an INVALID error naming the property. Operators have no customer. */
export function readQuestion(request: Request, catalogue: Catalogue, customer: string | undefined): Question {
  return complete(checkQuestion(parametersOf(request, QUESTION, TOLD_BY_US)), catalogue, customer);
}

/** As readQuestion, with the properties of `source` as defaults. */
export function readClone(request: Request, catalogue: Catalogue, source: Instrumentation): Question {
  const asked = checkClone(parametersOf(request, CLONE, TOLD_BY_US));
  const { module, stat } = { module: source.module, stat: source.stat, ...asked };
  return complete({ ...asPlain(source), ...asked, module, stat }, catalogue, source.customer);
}

/** The result of a PUT. Immutable properties are ignored, as in the first API version. */
export function readChanges(request: Request, current: Instrumentation): Changes {
  const fixed = [...TOLD_BY_US, 'module', 'stat', 'predicate', 'decomposition', 'granularity'];
  const asked = checkChanges(parametersOf(request, CHANGES, fixed));
  return changeable({ ...asPlain(current), ...asked }, current, current.customer);
}

function asPlain(i: Instrumentation): CloneRequest {
  return {
    module: i.module,
    stat: i.stat,
    predicate: toPlainPredicate(i.predicate),
    decomposition: [...i.decomposition],
    granularity: i.granularity,
    'retention-time': i.retentionTime,
    'idle-max': i.idleMax,
    'persist-data': i.persistData,
    replicas: i.replicas ?? 1,
    enabled: i.enabled,
    ...(i.export === undefined ? {} : { export: i.export }),
  };
}

function complete(asked: QuestionRequest, catalogue: Catalogue, customer: string | undefined): Question {
  const { module, stat, decomposition = [], granularity = 1 } = asked;
  const metricName: MetricName = `${module}.${stat}`;
  const metric = catalogue.metrics.get(metricName);
  if (metric === undefined) {
    if (!catalogue.modules.has(module))
      throw invalid(
        'module',
        `${module} is not offered; GET /ca lists what is, cactl metrics --missing why it is not`,
      );
    throw invalid('stat', `${stat} is not offered by module ${module}; GET /ca lists what is`);
  }
  const typeOf = (field: string): TypeName | undefined =>
    metric.fields.includes(field) ? catalogue.fields.get(field)?.type : undefined;
  const parsed = parsePredicate(asked.predicate ?? {}, typeOf);
  const isDiscrete = (field: string): boolean => typeOf(field) === 'string';
  const predicate = catalogue.isExact(metricName)
    ? fitPredicate(parsed, isDiscrete, metric.forms)
    : fitPredicate(parsed, isDiscrete, {}, FORMS_EVERYWHERE);
  const unfiltered = predicateFields(predicate).filter((field) => !catalogue.filters(metricName, field));
  if (unfiltered.length > 0) {
    throw invalid(
      'predicate',
      `names ${unfiltered.join(', ')}, which ${metricName} can be broken down by, and not filtered by: ` +
        'it is looked up after the events have been counted',
    );
  }
  const types = decomposition.map((field) => {
    const type = typeOf(field);
    if (type !== undefined) return type;
    throw invalid(
      'decomposition',
      `names ${JSON.stringify(field)}, which is not a field of ${metricName}; there are ${metric.fields.join(', ')}`,
    );
  });
  const arities = types.map((type) => fieldType(type).arity);
  if (new Set(arities).size !== arities.length) {
    throw invalid(
      'decomposition',
      `may name one discrete and one numeric field, not two ${arities[0] ?? ''} ones`,
    );
  }
  if (granularity !== 1 && granularity % 5 !== 0)
    throw invalid('granularity', 'must be 1 or a multiple of 5');
  const fields = [...new Set([...decomposition, ...predicateFields(predicate)])];
  const typesOf = Object.fromEntries(fields.map((field) => [field, typeOf(field) ?? 'string']));
  return {
    module,
    stat,
    meaning: meaningOf(metric),
    predicate,
    decomposition,
    fields: typesOf,
    ...(metric.type === undefined ? {} : { type: metric.type }),
    valueScope: metric.interval,
    granularity,
    ...changeable(asked, { decomposition, fields: typesOf, granularity }, customer),
  };
}

/** Defaults and the limits that depend on other properties: the same for POST, PUT and clone. */
function changeable(
  asked: ChangesRequest,
  { granularity, ...broken }: Pick<Instrumentation, 'decomposition' | 'fields' | 'granularity'>,
  customer: string | undefined,
): Changes {
  // Ten minutes of seconds; of longer points at least ten.
  const retentionTime = asked['retention-time'] ?? Math.max(RETENTION_SECONDS, 10 * granularity);
  const most = LIMITS.retentionPoints * granularity;
  if (retentionTime > most) {
    throw invalid(
      'retention-time',
      `must be at most ${most}: ${LIMITS.retentionPoints} points of ${granularity} s`,
    );
  }
  const idleMax = asked['idle-max'] ?? IDLE_SECONDS;
  if (idleMax === 0 && customer !== undefined) {
    throw invalid('idle-max', `must be 1 to ${LIMITS.idleSecondsMax}; only operators may say 0 (never)`);
  }
  const ways = Object.entries(asked.export ?? {});
  if (ways.length > 0 && customer !== undefined) throw invalid('export', 'is for operators only');
  // Checked here, so that exporters never have to refuse them.
  for (const [, bounds] of ways) exportBounds(bounds, broken, 9);
  return {
    retentionTime,
    idleMax,
    persistData: asked['persist-data'] ?? false,
    replicas: asked.replicas ?? 1,
    enabled: asked.enabled ?? true,
    export: asked.export ?? {},
  };
}
