/*
 * How a node joins: tokens that operators create, and a node's request with one. For cactl, `cloud-analytics join`, and
 * instrumenters that renew their credential.
 */
import { Type } from '../model/schema';
import { oneOf, Text, whole, type Shape } from './shape';

export const USES_MAX = 100_000;
export const EXPIRES_MAX_S = 30 * 24 * 3600;
const HOSTS_MAX = 100;

const Host = Type.String({ minLength: 1, maxLength: 200 });
/** 256 random bits: no dictionary attack finds them, so a plain hash is enough to store them. */
const Key = Type.String({ pattern: '^[0-9a-f]{64}$' });

export const MAKE_TOKEN = Type.Object(
  {
    hosts: Type.Optional(
      Type.Array(Host, {
        minItems: 1,
        maxItems: HOSTS_MAX,
        description: 'Names of hosts that may join with it; * stands for any characters. Default: all.',
      }),
    ),
    expires: whole(60, EXPIRES_MAX_S, 'Seconds until it is worth nothing; default 3600.'),
    uses: whole(1, USES_MAX, 'How many nodes may join with it; default 1.'),
  },
  // A misspelt limit would be ignored.
  { additionalProperties: false },
);

export const JOIN_TOKEN_ROW = Type.Object({
  id: Text,
  hosts: Type.Array(Text),
  created: Type.Number({ description: 'Milliseconds since 1970.' }),
  expires: Type.Number(),
  uses: Type.Integer({ description: 'How many more nodes may join with it.' }),
});
export const JOIN_TOKENS = Type.Array(JOIN_TOKEN_ROW);
export const MADE_TOKEN = Type.Object({
  ...JOIN_TOKEN_ROW.properties,
  token: Type.String({ description: 'Shown once; only its hash is kept.' }),
});
export type JoinTokenRow = Shape<typeof JOIN_TOKEN_ROW>;
export type MadeToken = Shape<typeof MADE_TOKEN>;

export const JOIN = Type.Object({
  token: Type.String({ maxLength: 200 }),
  host: Host,
  keyHash: Type.Unsafe<string>({
    ...Key,
    description: 'SHA-256 of the key with which the node will renew its credential; the key stays with it.',
  }),
});

const CREDENTIAL = {
  kind: oneOf(['token', 'password'], 'token: to be renewed before it expires. password: for good.'),
  secret: Type.String({ description: 'The password of the user at the broker.' }),
  expiresIn: Type.Optional(Type.Integer({ description: 'Seconds, by whatever clock.' })),
};

export const JOINED = Type.Object({
  host: Text,
  user: Type.String({ description: 'Of the broker.' }),
  brokers: Type.String({ description: 'CA_AMQP_URL without user and password.' }),
  prefix: Text,
  brokerCa: Type.Optional(Type.String({ description: 'Whom to believe that it is the broker, as PEM.' })),
  ...CREDENTIAL,
});
export type JoinedAnswer = Shape<typeof JOINED>;

export const RENEW = Type.Object({ host: Host, key: Type.Unsafe<string>(Key) });
export const RENEWED = Type.Object(CREDENTIAL);
export type RenewedAnswer = Shape<typeof RENEWED>;

export const AUTHORITY = Type.Object({
  pem: Type.String({
    description: 'The authority of the front door; worth nothing unless its fingerprint is known.',
  }),
});

/** Paths that need no operator's token: each request carries its own token or key. */
export const JOIN_PATHS: readonly string[] = ['/ca/join', '/ca/credential', '/ca/authority'];
