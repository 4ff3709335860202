/*
 * The instrumenter's settings on disk: lines NAME=value that systemd, SMF and our own methods read. In: settings to change. Out:
 * the same file with these lines, all others as they were; whole at any moment, and for root alone.
 */
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaError, invalid } from '../../common/service/errors';
import { distrustOf } from '../../common/service/files/trusted-path';

const FILE = 'instrumenter.environment';
const SHARED = 'environment';
/** Characters without a special meaning for any reader: neither systemd's quotes nor a shell's. */
const PLAIN = /^[\w@%+=:,.~/[\]-]*$/;

export class SettingsFile {
  readonly folder: string;
  readonly path: string;

  /** `given`: --etc. `installed`: the folder of the installation. Throws INVALID with the fix. */
  constructor(given: string | undefined, installed: string) {
    const candidates = given === undefined ? ['/etc/cloud-analytics', join(installed, 'etc')] : [given];
    const folder = candidates.find(
      (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
    );
    if (folder === undefined)
      throw new CaError(
        'INVALID',
        `there is no folder ${candidates.join(' or ')} for settings; fix: install the node part (make install), or name one with --etc`,
      );
    const why = distrustOf(folder);
    if (why !== undefined)
      throw new CaError(
        'INVALID',
        `${folder} ${why}: others could change what runs here; fix: chown root, chmod go-w`,
      );
    this.folder = folder;
    this.path = join(folder, FILE);
  }

  /** Settings of all services of this machine, then of the instrumenter. */
  read(): Record<string, string> {
    return { ...this.linesOf(SHARED), ...this.linesOf(FILE) };
  }

  /** Undefined: the line is removed. */
  write(changes: Readonly<Record<string, string | undefined>>): void {
    for (const [name, value = ''] of Object.entries(changes)) checkPlain(name, value);
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
    const kept = text.split('\n').filter((line) => !Object.hasOwn(changes, nameOf(line) ?? ''));
    while (kept.at(-1) === '') kept.pop();
    const added = Object.entries(changes).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}`],
    );
    this.put(FILE, `${[...kept, ...added].join('\n')}\n`, 0o600);
  }

  /** Another file of the folder; its path. */
  put(name: string, text: string, mode: number): string {
    const path = join(this.folder, name);
    const fresh = `${path}.new`;
    rmSync(fresh, { force: true });
    writeFileSync(fresh, text, { mode, flag: 'wx' });
    renameSync(fresh, path);
    return path;
  }

  text(name: string): string | undefined {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  remove(name: string): void {
    rmSync(join(this.folder, name), { force: true });
  }

  private linesOf(name: string): Record<string, string> {
    const lines = (this.text(name) ?? '').split('\n').flatMap((line): [string, string][] => {
      const setting = nameOf(line);
      if (setting === undefined) return [];
      return [[setting, line.slice(line.indexOf('=') + 1).replace(/^(["'])(.*)\1$/, '$2')]];
    });
    return Object.fromEntries(lines);
  }
}

export function checkPlain(name: string, value: string): void {
  if (!PLAIN.test(value)) throw invalid(name, 'has a character that cannot stand in a file of settings');
}

function nameOf(line: string): string | undefined {
  return /^([A-Za-z_]\w*)=/.exec(line)?.[1];
}
