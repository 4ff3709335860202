/*
 * A resource of the API: parameters, answer and handler. In: the list in resources.ts. Out: routes, each in
 * the operators' scope (/ca/…) and most in each customer's (/ca/customers/:custid/…). openapi.ts describes the same list.
 */
import { notFound } from '../../../common/service/errors';
import type { Method, Reply, Request, Route } from '../../../common/http/http';
import type { TSchema } from '../../../common/model/schema';
import { isCustomerId } from '../fleet/customers';

export interface Answer {
  readonly description: string;
  /** Schema of a JSON answer. */
  readonly schema?: TSchema;
  /** Other content types of the answer. */
  readonly contentTypes?: readonly string[];
}

export interface Resource {
  readonly method: Method;
  /** Before the path, for operators; without it /ca. */
  readonly base?: '' | typeof OPERATOR_BASE;
  /** After the base or /ca/customers/:custid. */
  readonly path: string;
  /** Operators only: customers have no such resource. */
  readonly operatorsOnly?: boolean;
  readonly summary: string;
  /** Object schemas: of the query string, and of a JSON or form body. */
  readonly query?: TSchema;
  readonly body?: TSchema;
  readonly answers: Readonly<Record<number, Answer>>;
  readonly handle: (request: Request, customer: string | undefined) => Reply | Promise<Reply>;
}

export const OPERATOR_BASE = '/ca';
export const CUSTOMER_BASE = '/ca/customers/:custid';

/** The path in the operators' scope. */
export function operatorPath({ base = OPERATOR_BASE, path }: Pick<Resource, 'base' | 'path'>): string {
  return base + path;
}

export function routesOf(resources: readonly Resource[]): Route[] {
  return resources.flatMap((resource) => {
    const { method, path, operatorsOnly, handle } = resource;
    const own: Route = {
      method,
      path: operatorPath(resource),
      handle: (request) => handle(request, undefined),
    };
    const scoped: Route = {
      method,
      path: CUSTOMER_BASE + path,
      handle: (request) => {
        const id = request.params['custid'] ?? '';
        if (!isCustomerId(id)) throw notFound(`customer ${JSON.stringify(id)}`);
        return handle(request, id);
      },
    };
    return operatorsOnly === true ? [own] : [own, scoped];
  });
}
