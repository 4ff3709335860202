/*
 * A service that cannot start, or must end, prints the reason in one line and exits, without a stack trace. In: the error.
 * Out: exit status 2 where only a changed setting helps (supervisors need not try again), else 1.
 */
import { CaError, messageOf } from './errors';

export const BAD_SETTING_STATUS = 2;

export function cannotStart(service: string, error: unknown): never {
  const setting = error instanceof CaError && error.code === 'INVALID';
  process.stderr.write(`${service} cannot start: ${messageOf(error)}\n`);
  process.exit(setting ? BAD_SETTING_STATUS : 1);
}

/** Supervisors start it again. */
export function mustEnd(service: string, error: unknown): never {
  process.stderr.write(`${service} ends: ${messageOf(error)}\n`);
  process.exit(1);
}
