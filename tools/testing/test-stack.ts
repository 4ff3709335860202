/*
 * The stack for tests: free ports, a state folder of its own below build/, real services, and a real broker: the one
 * that tests share, where there is one. In: what differs from the usual. Out: a running stack and a small client for its API. Stop it in afterAll.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeState } from '../../common/api/instrumentation';
import { checkDocumented } from '../../services/config/testing/documented';
import { freePorts } from '../stack/ports';
import { buildFolder, startStack, type Stack, type StackOptions } from '../stack/stack';
import { sharedBroker } from './test-broker';
import { until } from './until';

export interface TestStack extends Stack {
  readonly home: string;
  /** Status and parsed body, held against the API's description; bodies go as JSON. */
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** GET that must succeed. */
  get<T>(path: string): Promise<T>;
  bytes(path: string): Promise<{ headers: Headers; bytes: Buffer }>;
  /** Creates an instrumentation and waits until every node that can gathers it; resolves to its path. */
  create(properties: Readonly<Record<string, unknown>>): Promise<string>;
}

interface TestOptions extends Partial<StackOptions> {
  /** For tests that change the broker. */
  readonly ownBroker?: boolean;
}

export async function startTestStack({ ownBroker, ...options }: TestOptions = {}): Promise<TestStack> {
  const folder = join(buildFolder(), 'e2e');
  mkdirSync(folder, { recursive: true });
  const home = options.home ?? mkdtempSync(join(folder, 'stack-'));
  const [httpPort = 0] = await freePorts(1);
  // A busy machine's events must not stop a test's instrumentation.
  const env = { CA_PROBE_BUDGET: '10000', ...options.env };
  const broker = ownBroker === true ? {} : sharedBroker(home);
  // Tests send messages of nodes and services that do not exist.
  const usual = { sharedUser: true, httpPort, hosts: ['node-a'], aggregators: 1, ...broker };
  const stack = await startStack({ ...usual, ...options, env, home });

  const ask = async (
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(new URL(path, stack.url), {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const answer = { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
    checkDocumented(method, path, answer.status, answer.body);
    return answer;
  };
  const get = async <T>(path: string): Promise<T> => {
    const { status, body } = await ask('GET', path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  };
  return {
    ...stack,
    home,
    ask,
    get,
    async bytes(path) {
      const response = await fetch(new URL(path, stack.url));
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return { headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
    },
    async create(properties) {
      const { status, body } = await ask('POST', '/ca/instrumentations', properties);
      if (status !== 201) throw new Error(`create: ${status} ${JSON.stringify(body)}`);
      const { uri } = body as { uri: string };
      await until(`${uri} being gathered`, 60_000, async () => {
        const { nodes } = await get<{ nodes: readonly NodeState[] }>(uri);
        const failed = nodes.find((node) => node.state === 'failed');
        if (failed !== undefined) throw new Error(`${failed.node}: ${failed.reason ?? 'failed'}`);
        return nodes.length > 0 && nodes.every((node) => node.state === 'enabled') ? true : undefined;
      });
      return uri;
    },
    async stop() {
      await stack.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
