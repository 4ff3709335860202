/*
 * Requests to an aggregator directly, past the front door. In: the deployment's state folder, and an aggregator as the status
 * lists it. Out: the headers that the front door shows it. For tests and measurements on this machine alone: who can
 * read the folder is the deployment's own user.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { doorKeysOf, FRONT_DOOR_HEADER, type Aggregator } from '../../common/http/front-door';

export function directHeaders(home: string, aggregator: Aggregator): Record<string, string> {
  const master = readFileSync(join(home, 'config', 'front-door'), 'utf8');
  return { [FRONT_DOOR_HEADER]: doorKeysOf(master, aggregator).secret };
}
