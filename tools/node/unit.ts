/*
 * The instrumenter's unit. In: nothing. Out: it is enabled and runs with the current settings, if systemd runs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const UNIT = 'cloud-analytics-instrumenter.service';
const LIMIT_MS = 60_000;

interface Started {
  /** Undefined: there is no systemd here. */
  readonly unit?: string;
  readonly failure?: string;
}

export function startUnit(): Started {
  if (!existsSync('/run/systemd/system')) return {};
  for (const args of [
    ['enable', '--quiet', UNIT],
    // Not start: a unit that already runs has the old settings.
    ['restart', UNIT],
  ]) {
    const { status, stderr, error } = spawnSync('systemctl', args, { encoding: 'utf8', timeout: LIMIT_MS });
    if (error !== undefined) return { unit: UNIT, failure: error.message };
    if (status !== 0)
      return { unit: UNIT, failure: stderr.trim().split('\n').at(-1) ?? `systemctl ended with ${status}` };
  }
  return { unit: UNIT };
}

/** "active", "failed", …; undefined: there is no systemd here. */
export function unitState(): string | undefined {
  if (!existsSync('/run/systemd/system')) return undefined;
  const { stdout, error } = spawnSync('systemctl', ['is-active', UNIT], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  return error === undefined ? stdout.trim() : error.message;
}
