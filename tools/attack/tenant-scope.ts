/*
 * Attacks of a customer with a valid token for its own scope: to read, create or delete what is not its own.
 */
import { readFileSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { cgroupRoot } from '../../services/instrumenter/sources/bpf/zones/zones';
import { startKnownCalls } from '../testing/known-calls';
import { until } from '../testing/until';
import { broken, HELD, leftOut, verdict, type Attack } from './attack';
import { rawRequest } from './raw';
import { ACME_ZONE, TOKENS, type System } from './system';

const ACME = '/ca/customers/acme';
const RIVAL = '/ca/customers/rival';
const CALLS = { module: 'syscall', stat: 'syscalls' };
const PROGRAM = 'ca-attack';

interface Raw {
  readonly value: number;
  readonly minreporting: number;
}

/** A refusal may also be a 404: for resources that do not exist for a customer. */
const REFUSALS = [400, 401, 403, 404, 405];

export const attacks: readonly Attack[] = [
  {
    area: 'tenant',
    name: 'T1-T16: a customer’s token opens no other scope, however the path is written',
    async run({ port, ask, create }) {
      const theirs = await create(TOKENS.rival, RIVAL, CALLS);
      const id = theirs.slice(theirs.lastIndexOf('/') + 1);
      const found: string[] = [];
      const paths = [
        '/ca',
        '/ca/',
        '/ca/instrumentations',
        '/ca/instrumentations?all=true',
        `/ca/instrumentations/${id}/value/raw`,
        '/ca/admin/status',
        '/ca/metrics',
        '/metrics',
        '/prometheus/api/v1/labels',
        RIVAL,
        theirs,
        `${theirs}/value/raw`,
        `${theirs}/value/heatmap/image.png`,
        `${RIVAL}/prometheus/api/v1/query?query=x`,
        `${ACME}/../rival/instrumentations/${id}`,
        `${ACME}/%2e%2e/rival/instrumentations/${id}`,
        `${ACME}/..%2frival/instrumentations/${id}`,
        `${ACME};/../rival`,
        '/ca/customers/ACME',
        '/ca/customers/acme2',
        '/ca/customers/acm%65/../rival',
        '/ca/customers',
        '//ca/customers/rival',
      ];
      for (const path of paths) {
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
          const headers = ['Host: localhost', `Authorization: Bearer ${TOKENS.acme}`, 'Content-Length: 0'];
          const { status } = await rawRequest(port, `${method} ${path}`, headers);
          if (!REFUSALS.includes(status)) found.push(`${method} ${path}: ${status}`);
        }
      }
      // By number within its own scope, and by naming another customer in the question.
      for (const path of [`${ACME}/instrumentations/${id}99`, `${ACME}/admin/status`]) {
        const { status } = await ask(TOKENS.acme, 'GET', path);
        if (status !== 404) found.push(`${path}: ${status}`);
      }
      const { status } = await ask(TOKENS.acme, 'POST', `${ACME}/instrumentations`, {
        ...CALLS,
        customer: 'rival',
      });
      if (status !== 400) found.push(`a question for another customer: ${status}`);
      if ((await ask(TOKENS.rival, 'GET', theirs)).status !== 200)
        found.push('the other’s instrumentation is gone');
      return verdict(found);
    },
  },
  {
    area: 'tenant',
    name: 'T17-T21: a customer neither asks by hostname, nor for ever, nor for more than ten',
    limitMs: 40_000,
    async run({ ask }) {
      const found: string[] = [];
      const post = async (question: object): Promise<number> =>
        (await ask(TOKENS.acme, 'POST', `${ACME}/instrumentations?profile=none&all=true`, question)).status;
      for (const more of [
        { 'idle-max': 0 },
        { decomposition: ['hostname'] },
        { predicate: { eq: ['hostname', 'node-b'] } },
        { predicate: { or: [{ ne: ['hostname', ''] }, { eq: ['execname', 'x'] }] } },
      ]) {
        const status = await post({ ...CALLS, ...more });
        if (status !== 400) found.push(`${JSON.stringify(more)}: ${status}`);
      }
      const statuses = await Promise.all(
        Array.from({ length: 12 }, () => post({ ...CALLS, 'idle-max': 60 })),
      );
      const made = (await ask(TOKENS.acme, 'GET', `${ACME}/instrumentations`)).body as { uri: string }[];
      if (made.length > 10 || statuses.filter((status) => status === 201).length > 10)
        found.push(`${made.length} at a time`);
      for (const { uri } of made) await ask(TOKENS.acme, 'DELETE', uri);
      return verdict(found);
    },
  },
  {
    area: 'tenant',
    name: 'T22: what a customer may ask, nodes can answer: as deeply as operators',
    async run({ ask, create }) {
      let predicate: object = { eq: ['execname', 'a'] };
      for (let depth = 1; depth < 16; depth++)
        predicate = { and: [predicate, { ne: ['execname', `b${depth}`] }] };
      const uri = await create(TOKENS.acme, ACME, { ...CALLS, predicate });
      const { state } = (await ask(TOKENS.acme, 'GET', uri)).body as { state: { failed: number } };
      await ask(TOKENS.acme, 'DELETE', uri);
      return state.failed === 0 ? HELD : broken('it fails on its nodes');
    },
  },
  {
    area: 'tenant',
    name: 'T23: a customer learns nothing of others’ nodes, not their number nor their names',
    async run({ ask, create }) {
      const uri = await create(TOKENS.acme, ACME, CALLS);
      await pause(1500);
      const found: string[] = [];
      for (const path of [uri, `${ACME}/instrumentations`, `${uri}/value/raw?duration=5`, ACME]) {
        const { text } = await ask(TOKENS.acme, 'GET', path);
        if (/node-[ab]/.test(text)) found.push(`${path} names a node`);
      }
      const { state } = (await ask(TOKENS.acme, 'GET', uri)).body as { state: Record<string, number> };
      const nodes = Object.values(state).reduce((sum, count) => sum + count, 0);
      if (nodes !== 1) found.push(`it is told of ${nodes} nodes`);
      await ask(TOKENS.acme, 'DELETE', uri);
      return verdict(found);
    },
  },
  {
    area: 'tenant',
    name: 'T24: a customer that loses a zone loses at once what was gathered of it',
    limitMs: 60_000,
    run: loseZone,
  },
  {
    area: 'tenant',
    name: 'T25: a customer that was removed reads nothing more, though its token is still there',
    async run({ ask, create, customers }) {
      const uri = await create(TOKENS.acme, ACME, CALLS);
      try {
        await customers({ rival: { hosts: ['node-b'] } });
        for (const path of [ACME, uri, `${uri}/value/raw?duration=60`, `${ACME}/instrumentations`]) {
          const { status } = await ask(TOKENS.acme, 'GET', path);
          if (status !== 403) return broken(`${path}: ${status}`);
        }
        return HELD;
      } finally {
        await customers();
        await ask(TOKENS.operator, 'DELETE', uri);
      }
    },
  },
  {
    area: 'tenant',
    name: 'T26: a file of customers or tokens that is not valid changes nothing',
    async run({ home, stack, ask, customers }) {
      const file = join(home, 'customers.json');
      for (const text of ['', '{', '{"customers":{"acme":{}}}', '{"customers":{"a;b":{"hosts":["*"]}}}']) {
        writeFileSync(file, text);
        stack.config.signal('SIGHUP');
        await pause(200);
        const { status } = await ask(TOKENS.acme, 'GET', ACME);
        if (status !== 200) return broken(`${JSON.stringify(text)}: ${status}`);
        if ((await ask(TOKENS.acme, 'GET', RIVAL)).status !== 403) return broken('it opened another scope');
      }
      await customers();
      return HELD;
    },
  },
];

