/*
 * Limits of customers. In: the operator's file. Out: the nodes and zones of each customer, and
 * instrumentations limited to them: the restriction becomes part of the predicate that kernels evaluate.
 */
import { fitsGlob } from '../../../common/model/glob';
import { CaError, invalid, messageOf } from '../../../common/service/errors';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import type { Predicate } from '../../../common/model/predicate/predicate';
import { checker, Type } from '../../../common/model/schema';
import { toWire, type GatherItem } from '../../../common/wire/message';

/** Zones that a customer may own: each is one comparison in the kernel. */
const ZONES_PER_CUSTOMER = 100;

/** The field that says in which zone or container an event happened. */
const ZONE_FIELD = 'zonename';

/** As the operator's file has them. */
export interface Limits {
  /** Patterns of nodes' names; absent: all. */
  readonly hosts?: readonly string[] | undefined;
  /** Names of zones; absent: whole nodes. */
  readonly zones?: readonly string[] | undefined;
}

export interface Customer {
  readonly limits: Limits;
  readonly ownsNode: (host: string) => boolean;
  /** Only events of these zones are theirs; undefined: the whole node is. */
  readonly zones: readonly string[] | undefined;
}

export interface Customers {
  get(id: string): Customer | undefined;
}

const Pattern = Type.String({ pattern: '^[\\w.*-]{1,200}$' });

const checkFile = checker(
  Type.Object(
    {
      customers: Type.Record(
        Type.String(),
        Type.Object(
          {
            hosts: Type.Optional(Type.Array(Pattern, { minItems: 1 })),
            zones: Type.Optional(
              Type.Array(Type.String({ minLength: 1, maxLength: LIMITS.predicateStringBytes }), {
                minItems: 1,
                maxItems: ZONES_PER_CUSTOMER,
              }),
            ),
          },
          { additionalProperties: false },
        ),
      ),
    },
    { additionalProperties: false },
  ),
  'CA_CUSTOMERS',
);

/**
 * The file's form: {"customers": {"acme": {"hosts": ["web-*"], "zones": ["acme-db"]}}}. `hosts` are names of nodes, * for
 * any characters; left out: all. `zones` are exact names; left out: everything on these hosts is the customer's.
 * Throws an INVALID error that says what is wrong with it.
 */
export function parseCustomers(text: string): Customers {
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch (error) {
    throw invalid('CA_CUSTOMERS', `is not JSON: ${messageOf(error)}`);
  }
  const customers = new Map(
    Object.entries(checkFile(plain).customers).map(([id, { hosts, zones }]) => {
      if (!isCustomerId(id))
        throw invalid('CA_CUSTOMERS', `has a customer ${JSON.stringify(id)}, which is no possible id`);
      if (hosts === undefined && zones === undefined) {
        throw invalid('CA_CUSTOMERS', `must say which hosts or which zones belong to ${id}`);
      }
      const ownsNode = (host: string): boolean => hosts?.some((pattern) => fitsGlob(pattern, host)) ?? true;
      return [id, { ownsNode, zones, limits: { hosts, zones } }] as const;
    }),
  );
  return { get: (id) => customers.get(id) };
}

/** Without the operator's file no customer has anything. */
export const NO_CUSTOMERS: Customers = { get: () => undefined };

/** Throws FORBIDDEN for a customer without nodes or zones. */
export function possessionsOf(customers: Customers, customer: string): Customer {
  const known = customers.get(customer);
  if (known !== undefined) return known;
  throw nothingBelongsTo(customer);
}

export function nothingBelongsTo(customer: string): CaError {
  return new CaError(
    'FORBIDDEN',
    `nothing belongs to customer ${customer} (the operator's CA_CUSTOMERS says what does)`,
  );
}

/** A customer's id comes in URLs, routing keys and file names: no separators of any of these. */
export function isCustomerId(text: string): boolean {
  return /^[A-Za-z0-9][\w-]{0,63}$/.test(text);
}

/** The question with its customer's restriction. */
export function restricted(i: Instrumentation, customer: Customer | undefined): Instrumentation {
  const zones = customer?.zones;
  if (zones === undefined) return i;
  const [first, ...others] = zones.map((zone): Predicate => ({
    kind: 'compare',
    op: 'eq',
    field: ZONE_FIELD,
    constant: zone,
  }));
  if (first === undefined) throw new TypeError('a customer without zones owns whole nodes or nothing');
  const own: Predicate = others.length === 0 ? first : { kind: 'or', members: [first, ...others] };
  return {
    ...i,
    fields: { ...i.fields, [ZONE_FIELD]: 'string' },
    predicate: i.predicate.kind === 'always' ? own : { kind: 'and', members: [own, i.predicate] },
  };
}

/** What nodes are asked for an instrumentation: limited to what its customer may see. Undefined: the customer is gone. */
export function itemFor(i: Instrumentation, customers: Customers): GatherItem | undefined {
  // Which aggregators have it is nothing to nodes.
  const { replicas: _, ...asked } = i;
  if (i.customer === undefined) return { instrumentation: toWire(asked) };
  const owner = customers.get(i.customer);
  if (owner === undefined) return undefined;
  const item = { instrumentation: toWire(restricted(asked, owner)) };
  const { hosts } = owner.limits;
  return hosts === undefined ? item : { ...item, hosts: [...hosts] };
}

/** Instrumentations of one customer. */
const INSTRUMENTATIONS_PER_CUSTOMER = 10;

/** Throws CONFLICT when the customer has as many as it may. */
export function checkLimit(
  records: ReadonlyMap<string, { readonly instrumentation: Instrumentation }>,
  customer: string,
): void {
  let count = 0;
  for (const { instrumentation } of records.values()) if (instrumentation.customer === customer) count++;
  if (count >= INSTRUMENTATIONS_PER_CUSTOMER) {
    throw new CaError(
      'CONFLICT',
      `customer ${customer} has ${INSTRUMENTATIONS_PER_CUSTOMER} instrumentations, the most there may be`,
    );
  }
}
