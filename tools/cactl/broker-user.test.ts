import { run } from './testing/console';
import { CACTL } from './commands';

test('broker-user prints the user, its permissions and its setting, with another password each time', async () => {
  const { out, status } = await run(CACTL, [
    'broker-user',
    'node',
    'n1',
    '--broker',
    'amqp://10.0.0.5:5672',
    '--prefix',
    'lab',
  ]);
  expect(status).toBe(0);
  const [add = '', permit, setting = ''] = out.split('\n');
  const [, password = ''] =
    /^printf '%s\\n' ([0-9a-f]{48}) \| rabbitmqctl add_user 'lab\.node-n1'$/.exec(add) ?? [];
  expect(permit).toBe(
    "rabbitmqctl set_permissions 'lab.node-n1' '^(lab\\.ca\\.instrumenter\\.n1)$' '^(lab\\.ca\\.values|lab\\.ca\\.up)$' '^(lab\\.ca\\.instrumenter\\.n1)$'",
  );
  expect(setting).toBe(`# CA_AMQP_URL=amqp://lab.node-n1:${password}@10.0.0.5:5672`);
  expect((await run(CACTL, ['broker-user', 'node', 'n1'])).out).not.toContain(password);
});
