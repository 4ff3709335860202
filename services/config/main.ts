/*
 * The config service as a process: settings in, signals in, exit codes out. Alone, with its state in files (active.ts), or one of
 * a pair, with the state in PostgreSQL (pair/).
 */
import { join } from 'node:path';
import { readPlaces } from '../../common/service/networks';
import { run, type Host, type Running } from '../../common/service/run';
import { brokerUrl, type Environment, type Settings } from '../../common/service/settings';
import { beginsAnew, startActive } from './active';
import { readAccess } from './door/access';
import { readOperatorFiles } from './door/operator-files';
import { pairAddress, startPair } from './pair/pair';
import { readStateUrl } from './pair/postgres';
import { filesIn } from './state/storage';

/** For a state file on a disk that hangs. */
const FLUSH_MS = 10_000;

async function start(host: Host): Promise<Running> {
  const url = readStateUrl(host.env['CA_STATE']);
  if (url !== undefined) return startPair(host, url);
  return startActive(host, { storage: await filesIn(join(host.settings.home, 'config')) });
}

async function check(settings: Settings, env: Environment): Promise<void> {
  brokerUrl(settings);
  beginsAnew(env);
  const access = readAccess(env, settings.host);
  await readOperatorFiles(access);
  readPlaces(env);
  if (readStateUrl(env['CA_STATE']) !== undefined) pairAddress(env, access, settings);
}

run({ title: 'config service', name: () => 'config', start, check, stopMs: FLUSH_MS }, process);
