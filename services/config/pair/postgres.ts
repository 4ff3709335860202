/*
 * The state and the lease of a pair of config services, in PostgreSQL. In: CA_STATE. Out: documents, each write of which
 * counts only while the lease is ours, checked in the statement itself; and the lease, by the server's clock. Only importer of pg.
 */
import { Pool, type QueryResultRow } from 'pg';
import { CaError, invalid, messageOf } from '../../../common/service/errors';
import { isLoopback } from '../../../common/service/networks';
import type { Document, Storage } from '../state/storage';
import type { LeaseKeeper } from './lease';

/** A statement that takes longer has failed: the lease ends meanwhile. */
const STATEMENT_MS = 2000;
const CONNECTIONS = 2;

/** Several deployments may share a database, as they may share a broker. */
const TABLES = `
  CREATE TABLE IF NOT EXISTS cloud_analytics_lease (
    deployment text PRIMARY KEY, fence bigint NOT NULL, holder text NOT NULL, address text NOT NULL, expires timestamptz NOT NULL);
  CREATE TABLE IF NOT EXISTS cloud_analytics_state (
    deployment text, name text, contents text NOT NULL, PRIMARY KEY (deployment, name));`;

/** One row, if nobody's lease is valid; FOR UPDATE, as the conflict is, so that two takers come one after the other. */
const TAKE = `
  INSERT INTO cloud_analytics_lease AS lease (deployment, fence, holder, address, expires)
  VALUES ($1, 1, $2, $3, clock_timestamp() + $4 * interval '1 ms')
  ON CONFLICT (deployment) DO UPDATE
  SET fence = lease.fence + 1, holder = $2, address = $3, expires = clock_timestamp() + $4 * interval '1 ms'
  WHERE lease.expires <= clock_timestamp()
  RETURNING fence::text`;

const RENEW = `
  UPDATE cloud_analytics_lease SET expires = clock_timestamp() + $3 * interval '1 ms'
  WHERE deployment = $1 AND fence = $2`;

/** FOR SHARE: whoever takes the lease waits for this write, or this write finds that it was taken. */
const WRITE = `
  WITH held AS (SELECT FROM cloud_analytics_lease WHERE deployment = $1 AND fence = $2 FOR SHARE)
  INSERT INTO cloud_analytics_state AS state (deployment, name, contents)
  SELECT $1, $3, $4 FROM held
  ON CONFLICT (deployment, name) DO UPDATE SET contents = excluded.contents`;

/** CA_STATE: undefined where the state is files. Throws an INVALID error. */
export function readStateUrl(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol))
    throw invalid(
      'CA_STATE',
      'must be the URL of a PostgreSQL database, such as postgres://ca:password@db.example/ca?sslmode=verify-full',
    );
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLocal = host === '' || host === 'localhost' || isLoopback(host) || url.searchParams.has('host');
  if (!isLocal && url.searchParams.get('sslmode') !== 'verify-full')
    throw invalid(
      'CA_STATE',
      `names another machine, ${host}: the state has keys, which must not travel in the open; fix: add ?sslmode=verify-full (and &sslrootcert=FILE)`,
    );
  return text;
}

export class Postgres implements LeaseKeeper {
  private readonly pool: Pool;
  private readonly deployment: string;
  private made: Promise<unknown> | undefined;

  /** `deployment`: the base of its routing keys. */
  constructor(url: string, deployment: string) {
    this.deployment = deployment;
    this.pool = new Pool({
      connectionString: url,
      max: CONNECTIONS,
      application_name: 'cloud-analytics-config',
      connectionTimeoutMillis: STATEMENT_MS,
      query_timeout: STATEMENT_MS,
      statement_timeout: STATEMENT_MS,
      allowExitOnIdle: true,
    });
    // A connection that breaks while nobody uses it; the next statement makes another.
    this.pool.on('error', () => undefined);
  }

  async take(
    holder: { readonly id: string; readonly address: string },
    ttlMs: number,
  ): ReturnType<LeaseKeeper['take']> {
    const [taken] = await this.ask<{ fence: string }>(TAKE, [holder.id, holder.address, ttlMs]);
    if (taken !== undefined) return { fence: Number(taken.fence) };
    const [by] = await this.ask<{ holder: string; address: string }>(
      'SELECT holder, address FROM cloud_analytics_lease WHERE deployment = $1',
      [],
    );
    return { by: { id: by?.holder ?? '', address: by?.address ?? '' } };
  }

  async renew(fence: number, ttlMs: number): Promise<boolean> {
    return (await this.count(RENEW, [fence, ttlMs])) === 1;
  }

  async release(fence: number): Promise<void> {
    await this.count(RENEW, [fence, 0]);
  }

  /** Documents as `fence` may write them. A write rejects with CONFLICT once another has the lease. */
  storage(fence: number): Storage {
    return (name): Document => ({
      place: `${name} of ${this.deployment} in PostgreSQL`,
      read: async () => {
        const [row] = await this.ask<{ contents: string }>(
          'SELECT contents FROM cloud_analytics_state WHERE deployment = $1 AND name = $2',
          [name],
        );
        return row?.contents;
      },
      write: async (text) => {
        if ((await this.count(WRITE, [fence, name, text])) === 1) return;
        throw new CaError('NO_RESOURCE', 'another config service has taken over', { retryAfter: 1 });
      },
      check: async () => {
        try {
          await this.ask('SELECT 1 WHERE $1 <> $2', ['']);
        } catch (error) {
          throw new Error(`PostgreSQL cannot be reached: ${messageOf(error)}`, { cause: error });
        }
      },
    });
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async ask<T extends QueryResultRow>(
    statement: string,
    parameters: readonly unknown[],
  ): Promise<T[]> {
    await this.tables();
    return (await this.pool.query<T>(statement, [this.deployment, ...parameters])).rows;
  }

  private async count(statement: string, parameters: readonly unknown[]): Promise<number> {
    await this.tables();
    return (await this.pool.query(statement, [this.deployment, ...parameters])).rowCount ?? 0;
  }

  /** Made by whoever comes first. Several statements of one query are one transaction; the lock, since two that create the same table at once fail. */
  private async tables(): Promise<void> {
    this.made ??= this.pool
      .query(`SELECT pg_advisory_xact_lock(${TABLES_LOCK}); ${TABLES}`)
      .catch((error: unknown) => {
        this.made = undefined;
        throw error;
      });
    await this.made;
  }
}

/** Any number that other users of the database do not lock. */
const TABLES_LOCK = 0x636c_6f75;
