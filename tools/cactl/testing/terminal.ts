/*
 * A real terminal without a screen, for tests: tmux with a server of its own. In: a size and the command that runs in it.
 * Out: keys can be typed, and what is shown can be waited for. It leaves neither a process nor a file behind.
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../../testing/until';

const call = promisify(execFile);

/** Enough for a shell on a busy machine. */
const SHOWN_WITHIN_MS = 30_000;

export interface Terminal {
  /** Texts and names of keys ("Enter", "Tab", "C-u"). */
  readonly type: (...keys: string[]) => Promise<void>;
  readonly resize: (columns: number, rows: number) => Promise<void>;
  /** The screen as text, once it matches; rejects with what was shown instead. */
  readonly shows: (what: RegExp) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export function terminalsWork(): boolean {
  return spawnSync('tmux', ['-V']).status === 0;
}

export async function startTerminal(
  columns: number,
  rows: number,
  ...command: readonly [string, ...string[]]
): Promise<Terminal> {
  // The socket's folder; its path must stay short.
  const folder = mkdtempSync(join(tmpdir(), 'ca-tmux-'));
  const env = { ...process.env, TMUX_TMPDIR: folder };
  const tmux = async (...args: readonly string[]): Promise<string> =>
    (await call('tmux', ['-L', 'ca', ...args], { env })).stdout;
  const stop = async (): Promise<void> => {
    await tmux('kill-server').catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await tmux('-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), ...command);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    async type(...keys) {
      await tmux('send-keys', ...keys);
    },
    async resize(newColumns, newRows) {
      await tmux('resize-window', '-x', String(newColumns), '-y', String(newRows));
    },
    shows: (what) =>
      until(`the screen showing ${what.source}`, SHOWN_WITHIN_MS, async () => {
        const text = await tmux('capture-pane', '-p');
        if (what.test(text)) return text;
        throw new Error(text.trimEnd());
      }),
    stop,
  };
}
