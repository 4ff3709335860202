import { evaluate, printPredicate } from '../../../common/model/predicate/predicate';
import type { Instrumentation } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import { isCustomerId, parseCustomers, type Customers } from './customers';
import { addAggregator, addNode, expectedNodes, gathered, nodeKey } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';

const FILE =
  '{"customers":{"acme":{"hosts":["web-*","db.1"],"zones":["z1","z\\"2"]},"whole":{"hosts":["n1"]}}}';

test('hosts are patterns in which only * is special', () => {
  const acme = parseCustomers(FILE).get('acme');
  const hosts = ['web-1', 'web-', 'db.1', 'db-1', 'xweb-1', 'db.1x'];
  expect(hosts.map((host) => acme?.ownsNode(host))).toEqual([true, true, true, false, false, false]);
});

test.each([
  ['', 'is not JSON'],
  ['{}', 'customers is missing'],
  ['{"customers":{"a;b":{"hosts":["x"]}}}', 'no possible id'],
  ['{"customers":{"a":{}}}', 'must say which hosts or which zones'],
  ['{"customers":{"a":{"hosts":[]}}}', 'customers.a.hosts'],
  ['{"customers":{"a":{"zones":[]}}}', 'customers.a.zones'],
  ['{"customers":{"a":{"hosts":["(x+)+"]}}}', 'customers.a.hosts.0'],
  ['{"customers":{"a":{"hosts":["x"],"zone":["y"]}}}', 'customers.a.zone'],
])('a file %s is refused: %s', (text, why) => {
  expect(() => parseCustomers(text)).toThrow(why);
});

test.each(['a;b', '', '..', 'a/b', 'a b', '-a', 'a.b', 'x'.repeat(65), 'ä'])('%j is no customer id', (id) => {
  expect(isCustomerId(id)).toBe(false);
});

