/* `cactl enroll`: tokens by which machines join, and the line to type there. */
import type { JoinTokenRow, MadeToken } from '../../../common/api/join';
import { spanText } from '../../../common/model/unit';
import { CaError } from '../../../common/service/errors';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';
import { table } from '../../cli/screen/table';
import { wholeSecondsOf, type Session } from '../../cli/system/session';
import { certificatesIn, fingerprint } from '../../node/authority';

const PATH = '/admin/join-tokens';

export const enroll: Command = {
  name: 'enroll',
  about: 'make a token by which machines join the fleet',
  details: [
    'Makes a token and prints the line to type on a machine that is to join (cloud-analytics join). The token is shown this once; the ' +
      'config service keeps its hash. It is worth what it says: names of hosts, a number of machines, a time.',
    'A machine that has joined has a credential of its own: a token that ends or is revoked takes nothing from it. See cactl node.',
  ],
  arguments: [],
  options: [
    {
      name: 'hosts',
      value: 'NAMES',
      about: 'who may join with it: names, with * for any characters (default: all)',
    },
    { name: 'uses', value: 'N', about: 'how many machines (default 1)' },
    { name: 'expires', value: 'TIME', about: 'for how long (default 1h, at most 30d)' },
    { name: 'list', about: 'the tokens that there are' },
    { name: 'revoke', value: 'ID', about: 'end a token' },
  ],
  examples: [
    { line: 'cactl enroll', about: 'One machine, within the hour.' },
    {
      line: `cactl enroll --hosts 'web-*,db-1' --uses 50 --expires 1d`,
      about: 'For a rack that is being installed.',
    },
    { line: 'cactl enroll --list', about: 'Which are open, and for how many more.' },
  ],
  async run({ options, session }) {
    const revoked = options.get('revoke');
    if (revoked !== undefined) {
      if (!/^[0-9a-f]{12}$/.test(revoked))
        throw new UsageError(`${revoked} is no id of a token; see cactl enroll --list`);
      await session.front.json(`${PATH}/${revoked}`, { method: 'DELETE' });
      if (!session.json) session.print([`${revoked} is revoked; machines that have joined with it stay`]);
      return EXIT.ok;
    }
    if (options.has('list')) return list(session);
    const uses = Number(options.get('uses') ?? '1');
    if (!Number.isInteger(uses) || uses < 1) throw new UsageError('--uses must be a whole number from 1');
    const hosts = options
      .get('hosts')
      ?.split(',')
      .map((host) => host.trim());
    const expires = options.get('expires');
    const made = (await session.front.json(PATH, {
      method: 'POST',
      body: {
        uses,
        ...(hosts === undefined ? {} : { hosts }),
        ...(expires === undefined ? {} : { expires: wholeSecondsOf(expires, '--expires') }),
      },
    })) as MadeToken;
    const pin = await pinOfDoor(session);
    const line = `cloud-analytics join ${session.target.url.replace(/\/$/, '')} --token ${made.token}${pin === undefined ? '' : ` --ca-pin ${pin}`}`;
    if (session.json) session.printJson({ ...made, line });
    else
      session.print([
        `on ${whom(made)}, within ${spanText(made.expires - made.created)}, as root:`,
        '',
        `  ${line}`,
      ]);
    return EXIT.ok;
  },
};

function whom({ hosts, uses }: JoinTokenRow): string {
  const machines = uses === 1 ? 'one machine' : `up to ${uses} machines`;
  return hosts.length === 1 && hosts[0] === '*' ? machines : `${machines} named ${hosts.join(', ')}`;
}

/** Undefined: the door tells no authority; its certificate is of one that every machine believes, or --ca is needed there. */
async function pinOfDoor(session: Session): Promise<string | undefined> {
  try {
    const { pem } = (await session.front.json('/authority')) as { pem: string };
    const [first] = certificatesIn(pem);
    return first === undefined ? undefined : `sha256:${fingerprint(first)}`;
  } catch (error) {
    if (error instanceof CaError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

async function list(session: Session): Promise<number> {
  const tokens = (await session.front.json(PATH)) as JoinTokenRow[];
  if (session.json) {
    session.printJson(tokens);
    return EXIT.ok;
  }
  const now = session.io.clock.now();
  session.print(
    tokens.length === 0
      ? ['there are no tokens; cactl enroll makes one']
      : table(
          [
            { title: 'TOKEN' },
            { title: 'HOSTS', least: 8 },
            { title: 'USES LEFT', align: 'right' },
            { title: 'FOR', align: 'right' },
          ],
          tokens.map(({ id, hosts, uses, expires }) => [
            id,
            hosts.join(','),
            String(uses),
            expires > now ? spanText(expires - now) : 'over',
          ]),
          session.screen.columns,
        ),
  );
  return EXIT.ok;
}
