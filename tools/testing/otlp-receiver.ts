/*
 * A receiver of OTLP's JSON for tests, as strict as the specification. In: requests. Out: histogram points by key and time.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { checker, Type, type Static } from '../../common/model/schema';

const Nanos = Type.String({ pattern: '^[0-9]{16,20}$' });
const Attributes = Type.Array(
  Type.Object(
    {
      key: Type.String(),
      value: Type.Object({ stringValue: Type.String() }, { additionalProperties: false }),
    },
    { additionalProperties: false },
  ),
);
const POINT = Type.Object(
  {
    attributes: Attributes,
    startTimeUnixNano: Nanos,
    timeUnixNano: Nanos,
    flags: Type.Optional(Type.Integer()),
    count: Type.String({ pattern: '^[0-9]+$' }),
    sum: Type.Optional(Type.Number()),
    bucketCounts: Type.Array(Type.String({ pattern: '^[0-9]+$' })),
    explicitBounds: Type.Array(Type.Number()),
  },
  { additionalProperties: false },
);
const METRIC = Type.Object(
  {
    name: Type.String(),
    description: Type.String(),
    unit: Type.String(),
    histogram: Type.Object(
      {
        dataPoints: Type.Array(POINT),
        aggregationTemporality: Type.Union([Type.Literal(1), Type.Literal(2)]),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
const REQUEST = Type.Object(
  {
    resourceMetrics: Type.Array(
      Type.Object(
        {
          resource: Type.Object({ attributes: Attributes }, { additionalProperties: false }),
          scopeMetrics: Type.Array(
            Type.Object(
              { scope: Type.Object({ name: Type.String() }), metrics: Type.Array(METRIC) },
              { additionalProperties: false },
            ),
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
const check = checker(REQUEST, 'request');
type Point = Static<typeof POINT>;

export class OtlpReceiver {
  /** What was wrong with requests. */
  readonly errors: string[] = [];
  private readonly points: Point[] = [];
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async open(): Promise<OtlpReceiver> {
    const server = createServer();
    const receiver = new OtlpReceiver(server);
    server.on('request', (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.once('end', () => {
        const sent = Buffer.concat(pieces);
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
        receiver.take(request.headers['content-type'] ?? '', body.toString('utf8'));
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1/metrics`;
  }

  /** Points of one second, by the value of their last attribute. */
  at(second: number): Map<string, Point> {
    if (this.errors.length > 0) throw new Error(this.errors[0]);
    const of = this.points.filter(({ timeUnixNano }) => timeUnixNano === `${second}000000000`);
    return new Map(of.map((point) => [point.attributes.at(-1)?.value.stringValue ?? '', point]));
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private take(type: string, body: string): void {
    try {
      if (type !== 'application/json') throw new Error(`Content-Type ${type}`);
      for (const { scopeMetrics } of check(JSON.parse(body)).resourceMetrics) {
        for (const { metrics } of scopeMetrics) {
          for (const { histogram } of metrics) this.points.push(...histogram.dataPoints);
        }
      }
    } catch (error) {
      this.errors.push((error as Error).message);
    }
  }
}
