/*
 * Health of a service, for whoever sends it work. In: what may keep it from working. Out: /healthz, which says that the
 * process answers, and /readyz, which says that it can do its work, or why not. Both wait for nothing.
 */
import { CaError } from '../service/errors';
import type { Route } from './http';

/** Monitors ask these without proof of who they are; they say nothing but yes or why not. */
export const HEALTH_PATHS: readonly string[] = ['/healthz', '/readyz'];

/**
 * `trouble`: what keeps it from working now, as a sentence. `strict`: what is wrong around it, which other instances would not
 * mend: told with /readyz?strict to monitors, not to those who would send work elsewhere.
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
