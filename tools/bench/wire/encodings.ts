/*
 * The encodings that were candidates for common/wire/data.ts, each a pair of functions. In: a data message. Out: bytes.
 * avsc and msgpackr are not the project's packages: `make bench-wire` puts them into build/wire, and without them
 * their rows are left out.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { decodeData, encodeData, type DataMessage } from '../../../common/wire/data';
import { buildFolder } from '../../stack/stack';

export interface Encoding {
  readonly name: string;
  readonly encode: (message: DataMessage) => Buffer;
  readonly decode: (bytes: Buffer) => DataMessage;
}

/** A message of distributions in plain arrays: what a general encoding would be given. */
type Plain = [string, number, number, number, [string, number, number[]][]];

function toPlain({ node, second, duration, sent, reports }: DataMessage): Plain {
  const rows = reports.map(({ fqid, lost, value }): Plain[4][number] => {
    if (value.shape !== 'distribution') throw new TypeError('this comparison is made with distributions');
    return [fqid, lost, value.distribution as number[]];
  });
  return [node, second, duration, sent, rows];
}

function fromPlain([node, second, duration, sent, rows]: Plain): DataMessage {
  const reports = rows.map(([fqid, lost, distribution]) => ({
    fqid,
    lost,
    value: { shape: 'distribution' as const, distribution },
  }));
  return { node, second, duration, sent, reports };
}

const JSON_ENCODING: Encoding = {
  name: 'JSON',
  encode: (message) => Buffer.from(JSON.stringify(toPlain(message))),
  decode: (bytes) => fromPlain(JSON.parse(bytes.toString('utf8')) as Plain),
};

const PACKED: Encoding = { name: 'packed', encode: encodeData, decode: (bytes) => decodeData(bytes) };

const MESSAGE_SCHEMA = {
  type: 'record',
  name: 'M',
  fields: [
    { name: 'node', type: 'string' },
    { name: 'second', type: 'long' },
    { name: 'duration', type: 'int' },
    { name: 'sent', type: 'double' },
    {
      name: 'reports',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'R',
          fields: [
            { name: 'fqid', type: 'string' },
            { name: 'lost', type: 'double' },
            { name: 'd', type: { type: 'array', items: 'long' } },
          ],
        },
      },
    },
  ],
};

interface AvroMessage extends Omit<DataMessage, 'reports'> {
  readonly reports: readonly { fqid: string; lost: number; d: number[] }[];
}

/** JSON and ours always; the others when their packages are there. */
export function encodings(): Encoding[] {
  const found = [JSON_ENCODING];
  const load = createRequire(join(buildFolder(), 'wire', 'any.js'));
  const optional = (make: () => Encoding): void => {
    try {
      found.push(make());
    } catch {
      // not installed
    }
  };
  optional(() => {
    const { Packr } = load('msgpackr') as {
      Packr: new (options: object) => { pack(v: unknown): Buffer; unpack(b: Buffer): unknown };
    };
    const packr = new Packr({ useRecords: false });
    return {
      name: 'msgpackr',
      encode: (message) => packr.pack(toPlain(message)),
      decode: (bytes) => fromPlain(packr.unpack(bytes) as Plain),
    };
  });
  optional(() => {
    const { Type } = load('avsc') as {
      Type: {
        forSchema(schema: unknown): { toBuffer(v: AvroMessage): Buffer; fromBuffer(b: Buffer): AvroMessage };
      };
    };
    const type = Type.forSchema(MESSAGE_SCHEMA);
    return {
      name: 'avsc',
      encode: (message) => {
        const [, , , , rows] = toPlain(message);
        return type.toBuffer({ ...message, reports: rows.map(([fqid, lost, d]) => ({ fqid, lost, d })) });
      },
      decode: (bytes) => {
        const { reports, ...rest } = type.fromBuffer(bytes);
        return fromPlain([
          rest.node,
          rest.second,
          rest.duration,
          rest.sent,
          reports.map(({ fqid, lost, d }) => [fqid, lost, d]),
        ]);
      },
    };
  });
  return [...found, PACKED];
}