/** A known program makes its calls in acme's zone; then the zone is taken away. */
async function loseZone({ ask, create, customers }: System): ReturnType<Attack['run']> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return leftOut('it needs root, to make a zone');
  const group = join(cgroupRoot(readFileSync('/proc/self/mounts', 'utf8')) ?? '', ACME_ZONE);
  mkdirSync(group, { recursive: true });
  const calls = await startKnownCalls(PROGRAM);
  try {
    writeFileSync(join(group, 'cgroup.procs'), String(calls.pid));
    const predicate = { and: [{ eq: ['execname', PROGRAM] }, { eq: ['syscall', 'getppid'] }] };
    const uri = await create(TOKENS.acme, ACME, { ...CALLS, predicate });
    const read = async (duration: number): Promise<Raw | number> => {
      const { status, body } = await ask(
        TOKENS.acme,
        'GET',
        `${uri}/value/raw?duration=${duration}&timeout=1000`,
      );
      return status === 200 ? (body as Raw) : status;
    };
    await pause(1500);
    await calls.make(1000);
    await until('its own events', 10_000, async () => {
      const answer = await read(10);
      return typeof answer === 'object' && answer.value >= 1000 ? true : undefined;
    });
    await customers({ acme: { hosts: ['node-a'], zones: ['other.service'] }, rival: { hosts: ['node-b'] } });
    const until_ = Date.now() + 6000;
    let answered = false;
    while (Date.now() < until_) {
      const answer = await read(60);
      if (typeof answer === 'object') {
        if (answer.value > 0) return broken(`it still reads ${answer.value} events of the zone`);
        answered = true;
      } else if (answer !== 503) return broken(`status ${answer}`);
      await calls.make(10);
      await pause(200);
    }
    await ask(TOKENS.acme, 'DELETE', uri);
    return answered ? HELD : broken('it stayed closed for 6 s');
  } finally {
    await calls.end();
    await customers();
    await until('the zone being empty', 5000, () => {
      rmdirSync(group);
      return true;
    });
  }
}
