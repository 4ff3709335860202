/*
 * The system that is attacked: fresh, real services on a broker of its own, tokens and two customers. In: nothing. Out:
 * the system, and requests to it as an operator, as a customer, and without a token.
 *
 * node-a belongs to acme, limited to the zone acme.service; node-b belongs to rival as a whole.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../stack/ports';
import { buildFolder, startStack, type Stack } from '../stack/stack';
import { sharedBroker } from '../testing/test-broker';
import { until } from '../testing/until';

export const TOKENS = { operator: newToken(), acme: newToken(), rival: newToken() };
export const ACME_ZONE = 'acme.service';
const CUSTOMERS = {
  acme: { hosts: ['node-a'], zones: [ACME_ZONE] },
  rival: { hosts: ['node-b'] },
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly text: string;
}

export interface System {
  readonly stack: Stack;
  readonly home: string;
  /** Of the front door. */
  readonly port: number;
  /** Of an aggregator. */
  readonly aggregatorPort: number;
  /** Over HTTP, with a token or without one; an object is sent as JSON. Redirects are not followed. */
  readonly ask: (token: string | undefined, method: string, path: string, body?: unknown) => Promise<Answer>;
  /** Creates an instrumentation and waits until a node gathers it; resolves to its path. */
  readonly create: (token: string, scope: string, question: object) => Promise<string>;
  /** Rewrites CA_CUSTOMERS, reloads it, and waits until it is in effect. No argument: as at the start. */
  readonly customers: (file?: object) => Promise<void>;
  /** Another system on the same broker under a prefix of its own; stopped at the end. One each for the same name. */
  readonly another: (name: string, options?: AnotherOptions) => Promise<Stack>;
  /** Processes that ended or were restarted since the last call; empty: every process still runs. */
  readonly casualties: () => readonly string[];
  readonly stop: () => Promise<void>;
}

interface AnotherOptions {
  readonly aggregators?: number;
  readonly hosts?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Called with its CA_HOME before anything is started. */
  readonly prepare?: (home: string) => void;
}

/** `shared`: on the broker that tests share, where there is one. */
export async function startSystem({ shared = false } = {}): Promise<System> {
  const folder = join(buildFolder(), 'attack');
  mkdirSync(folder, { recursive: true });
  const home = mkdtempSync(join(folder, 'home-'));
  const [tokensFile, customersFile] = [join(home, 'tokens'), join(home, 'customers.json')];
  writeFileSync(tokensFile, tokenLines(), { mode: 0o600 });
  const writeCustomers = (file: object): void => {
    writeFileSync(customersFile, JSON.stringify({ customers: file }), { mode: 0o600 });
  };
  writeCustomers(CUSTOMERS);
  const [port = 0] = await freePorts(1);
  const stack = await startStack({
    ...(shared ? sharedBroker(home) : {}),
    home,
    httpPort: port,
    aggregators: 2,
    hosts: ['node-a', 'node-b'],
    others: [ANOTHER],
    env: { CA_TOKENS: tokensFile, CA_CUSTOMERS: customersFile, CA_PROBE_BUDGET: '10000' },
  });
  const [aggregator] = (await stack.status()).aggregators;
  const others = new Map<string, Promise<Stack>>();
  let pids = pidsOf(stack);

  const ask: System['ask'] = async (token, method, path, body) => {
    const response = await fetch(new URL(path, stack.url), {
      method,
      redirect: 'manual',
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    const parsed = isJson && text !== '' ? (JSON.parse(text) as unknown) : undefined;
    return { status: response.status, headers: response.headers, text, body: parsed };
  };

  return {
    stack,
    home,
    port,
    aggregatorPort: aggregator?.httpPort ?? 0,
    ask,
    async create(token, scope, question) {
      const { status, body, text } = await ask(token, 'POST', `${scope}/instrumentations`, question);
      if (status !== 201) throw new Error(`cannot create: ${status} ${text}`);
      const { uri } = body as { uri: string };
      await until(`${uri} being gathered`, 15_000, async () => {
        const { state } = (await ask(token, 'GET', uri)).body as { state: { enabled: number } };
        return state.enabled > 0 ? true : undefined;
      });
      return uri;
    },
    async customers(file = CUSTOMERS) {
      // A customer that is in no other file shows that this one was read.
      const mark = `mark${randomBytes(4).toString('hex')}`;
      writeCustomers({ ...file, [mark]: { hosts: ['nowhere'] } });
      stack.config.signal('SIGHUP');
      await until('the customers being read', 5000, async () => {
        const { status } = await ask(TOKENS.operator, 'POST', `/ca/customers/${mark}/instrumentations`, {});
        return status === 403 ? undefined : true;
      });
    },
    another(name, { prepare, ...options } = {}) {
      const known = others.get(name) ?? startAnother(name, prepare, options);
      others.set(name, known);
      return known;
    },
    casualties() {
      const now = pidsOf(stack);
      const lost = [...pids].filter(([service, pid]) => now.get(service) !== pid).map(([service]) => service);
      pids = now;
      return lost;
    },
    async stop() {
      for (const other of others.values()) await other.then((one) => one.stop()).catch(() => undefined);
      await stack.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };

  async function startAnother(
    name: string,
    prepare: AnotherOptions['prepare'],
    options: AnotherOptions,
  ): Promise<Stack> {
    const [httpPort = 0] = await freePorts(1);
    const itsHome = join(home, `another-${name}`);
    mkdirSync(itsHome, { mode: 0o700 });
    prepare?.(itsHome);
    return startStack({
      amqpUrl: stack.broker?.urlOf(ANOTHER.name),
      prefix: `attack-${name}-`,
      home: itsHome,
      httpPort,
      aggregators: 1,
      hosts: [],
      ...options,
    });
  }
}

/** The broker's user of other deployments on it: theirs alone. */
const ANOTHER = {
  name: 'another',
  permissions: { configure: '^attack-', write: '^attack-', read: '^attack-' },
};

function newToken(): string {
  return randomBytes(32).toString('hex');
}

function tokenLines(): string {
  return Object.entries(TOKENS)
    .map(([name, token]) => {
      const role = name === 'operator' ? name : `customer:${name}`;
      return `${name} ${role} ${createHash('sha256').update(token).digest('hex')}\n`;
    })
    .join('');
}

/** 0: it has ended, and is not started again yet. */
function pidsOf({ config, aggregators, instrumenters }: Stack): Map<string, number> {
  return new Map(
    [config, ...aggregators, ...instrumenters].map((one) => [
      one.name,
      one.failure() === undefined ? one.pid : 0,
    ]),
  );
}
