/*
 * For any request, the service answers as its description allows, stays up, and leaks nothing.
 * CA_FUZZ_RUNS makes it longer: CA_FUZZ_RUNS=100000 npx jest services/config/fuzz
 */
import fc from 'fast-check';
import { Agent, createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { parseCustomers } from '../fleet/customers';
import { checkDocumented } from '../testing/documented';
import { addAggregator, addNode } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';

const SEED = 20_261_121;
const RUNS = Number(process.env['CA_FUZZ_RUNS'] ?? 1000);

let front: TestFront;
let upstream: Server;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

beforeAll(async () => {
  upstream = createServer((_req, res) => {
    res.setHeader('content-type', 'application/json');
    res.end('{}');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  front = await testFront({ customers: parseCustomers('{"customers":{"acme":{"hosts":["*"]}}}') });
  await addAggregator(front.bus, 'a0', (upstream.address() as AddressInfo).port);
  await addNode(front.bus, 'n1');
});
afterAll(async () => {
  agent.destroy();
  await front.close();
  upstream.closeAllConnections();
  upstream.close();
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly type: string | undefined;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const send = ({ method, path, type, body, headers }: Sent): Promise<Got> =>
  new Promise((resolve, reject) => {
    const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
    const req = request(
      // The raw path: a URL parser would normalize it.
      {
        host: '127.0.0.1',
        port: new URL(front.base).port,
        path,
        method,
        agent,
        headers: { ...headers, ...(type === undefined ? {} : { 'content-type': type }), ...length },
      },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = (res.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text });
        });
      },
    );
    req.setTimeout(5000, () => req.destroy(new Error('no answer within 5 s')));
    req.on('error', reject);
    req.end(body);
  });

const numberText = fc.constantFrom(
  '0',
  '-0',
  '1',
  '5',
  '10',
  '600',
  '3601',
  '1e999',
  '-1e999',
  '5abc',
  '0x10',
  '1.5',
  'NaN',
  '',
);
const weirdText = fc.oneof(
  fc.constantFrom(
    'global;1',
    '..',
    '__proto__',
    'constructor',
    'a,b',
    'true',
    'null',
    '{',
    '\u0000',
    '💥',
    '" || 1 || "',
  ),
  fc.string({ maxLength: 20 }),
);
const field = fc.oneof(
  fc.constantFrom('execname', 'latency', 'hostname', 'zonename', 'size', 'nothing'),
  weirdText,
);
const predicate = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: 'small' },
    fc.constant({}),
    fc.record({ eq: fc.tuple(field, fc.oneof(weirdText, fc.double())) }),
    fc.record({ gt: fc.tuple(field, fc.oneof(weirdText, fc.double())) }),
    fc.record({ and: fc.array(tie('any'), { maxLength: 4 }) }),
    fc.record({ or: fc.array(tie('any'), { maxLength: 4 }) }),
  ),
})).any;
const anything = fc.oneof(numberText, weirdText, fc.anything({ maxDepth: 3 }), fc.boolean(), fc.double());

const question = fc.record(
  {
    module: fc.oneof({ weight: 5, arbitrary: fc.constant('syscall') }, { weight: 1, arbitrary: anything }),
    stat: fc.oneof({ weight: 5, arbitrary: fc.constant('syscalls') }, { weight: 1, arbitrary: anything }),
    predicate: fc.oneof(predicate, anything),
    decomposition: fc.oneof(fc.array(field, { maxLength: 3 }), anything),
    granularity: fc.oneof(fc.constantFrom(1, 5, 60), anything),
    'retention-time': fc.oneof(fc.integer(), anything),
    'idle-max': fc.oneof(fc.integer(), anything),
    'persist-data': anything,
    enabled: anything,
  },
  { requiredKeys: [] },
);

/** Also what JSON.stringify would never write: 1e999, cut texts, towers of brackets. */
const jsonBody = fc.oneof(
  {
    weight: 6,
    arbitrary: question.map((q) =>
      JSON.stringify(q, (_k, v: unknown) => (typeof v === 'bigint' ? String(v) : v)),
    ),
  },
  { weight: 1, arbitrary: fc.json() },
  {
    weight: 1,
    arbitrary: numberText.map((n) => `{"module":"syscall","stat":"syscalls","granularity":${n}}`),
  },
  { weight: 1, arbitrary: fc.tuple(fc.json(), fc.nat(20)).map(([text, n]) => text.slice(0, -n)) },
  { weight: 1, arbitrary: fc.nat(20_000).map((n) => `{"predicate":${'['.repeat(n)}${']'.repeat(n)}}`) },
  { weight: 1, arbitrary: fc.nat(5000).map((n) => `{"predicate":${'{"and":['.repeat(n)}${']}'.repeat(n)}}`) },
);
const pairs = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'module',
        'stat',
        'predicate',
        'decomposition',
        'granularity',
        'retention-time',
        'idle-max',
        'all',
        'profile',
        '_',
      ),
      fc.oneof(numberText, weirdText, fc.constantFrom('syscall', 'syscalls', 'latency')),
    ),
    { maxLength: 6 },
  )
  .map((list) => new URLSearchParams(list.map(([k, v]): [string, string] => [k, v])).toString());

