/*
 * Health of a service, for load balancers and monitors. In: what may keep it from working. Out: /healthz, true while the
 * process answers, and /readyz, true while it can do its work, or the reason. Neither waits for anything.
 */
import { CaError } from '../service/errors';
import type { Route } from './http';

/** Paths without authentication, for monitors; they answer only yes or why not. */
export const HEALTH_PATHS: readonly string[] = ['/healthz', '/readyz'];

/**
 * `trouble`: what keeps the service from working now, as a sentence. `strict`: problems of its environment, which other
 * instances have too: only in /readyz?strict, for monitors, so that load balancers do not send work elsewhere.
 */
export function healthRoutes(
  trouble: () => string | undefined,
  strict: () => string | undefined = () => undefined,
): Route[] {
  return [
    { method: 'GET', path: '/healthz', handle: () => ({ json: { ok: true } }) },
    {
      method: 'GET',
      path: '/readyz',
      handle: ({ query }) => {
        const what = trouble() ?? (query.has('strict') ? strict() : undefined);
        if (what !== undefined) throw new CaError('NO_RESOURCE', what, { retryAfter: 1 });
        return { json: { ok: true } };
      },
    },
  ];
}
