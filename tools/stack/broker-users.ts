/*
 * Users of a private broker and their permissions, as RabbitMQ reads them when it starts. In: the users.
 * Out: their passwords, and a file of definitions.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { permissionsOf, userOf, type Identity, type Permissions } from '../../common/wire/identity';
import { routes } from '../../common/wire/route';

export interface BrokerUser {
  readonly name: string;
  readonly permissions: Permissions;
  /** RabbitMQ's, such as administrator. */
  readonly tags?: readonly string[];
}

/** One user for all services: its password lets the holder pass for any of them. */
export const SHARED_USER: BrokerUser = {
  name: 'ca',
  permissions: { configure: '.*', write: '.*', read: '.*' },
};

/** Separate users for services and tools, with the permissions of each role. */
export function usersOf(identities: readonly Identity[], prefix: string): BrokerUser[] {
  return identities.map((identity) => ({
    name: userOf(identity, prefix),
    permissions: permissionsOf(identity, routes(prefix)),
  }));
}

/** From one secret that only we can read: another for each user, the same each time. */
export function passwordOf(secret: string, user: string): string {
  return createHmac('sha256', secret).update(user).digest('hex');
}

/** The file's content; passwords stand in it as salted hashes. */
export function definitionsOf(users: readonly BrokerUser[], secret: string): string {
  return JSON.stringify({
    vhosts: [{ name: '/' }],
    users: users.map(({ name, tags = [] }) => ({
      name,
      password_hash: hashOf(passwordOf(secret, name)),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags,
    })),
    permissions: users.map(({ name, permissions }) => ({ user: name, vhost: '/', ...permissions })),
  });
}

/** RabbitMQ's form: four bytes of salt, and the SHA-256 of these and the password. */
function hashOf(password: string): string {
  const salt = randomBytes(4);
  const digest = createHash('sha256').update(salt).update(password).digest();
  return Buffer.concat([salt, digest]).toString('base64');
}