describe('what nodes are asked on behalf of a customer', () => {
  let front: TestFront;
  let customers: Customers;
  beforeEach(async () => {
    customers = parseCustomers(FILE);
    front = await testFront({ customers: { get: (id) => customers.get(id) } });
    await addAggregator(front.bus, 'a0');
    await addNode(front.bus, 'web-1');
    await addNode(front.bus, 'n1');
  });
  afterEach(() => front.close());

  const asked = (host: string): Instrumentation[] => [...gathered(front.bus, host).values()];
  const create = (customer: string, predicate: object = {}): ReturnType<TestFront['ask']> =>
    front.ask('POST', `/ca/customers/${customer}/instrumentations`, {
      module: 'syscall',
      stat: 'syscalls',
      predicate,
    });

  test('is limited to its zones and its hosts, whatever it asks', async () => {
    const { json } = await create('acme', { or: [{ eq: ['execname', 'a'] }, { ne: ['zonename', 'z1'] }] });
    expect(json).toMatchObject({
      predicate: { or: [{ eq: ['execname', 'a'] }, { ne: ['zonename', 'z1'] }] },
    });
    await front.bus.until(() => asked('web-1').length === 1);
    const { predicate } = asked('web-1')[0]!;
    expect(printPredicate(predicate)).toBe(
      '(zonename == "z1" || zonename == "z\\"2") && (execname == "a" || zonename != "z1")',
    );
    for (const zone of ['global', 'z2', 'z"2" || 1', '']) {
      expect(evaluate(predicate, (field) => (field === 'zonename' ? zone : 'a'))).toBe(false);
    }
    expect(evaluate(predicate, (field) => (field === 'zonename' ? 'z1' : 'a'))).toBe(true);
    expect(asked('n1')).toEqual([]);
  });

  test('may be asked about as deeply and with as many parts as what belongs to nobody', async () => {
    const parts = (count: number): object[] =>
      Array.from({ length: count }, () => ({ eq: ['execname', 'a'] }));
    let deep: object = { eq: ['execname', 'a'] };
    for (let depth = 1; depth < LIMITS.predicateDepth; depth++)
      deep = { and: [deep, { eq: ['execname', 'b'] }] };
    for (const predicate of [deep, { or: parts(LIMITS.predicateNodes - 1) }]) {
      const before = asked('web-1').length;
      expect((await create('acme', predicate)).status).toBe(201);
      await front.bus.until(() => asked('web-1').length === before + 1);
    }
    expect((await create('acme', { and: [deep, deep] })).status).toBe(400);
  });

  test('is everything on a node that is wholly its own', async () => {
    await create('whole');
    await front.bus.until(() => asked('n1').length === 1);
    expect(printPredicate(asked('n1')[0]!.predicate)).toBe('true');
    expect(asked('web-1')).toEqual([]);
  });

  test('is what its own nodes offer: of others it sees nothing, while its own are away neither', async () => {
    const seen = async (customer: string): Promise<unknown> =>
      (await front.ask('GET', `/ca/customers/${customer}`)).json;
    const metrics = [{ stat: 'syscalls' }];
    expect(await seen('acme')).toMatchObject({ metrics });
    expect(await seen('nobody')).toMatchObject({ modules: {}, fields: {}, metrics: [] });
    await front.bus.say(nodeKey('web-1'), 'offline', {});
    expect(await seen('acme')).toMatchObject({ modules: {}, fields: {}, metrics: [] });
    expect(await seen('whole')).toMatchObject({ metrics });
    expect((await create('acme')).status).toBe(400);
    await addNode(front.bus, 'web-2');
    expect(await seen('acme')).toMatchObject({ metrics });
    customers = parseCustomers('{"customers":{"acme":{"hosts":["db-1"]}}}');
    front.config.customersChanged();
    expect(await seen('acme')).toMatchObject({ metrics: [] });
  });

  test('changes with the file: new zones are told, lost nodes stop', async () => {
    await create('acme');
    await front.bus.until(() => asked('web-1').length === 1);
    customers = parseCustomers('{"customers":{"acme":{"hosts":["web-*"],"zones":["z9"]}}}');
    front.config.customersChanged();
    const told = (): string => printPredicate(asked('web-1')[0]!.predicate);
    await front.bus.until(() => told() === 'zonename == "z9"');
    customers = parseCustomers('{"customers":{}}');
    front.config.customersChanged();
    await front.bus.until(() => asked('web-1').length === 0);
    await front.bus.until(() => expectedNodes(front.bus, 'a0', 'cust:acme;1')?.length === 0);
    expect(front.config.reconciler.countsOf('cust:acme;1')).toMatchObject({ enabled: 0, unsupported: 0 });
  });

  test('is expected of its own nodes alone', async () => {
    await create('acme');
    await front.bus.until(() => expectedNodes(front.bus, 'a0', 'cust:acme;1')?.length === 1);
    expect(expectedNodes(front.bus, 'a0', 'cust:acme;1')).toEqual(['web-1']);
  });

  test('of others’ nodes it learns nothing, not their number', async () => {
    for (let i = 0; i < 20; i++) await addNode(front.bus, `other-${i}`);
    await create('acme');
    await front.bus.until(() => front.config.reconciler.countsOf('cust:acme;1').enabled === 1);
    const { json } = await front.ask('GET', '/ca/customers/acme/instrumentations/1');
    expect(json).toMatchObject({
      nsources: 1,
      state: { enabling: 0, enabled: 1, failed: 0, stopped: 0, unsupported: 0 },
    });
  });

  test('loses with a zone, at once, what was gathered of it', async () => {
    const value = '/ca/customers/acme/instrumentations/1/value/raw';
    const open = async (): Promise<boolean> => {
      const { status, json } = await front.ask('GET', value);
      // No aggregator of the tests answers: it was asked, or the door did not ask.
      expect(status).toBe(503);
      return !JSON.stringify(json).includes('what belongs to this customer has changed');
    };
    const told = (): number | undefined =>
      front.bus.calls
        .filter(({ type }) => type === 'enable_aggregation')
        .map(({ body }) => (body as { instrumentation: { valuesFrom?: number } }).instrumentation.valuesFrom)
        .at(-1);
    await create('acme');
    await front.bus.until(() => asked('web-1').length === 1);
    expect([await open(), told()]).toEqual([true, undefined]);

    customers = parseCustomers(
      '{"customers":{"acme":{"hosts":["web-*","db.1"],"zones":["z1","z\\"2","z3"]}}}',
    );
    front.config.customersChanged();
    expect(await open()).toBe(true); // more than before
    customers = parseCustomers('{"customers":{"acme":{"hosts":["web-*"],"zones":["z3"]}}}');
    front.config.customersChanged();
    expect(await open()).toBe(false);
    await front.bus.until(() => printPredicate(asked('web-1')[0]!.predicate) === 'zonename == "z3"');
    const lost = Math.floor(front.clock.now() / 1000);
    await front.bus.until(() => {
      front.clock.pass(1);
      return told() !== undefined;
    });
    expect(told()).toBeGreaterThan(lost + 1);
    await front.bus.until(() => {
      front.clock.pass(1);
      return front.config.reconciler.isHomeSettled('cust:acme;1');
    });
    front.clock.pass(1);
    expect(await open()).toBe(true);
  });

  test('loses it also when the file changed while the service was away', async () => {
    await create('acme');
    await front.bus.until(() => asked('web-1').length === 1);
    customers = parseCustomers('{"customers":{"acme":{"hosts":["db-*"],"zones":["z1"]}}}');
    const again = await testFront({ folder: front.folder, customers });
    await addAggregator(again.bus, 'a0');
    const { json } = await again.ask('GET', '/ca/customers/acme/instrumentations/1/value/raw');
    expect(json).toMatchObject({ error: { message: expect.stringContaining('has changed') as string } });
    await again.close();
  });

  test('hostname cannot be asked for, neither to break down by nor to filter by', async () => {
    expect(await create('acme', { eq: ['hostname', 'web-1'] })).toMatchObject({ status: 400 });
    const body = { module: 'syscall', stat: 'syscalls', decomposition: ['hostname'] };
    expect((await front.ask('POST', '/ca/customers/acme/instrumentations', body)).status).toBe(400);
    expect((await front.ask('POST', '/ca/customers/acme/instrumentations?profile=none', body)).status).toBe(
      400,
    );
  });

  test('no more than ten at a time', async () => {
    const statuses = await Promise.all(Array.from({ length: 11 }, async () => (await create('acme')).status));
    expect(statuses.sort()).toEqual([...Array.from({ length: 10 }, () => 201), 409]);
    const others = await create('whole');
    expect(others.status).toBe(201);
    const clone = await front.ask('POST', '/ca/customers/acme/instrumentations/1/clone');
    expect(clone.status).toBe(409);
  });

  test('never for ever: idle-max 0 is for operators', async () => {
    const body = { module: 'syscall', stat: 'syscalls', 'idle-max': 0 };
    expect((await front.ask('POST', '/ca/customers/acme/instrumentations', body)).status).toBe(400);
    await create('acme');
    expect((await front.ask('PUT', '/ca/customers/acme/instrumentations/1', { 'idle-max': 0 })).status).toBe(
      400,
    );
  });
});
