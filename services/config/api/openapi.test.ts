import { ALL } from '../testing/documented';
import { openApi, pathOf } from './openapi';
import { operatorPath, routesOf } from './resource';
import { addAggregator, addNode } from '../testing/fake-fleet';
import { testFront, type TestFront } from '../testing/test-front';

type Operation = Readonly<Record<string, unknown>>;
const DOCUMENT = openApi(ALL) as { paths: Record<string, Record<string, Operation>> };

let front: TestFront;
beforeAll(async () => {
  front = await testFront();
  await addAggregator(front.bus, 'a0');
  await addNode(front.bus, 'n1');
});
afterAll(() => front.close());

test('every route of the API is described, and nothing else', () => {
  const routes = routesOf(ALL).map(({ method, path }) => `${method} ${pathOf(path)}`);
  const described = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(routes.sort());
});

test('operations have names of their own, and every parameter of a path is described', () => {
  const operations = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, ...operation })),
  ) as { path: string; operationId: string; parameters?: { name: string; in: string }[] }[];
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, parameters = [] } of operations) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(parameters.filter((p) => p.in === 'path').map(({ name }) => name)).toEqual(inPath);
  }
});

test('the document is served as it is', async () => {
  const { status, json } = await front.ask('GET', '/ca/openapi.json');
  expect(status).toBe(200);
  expect(json).toEqual(JSON.parse(JSON.stringify(DOCUMENT)));
});

test('the page for people names every resource, and runs no script', async () => {
  const { status, text, headers } = await front.ask('GET', '/ca/docs');
  expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  for (const resource of ALL) expect(text).toContain(`<code>${operatorPath(resource)}</code>`);
  expect(text).not.toContain('<script');
  expect((await front.ask('GET', '/ca/docs/docs.css')).status).toBe(200);
});
