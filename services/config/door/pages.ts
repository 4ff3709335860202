/*
 * The page's files. In: the folder they were built into. Out: routes that serve exactly these files, from memory.
 * What is not in the list does not exist: no path of a request ever reaches the file system.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CaError } from '../../../common/service/errors';
import { tagsOf } from '../../../common/http/header-list';
import type { Reply, Request, Route } from '../../../common/http/http';

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.svg', 'image/svg+xml'],
  ['.png', 'image/png'],
  ['.ico', 'image/x-icon'],
  ['.map', 'application/json'],
]);

/** Nothing but our own files runs or loads; heatmaps come as data: or blob: images. */
export const PAGE_POLICY = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** A name that carries a hash of the content (www/build.mjs): what it names never changes. */
const NAMED_BY_CONTENT = /-[A-Z0-9]{8}\.\w+(\.map)?$/;

interface PageFile {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly etag: string;
}

/** `/` is index.html; everything else is at /page/<file>. Without the folder `/` answers 404. */
export async function pageRoutes(folder: string): Promise<Route[]> {
  const files = await load(folder);
  const reply = (request: Request, name: string): Reply => {
    const file = files.get(name);
    if (file === undefined) throw new CaError('NOT_FOUND', 'there is no such file');
    const headers = {
      ETag: file.etag,
      'Cache-Control': NAMED_BY_CONTENT.test(name) ? 'private, max-age=31536000, immutable' : 'no-cache',
      'Content-Security-Policy': PAGE_POLICY,
      'Referrer-Policy': 'no-referrer',
    };
    if (tagsOf(request.headers['if-none-match']).includes(file.etag)) return { status: 304, headers };
    return { bytes: file.bytes, contentType: file.contentType, headers };
  };
  return [
    { method: 'GET', path: '/', handle: (request) => reply(request, 'index.html') },
    { method: 'GET', path: '/page/:file', handle: (request) => reply(request, request.params['file'] ?? '') },
  ];
}

async function load(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files = new Map<string, PageFile>();
  for (const { name } of entries.filter((entry) => entry.isFile())) {
    const contentType = TYPES.get(extname(name));
    if (contentType === undefined) continue;
    const bytes = await readFile(join(folder, name));
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    files.set(name, { bytes, contentType, etag });
  }
  return files;
}
