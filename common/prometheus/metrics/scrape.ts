/*
 * A scrape's answer. In: what the scraper accepts, and families. Out: a reply in the best of the three formats.
 */
import type { Reply } from '../../http/http';
import { merged, type Family } from './family';
import { toProtobuf } from './protobuf';
import { toText } from './text';

type Format = 'prometheus' | 'openmetrics' | 'protobuf';

const CONTENT_TYPES: Record<Format, string> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  protobuf: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
};

/** The same without parameters. */
export const MEDIA_TYPES = Object.values(CONTENT_TYPES).map((type) => type.replace(/;.*/, ''));

/** Greatest number of entries of Accept that are considered. */
const ENTRIES_MAX = 32;

/** Text, unless the client prefers another supported format. */
export function formatFor(accept: string | undefined): Format {
  let best: { format: Format; q: number } | undefined;
  for (const entry of (accept ?? '').split(',', ENTRIES_MAX)) {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const of = (name: string): string | undefined =>
      parameters.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
    const format = formatOf(type, of);
    const q = Number(of('q') ?? 1);
    if (format !== undefined && q > 0 && (best === undefined || q > best.q)) best = { format, q };
  }
  return best?.format ?? 'prometheus';
}

function formatOf(type: string, of: (name: string) => string | undefined): Format | undefined {
  switch (type) {
    case 'application/vnd.google.protobuf':
      return of('proto') === 'io.prometheus.client.metricfamily' && of('encoding') === 'delimited'
        ? 'protobuf'
        : undefined;
    case 'application/openmetrics-text':
      return (of('version') ?? '1.0.0') === '1.0.0' ? 'openmetrics' : undefined;
    case 'text/plain':
    case 'text/*':
    case '*/*':
      return 'prometheus';
    default:
      return undefined;
  }
}

export function scrapeReply(accept: string | undefined, families: readonly Family[]): Reply {
  const format = formatFor(accept);
  const all = merged(families);
  return {
    bytes: format === 'protobuf' ? toProtobuf(all) : toText(all, format),
    contentType: CONTENT_TYPES[format],
    headers: { Vary: 'Accept' },
  };
}
