/*
 * What this machine can gather, and what prevents it from being a node. In: the instrumenter's settings. Out: findings, each with
 * a fix; lines of text. Root may see more here than the service may, whose capabilities decide.
 */
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { RENEW } from '../../common/api/join';
import { askDoor, checkDoorUrl } from '../../common/http/door-client';
import { checker } from '../../common/model/schema';
import { brokerUrls } from '../../common/service/broker-url';
import { SYSTEM_CLOCK } from '../../common/service/clock';
import { messageOf } from '../../common/service/errors';
import { SILENT } from '../../common/service/log';
import { readSettings, type Environment } from '../../common/service/settings';
import { trustedText } from '../../common/service/files/trusted-path';
import { readBrokerCredentials } from '../../common/wire/broker/broker-credentials';
import { Journal } from '../../services/instrumenter/gather/journal';
import { missingFrom, openSources } from '../../services/instrumenter/sources/sources';
import type { SettingsFile } from './settings-file';
import { unitState } from './unit';

export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** The problem, or the state. */
  readonly detail: string;
}

export interface SourceFinding {
  readonly name: string;
  readonly metrics: number;
  readonly unavailable?: string;
  /** Reasons, each with the number of metrics that it makes unavailable. */
  readonly missing: readonly { readonly reason: string; readonly metrics: number }[];
}

export interface Examination {
  readonly host: string;
  readonly sources: readonly SourceFinding[];
  readonly checks: readonly Finding[];
}

const CONNECT_MS = 5000;
/** With a larger difference, values land in the wrong seconds. */
const CLOCK_MS = 2000;

/** Findings do not reject; throws for settings that cannot be read. */
export async function examine(settings: SettingsFile, own: Environment): Promise<Examination> {
  const env: Environment = { PATH: own['PATH'], ...settings.read() };
  const { host } = readSettings({ ...env, CA_AMQP_URL: undefined });
  return { host, sources: await sourcesOf(env), checks: await checksOf(env) };
}

async function sourcesOf(env: Environment): Promise<SourceFinding[]> {
  const { host, seed, dtrace, searchPath, sources } = readSettings({ ...env, CA_AMQP_URL: undefined });
  const opened = await openSources(sources, {
    host,
    clock: SYSTEM_CLOCK,
    elapsed: () => performance.now() * 1e6,
    log: SILENT,
    journal: new Journal(),
    seed,
    dtrace,
    searchPath,
  });
  const found = opened.map(({ name, source, unavailable }): SourceFinding => {
    const offers = source?.offers() ?? [];
    return {
      name,
      metrics: offers.filter((offer) => 'fields' in offer).length,
      ...(unavailable === undefined ? {} : { unavailable }),
      missing: source === undefined ? [] : byReason(missingFrom(source)),
    };
  });
  await Promise.allSettled(opened.map(async ({ source }) => source?.close()));
  return found;
}

function byReason(missing: readonly { readonly reason: string }[]): SourceFinding['missing'] {
  const counts = new Map<string, number>();
  for (const { reason } of missing) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, metrics]) => ({ reason, metrics })).sort((a, b) => b.metrics - a.metrics);
}

async function checksOf(env: Environment): Promise<Finding[]> {
  const unit = unitState();
  return [
    ...(await doorChecks(env)),
    ...(await brokerChecks(env)),
    ...(unit === undefined ? [] : [{ what: 'instrumenter', ok: unit === 'active', detail: unit }]),
  ];
}

const checkRenew = checker(RENEW, 'settings');

/** Whether the credential can be renewed, and how far the clocks are apart. */
async function doorChecks(env: Environment): Promise<Finding[]> {
  const [url = '', key = '', host = ''] = [env['CA_DOOR'], env['CA_NODE_SECRET'], env['CA_HOST']];
  if (url === '')
    return [
      { what: 'front door', ok: false, detail: 'this machine has not joined; fix: cloud-analytics join' },
    ];
  try {
    const caFile = env['CA_TLS_CA'] ?? '';
    const ca = caFile === '' ? undefined : await trustedText('CA_TLS_CA', caFile);
    const door = { url: checkDoorUrl('CA_DOOR', url), ca };
    const { clockMs } = await askDoor(door, '/healthz', { timeoutMs: CONNECT_MS });
    const findings: Finding[] = [{ what: 'front door', ok: true, detail: `${url} answers` }];
    if (clockMs !== undefined && Math.abs(clockMs) > CLOCK_MS) {
      const side = clockMs > 0 ? 'behind' : 'ahead of';
      findings.push({
        what: 'clock',
        ok: false,
        detail: `about ${Math.round(Math.abs(clockMs) / 1000)} s ${side} the front door's; fix: synchronise clocks (chrony or ntpd)`,
      });
    }
    if (key === '') return findings;
    await askDoor(door, '/ca/credential', {
      method: 'POST',
      body: checkRenew({ host, key }),
      timeoutMs: CONNECT_MS,
    });
    return [...findings, { what: 'credential', ok: true, detail: 'is renewed by the front door' }];
  } catch (error) {
    return [{ what: 'front door', ok: false, detail: messageOf(error) }];
  }
}

/** A connection and TLS, without a login: a second one would take the instrumenter's queue. */
async function brokerChecks(env: Environment): Promise<Finding[]> {
  const text = env['CA_AMQP_URL'] ?? '';
  if (text === '')
    return [{ what: 'broker', ok: false, detail: 'CA_AMQP_URL is not set; fix: cloud-analytics join' }];
  try {
    readSettings(env);
    const { tls } = await readBrokerCredentials(env);
    return await Promise.all(
      brokerUrls(text).map(async (url) => {
        const { protocol, hostname, port } = new URL(url);
        const host = hostname.replace(/^\[|\]$/g, '');
        const secure = protocol === 'amqps:';
        const at = { host, port: Number(port) || (secure ? 5671 : 5672) };
        const failure = await reach(at, secure ? tls : undefined);
        const where = `${at.host}:${at.port}`;
        return failure === undefined
          ? {
              what: 'broker',
              ok: true,
              detail: `${where} answers${secure ? ', and is whom we believe' : ''}`,
            }
          : { what: 'broker', ok: false, detail: `${where}: ${failure}` };
      }),
    );
  } catch (error) {
    return [{ what: 'broker', ok: false, detail: messageOf(error) }];
  }
}

function reach(
  at: { readonly host: string; readonly port: number },
  tls: Awaited<ReturnType<typeof readBrokerCredentials>>['tls'] | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const done = (failure?: string): void => {
      socket.destroy();
      resolve(failure);
    };
    const socket = tls === undefined ? connectPlain(at) : connectTls({ ...at, ...tls });
    socket.setTimeout(CONNECT_MS, () => {
      done('no answer');
    });
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      done();
    });
    socket.once('error', (error) => {
      done(messageOf(error));
    });
  });
}

export function examinationLines({ host, sources, checks }: Examination): string[] {
  return [
    `${host} can gather:`,
    ...sources.flatMap(({ name, metrics, unavailable, missing }) => [
      `  ${name.padEnd(10)} ${unavailable === undefined ? `${metrics} metrics` : `nothing: ${unavailable}`}`,
      ...missing.map(({ reason, metrics: count }) => `  ${''.padEnd(10)}   ${count} more, but ${reason}`),
    ]),
    ...checks.map(({ what, ok, detail }) => `${ok ? ' ' : '!'} ${what.padEnd(12)} ${detail}`),
  ];
}