const segment = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('1', '2', '3') },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.constantFrom('%00', '%zz', '%2e%2e', 'global%3b1', '-0', '1e3', '01'),
      weirdText.map(encodeURIComponent),
    ),
  },
);
const path = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('/ca', '/ca/customers/acme', '/ca/customers/nobody'),
      segment.map((s) => `/ca/customers/${s}`),
    ),
    fc.oneof(
      fc.constantFrom(
        '',
        '/',
        '/instrumentations',
        '/instrumentations',
        '/metrics',
        '/types',
        '/transformations',
        '/admin/status',
        '/nothing',
      ),
      fc
        .tuple(
          segment,
          fc.constantFrom(
            '',
            '',
            '/',
            '/clone',
            '/value',
            '/value/raw',
            '/value/heatmap/image',
            '/value/..',
            '/nothing',
          ),
        )
        .map(([id, rest]) => `/instrumentations/${id}${rest}`),
    ),
    pairs,
  )
  .map(([base, rest, query]) => `${base}${rest}${query === '' ? '' : `?${query}`}`);

const anySent: fc.Arbitrary<Sent> = fc
  .record({
    method: fc.constantFrom(
      'GET',
      'GET',
      'POST',
      'POST',
      'POST',
      'PUT',
      'DELETE',
      'HEAD',
      'OPTIONS',
      'PATCH',
    ),
    path,
    form: fc.oneof(
      { weight: 5, arbitrary: jsonBody.map((body) => ({ type: 'application/json', body })) },
      { weight: 2, arbitrary: pairs.map((body) => ({ type: 'application/x-www-form-urlencoded', body })) },
      {
        weight: 1,
        arbitrary: fc.string().map((body) => ({ type: 'multipart/form-data; boundary=x', body })),
      },
      { weight: 1, arbitrary: fc.constant({ type: undefined, body: '' }) },
      { weight: 1, arbitrary: fc.string().map((body) => ({ type: 'application/json;charset=x', body })) },
    ),
    headers: fc.oneof(
      { weight: 5, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          { 'x-api-version': 'ca/1' },
          { origin: 'https://evil.example' },
          { 'if-none-match': 'W/' },
          { 'accept-encoding': 'gzip;q=x,*' },
        ),
      },
    ),
  })
  // What GET and HEAD carry is not the point here, and DELETE would leave nothing to talk about.
  .map(({ form, ...rest }) => ({
    ...rest,
    ...(['GET', 'HEAD', 'OPTIONS'].includes(rest.method) ? { type: undefined, body: '' } : form),
  }));

let answered = 0;

function check(sent: Sent, got: Got): void {
  answered++;
  // Never a server error, except "retry later" once ten thousand were created.
  if (got.status >= 500)
    expect([got.status, got.headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)]);
  if (sent.method === 'HEAD') return;
  const json =
    got.text !== '' && got.headers['content-type'] === 'application/json'
      ? (JSON.parse(got.text) as unknown)
      : undefined;
  if (!sent.path.includes('/value')) checkDocumented(sent.method, sent.path, got.status, json);
  if (got.status === 400) expect(json).toHaveProperty('error.field');
}

/** Requests on their way at the same time, and how many are sent before everything that they made is deleted again. */
const AT_A_TIME = 8;
const ROUND = 2000;

async function sendRandom(runs: number, seed: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(anySent, { minLength: AT_A_TIME, maxLength: AT_A_TIME }), async (all) => {
      await Promise.all(
        all.map(async (sent) => {
          check(sent, await send(sent));
        }),
      );
    }),
    { seed, numRuns: Math.ceil(runs / AT_A_TIME), endOnFailure: runs > 1500 },
  );
}

/** Megabytes that are really in use, with everything that was created deleted again. */
async function heapInUse(): Promise<number> {
  for (const scope of ['/ca', '/ca/customers/acme']) {
    const list = (await front.ask('GET', `${scope}/instrumentations`)).json as { uri: string }[];
    await Promise.all(list.map(({ uri }) => front.ask('DELETE', uri)));
  }
  await front.bus.until(() => front.proxy.counts.pending === 0);
  front.bus.calls.length = 0; // the fake remembers all that was said
  front.bus.told.length = 0;
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

test(
  'for any request the answer is documented, wrong values are named, and nothing is leaked',
  async () => {
    await sendRandom(500, SEED + 1);
    const before = await heapInUse();
    const began = performance.now();
    answered = 0;
    const heaps: number[] = [];
    for (let round = 0; answered < RUNS; round++) {
      await sendRandom(Math.min(ROUND, RUNS - answered), SEED - round);
      heaps.push(await heapInUse());
    }
    const after = heaps.at(-1) ?? 0;
    expect((await front.ask('GET', '/readyz')).status).toBe(200);
    process.stdout.write(
      `${answered} random requests from seed ${SEED} in ${((performance.now() - began) / 1000).toFixed(0)} s; heap ` +
        `${before.toFixed(1)} MB before, ${after.toFixed(1)} MB after, never more than ` +
        `${Math.max(...heaps).toFixed(1)} MB after a round\n`,
    );
    expect(answered).toBeGreaterThanOrEqual(RUNS);
    expect(after).toBeLessThan(before * 1.2);
  },
  // The longest of these is one that was asked for.
  Math.max(120_000, RUNS * 20),
);
