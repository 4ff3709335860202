/*
 * The inventory of nodes: /ca/admin/nodes. For operators and tools.
 */
import { Type } from '../model/schema';
import { choice, Integer, oneOf, Text, whole, type Shape } from './shape';

const STATES = ['online', 'silent', 'starting', 'drained', 'revoked', 'guest'] as const;

const NODE_PAGE = 1000;

export const INVENTORY_QUERY = Type.Object({
  state: choice(STATES, 'Only nodes in this state.'),
  from: whole(0, 1_000_000, 'Leave out as many: the next page.'),
  limit: whole(1, NODE_PAGE, `How many at most; default ${NODE_PAGE}.`),
});

export const INVENTORY_ROW = Type.Object({
  host: Text,
  state: oneOf(
    STATES,
    'guest: it is here and never joined; starting: it may still come; drained: out for maintenance; revoked: not let in.',
  ),
  joined: Type.Optional(Type.Number({ description: 'Milliseconds since 1970.' })),
  changed: Type.Optional(
    Type.Number({ description: 'Since when it is so; of guests that fell silent, when.' }),
  ),
  token: Type.Optional(Type.String({ description: 'The token by which it joined.' })),
  credential: Type.Optional(oneOf(['token', 'password'], 'What it shows the broker; absent: none of ours.')),
});
export type InventoryNode = Shape<typeof INVENTORY_ROW>;

export const INVENTORY = Type.Object({
  expected: Integer,
  silent: Integer,
  drained: Integer,
  revoked: Integer,
  nodes: Type.Array(INVENTORY_ROW),
  left: Type.Integer({ description: 'How many more there are after these.' }),
});
export type InventoryAnswer = Shape<typeof INVENTORY>;

export const EXPECT = Type.Object({
  hosts: Type.Optional(
    Type.Array(Type.String({ maxLength: 200 }), { maxItems: 10_000, description: 'Names of nodes.' }),
  ),
  online: Type.Optional(Type.Boolean({ description: 'Also all that are here now.' })),
});
export const EXPECTED = Type.Object({ added: Integer });

export const NODE_STATE_CHANGE = Type.Object({
  state: oneOf(['active', 'drained', 'revoked'], 'revoked is for good: forget it, and let it join again.'),
});
