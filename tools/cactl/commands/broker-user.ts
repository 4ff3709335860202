/* `cactl broker-user`: what makes a user of the broker with the permissions of a role, as lines for a shell there. */
import { randomBytes } from 'node:crypto';
import { HOST, permissionsOf, ROLES, userOf, type Identity } from '../../../common/wire/identity';
import { routes } from '../../../common/wire/route';
import type { Command } from '../../cli/command';
import { EXIT, UsageError } from '../../cli/options';

const PREFIX = /^[\w.-]{0,64}$/;

export const brokerUser: Command = {
  name: 'broker-user',
  about: 'the commands that make a user of the broker for a service',
  details: [
    'Prints lines for a shell on the broker, run by root: a user with a new password, which may do what its role needs and no ' +
      'more. The last line is the setting of the service. Nothing is changed by printing them.',
  ],
  arguments: [
    { name: 'ROLE', about: 'node, aggregator, config or operator', complete: ROLES },
    { name: 'HOST', about: 'of a node or of aggregators: the host, as CA_HOST has it', optional: true },
  ],
  options: [
    {
      name: 'broker',
      value: 'ADDRESS',
      about: 'as the service reaches it: amqps://broker.example:5671 (default)',
    },
  ],
  examples: [
    { line: 'cactl broker-user node n1 --broker amqp://10.77.0.5:5672', about: 'A user for the node n1.' },
  ],
  run({ args, options, session }) {
    const identity = identityOf(args[0], args[1]);
    const prefix = options.get('prefix') ?? session.io.env['CA_AMQP_PREFIX'] ?? '';
    if (!PREFIX.test(prefix))
      throw new UsageError('--prefix must be at most 64 letters, digits, ".", "-" and "_"');
    const user = userOf(identity, prefix);
    const password = randomBytes(24).toString('hex');
    const { configure, write, read } = permissionsOf(identity, routes(prefix));
    session.io.out(
      [
        // Through a pipe: all users of a machine can see the arguments of programs.
        `printf '%s\\n' ${password} | rabbitmqctl add_user '${user}'`,
        `rabbitmqctl set_permissions '${user}' '${configure}' '${write}' '${read}'`,
        `# CA_AMQP_URL=${urlOf(options.get('broker'), user, password)}`,
        '',
      ].join('\n'),
    );
    return Promise.resolve(EXIT.ok);
  },
};

function identityOf(name: string | undefined, host: string | undefined): Identity {
  const role = ROLES.find((one) => one === name);
  if (role === undefined)
    throw new UsageError(`there are users for ${ROLES.join(', ')}, not for ${name ?? ''}`);
  if (role === 'config' || role === 'operator') {
    if (host !== undefined) throw new UsageError(`${role} is one user for all hosts: leave ${host} out`);
    return { role };
  }
  if (host === undefined || !HOST.test(host)) {
    throw new UsageError(`${role} needs the name of its host: letters, digits, ".", "-" and "_"`);
  }
  return { role, host };
}

function urlOf(broker: string | undefined, user: string, password: string): string {
  const text = broker ?? 'amqps://broker.example:5671';
  if (!/^amqps?:\/\/[\w.:[\]-]+(\/[\w%.-]*)?$/.test(text) || !URL.canParse(text)) {
    throw new UsageError('--broker must be an address such as amqps://broker.example:5671');
  }
  const url = new URL(text);
  url.username = user;
  url.password = password;
  return url.href;
}
