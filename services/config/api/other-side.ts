/*
 * A picture that is compared with another instrumentation, whose values another aggregator may have. In: a value request.
 * Out: the same request, with the other's columns in its body where they are elsewhere: the first one's aggregator paints.
 */
import type { Request } from '../../../common/http/http';
import type { ErrorAnswer } from '../../../common/api/error';
import { CaError, ERRORS, type ErrorCode } from '../../../common/service/errors';
import type { Config } from '../config';
import { askAny } from '../door/upstream/ask-any';
import type { Proxy } from '../door/upstream/proxy';
import type { Stored } from '../state/store';
import { instrumentationPath } from './present';

/** Of one other side: 2000 columns of some keys. */
const COLUMNS_BYTES = 8 * 1024 * 1024;
const PICTURE = /\/value\/heatmap\/image(\.png)?$/;

interface Asking {
  readonly request: Request;
  readonly record: Stored;
  readonly customer: string | undefined;
}

/** Undefined: no columns need to be fetched. */
export async function withOtherSide(
  { config, proxy }: { readonly config: Config; readonly proxy: Proxy },
  { request, record, customer }: Asking,
): Promise<Request> {
  if (!PICTURE.test(request.path)) return request;
  const given = isObject(request.json) ? request.json : {};
  const id = 'versus_id' in given ? given['versus_id'] : request.query.get('versus_id');
  const name = typeof id === 'string' || typeof id === 'number' ? String(id) : '';
  if (!/^\d{1,15}$/.test(name)) return request;
  const other = config.get(name, customer);
  const homes = config.homes.of(other);
  const own = config.homes.of(record);
  // Whichever of several is asked, it gets the columns.
  if (homes.length === 1 && own.length === 1 && homes[0] === own[0]) return request;
  const parameters: Record<string, unknown> = { ...Object.fromEntries(request.query), ...given };
  // Only we may set versus_columns.
  const { versus_id: _id, versus_columns: _columns, ...rest } = parameters;
  const { granularity } = record.instrumentation;
  const asked = { column_seconds: granularity, ...rest };
  const path = `${instrumentationPath(other.instrumentation)}/value/heatmap/columns`;
  const { status, body } = await askAny(proxy, homes, path, asked, request.gone, COLUMNS_BYTES);
  const answer = JSON.parse(body.toString('utf8')) as unknown;
  if (status !== 200) throw refusal(answer as Partial<ErrorAnswer>);
  const json = { ...given, versus_columns: answer };
  return { ...request, json, body: Buffer.from(JSON.stringify(json)), gone: request.gone };
}

function refusal({ error }: Partial<ErrorAnswer>): CaError {
  const code = Object.keys(ERRORS).find((one): one is ErrorCode => one === error?.code) ?? 'INTERNAL';
  return new CaError(code, error?.message ?? 'the other instrumentation could not be read', {
    ...(error?.field === undefined ? {} : { field: error.field }),
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
