/*
 * Where values are pushed to, as settings. In: the environment. Out: receivers, or an INVALID error that names the variable.
 * Only the operator sets addresses: clients of the API cannot make us send anywhere.
 */
import { readFileSync } from 'node:fs';
import { invalid } from '../../../common/service/errors';
import type { Environment } from '../../../common/service/settings';
import type { Temporality } from '../../../common/prometheus/outgoing/otlp';

export interface PushSettings {
  /** CA_PUSH_OTLP: such as http://127.0.0.1:4318/v1/metrics. */
  readonly otlp: URL | undefined;
  /** CA_PUSH_REMOTE_WRITE: such as http://127.0.0.1:9090/api/v1/write. */
  readonly remoteWrite: URL | undefined;
  /** CA_PUSH_ALL=1: every instrumentation, not only those with `export: {push: …}`. */
  readonly all: boolean;
  /** CA_PUSH_TEMPORALITY: of OTLP; cumulative unless it says delta. */
  readonly temporality: Temporality;
  /** CA_PUSH_HEADERS: a file of headers to send along, one a line, such as a token. */
  readonly headers: Readonly<Record<string, string>>;
}

export function readPush(env: Environment): PushSettings {
  const temporality = env['CA_PUSH_TEMPORALITY'] ?? 'cumulative';
  if (temporality !== 'cumulative' && temporality !== 'delta') {
    throw invalid('CA_PUSH_TEMPORALITY', 'must be cumulative or delta');
  }
  const all = env['CA_PUSH_ALL'] ?? '';
  if (!['', '0', '1'].includes(all)) throw invalid('CA_PUSH_ALL', 'must be 1, or 0 as if it were not set');
  return {
    otlp: urlOf(env, 'CA_PUSH_OTLP'),
    remoteWrite: urlOf(env, 'CA_PUSH_REMOTE_WRITE'),
    all: all === '1',
    temporality,
    headers: headersOf(env['CA_PUSH_HEADERS']),
  };
}

function urlOf(env: Environment, name: string): URL | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  // The message does not contain the text, which may contain a password.
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw invalid(name, 'must be an http:// or https:// URL');
  return new URL(text);
}

function headersOf(file: string | undefined): Record<string, string> {
  if (file === undefined || file === '') return {};
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  const headers: Record<string, string> = {};
  lines.forEach((line, i) => {
    if (line === '' || line.startsWith('#')) return;
    const [, name, value] = /^([\w-]+):\s*([\x20-\x7e]+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw invalid(
        'CA_PUSH_HEADERS',
        `line ${i + 1} of the file must be a header, such as Authorization: Bearer …`,
      );
    }
    headers[name] = value;
  });
  return headers;
}
