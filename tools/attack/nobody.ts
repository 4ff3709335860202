/*
 * Node.js programs that an attack runs, as an unprivileged user or as the current one. In: a script or a file. Out: its exit.
 */
import { execFile, type ExecFileOptions } from 'node:child_process';
import { leftOut } from './attack';

export const NOBODY = 65_534;
export const isRoot = process.getuid?.() === 0;
export const NEEDS_ROOT = leftOut('it needs root, to be another user');

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Never rejects: a program that could not start has a code, too. */
export function runNode(args: readonly string[], options: ExecFileOptions = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const all = { timeout: 5000, ...options, encoding: 'utf8' } as const;
    execFile(process.execPath, [...args], all, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
  });
}

export function asNobody(script: string, waitMs = 5000): Promise<Ended> {
  const env = { PATH: process.env['PATH'] };
  return runNode(['-e', script], { uid: NOBODY, gid: NOBODY, cwd: '/', env, timeout: waitMs });
}
