/*
 * The Host header: it is checked by one parser and must not be read by another one.
 */
import { broken, HELD, verdict, type Attack } from './attack';
import { rawRequest } from './raw';
import type { System } from './system';

/** No name of this service, or no name at all; each was accepted by one parser and broke another. */
const NOT_HOSTS = [
  'localhost:99999',
  'localhost:abc',
  '[::1]x',
  '[::1',
  '[]',
  'x<y.localhost',
  'fe80::1%eth0',
  'a b.localhost',
  'localhost\\@evil.example',
  'user@localhost',
  'localhost/ca?',
  'localhost#',
  'localhost?',
];

/** These made another path of the one that was admitted. */
const REROUTING = [
  'x/ca/admin/status?.localhost',
  'x/ca/instrumentations?.localhost',
  'x/ca/instrumentations#.localhost',
  'x\\ca\\instrumentations?.localhost',
  '[::1]/ca?',
  '[::1]/ca/instrumentations?',
];

const doors = (system: System): readonly number[] => [system.port, system.aggregatorPort];

export const attacks: readonly Attack[] = [
  {
    area: 'door',
    name: 'F1: a Host that is no host is refused, and ends no service',
    async run(system) {
      const found: string[] = [];
      for (const port of doors(system)) {
        for (const host of [...NOT_HOSTS, ...REROUTING]) {
          for (const line of ['GET /healthz', 'OPTIONS /ca', 'GET /nowhere']) {
            const { status } = await rawRequest(port, line, [`Host: ${host}`]);
            if (![400, 403].includes(status)) found.push(`${line} with Host ${host} on ${port}: ${status}`);
          }
        }
      }
      return verdict(found);
    },
  },
  {
    area: 'door',
    name: 'F2, F3: a Host does not lead to another path than the one that was admitted',
    async run(system) {
      const found: string[] = [];
      for (const port of doors(system)) {
        for (const host of REROUTING) {
          const { status, text } = await rawRequest(port, 'GET /healthz?all=true', [`Host: ${host}`]);
          if (status === 200) found.push(`Host ${host} on ${port}: ${text.slice(-60)}`);
        }
      }
      return verdict(found);
    },
  },
  {
    area: 'door',
    name: 'H1-H5: a name that a foreign page made its own (DNS rebinding) is refused',
    async run({ port }) {
      for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '2130706433']) {
        const { status } = await rawRequest(port, 'GET /ca', [`Host: ${host}`]);
        if (![400, 403].includes(status)) return broken(`Host ${host}: ${status}`);
      }
      return HELD;
    },
  },
];
