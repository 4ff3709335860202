import type { Body, Message, MessageType } from '../../../common/wire/message';
import type { Handler } from '../../../common/wire/peer';
import { listen } from './commands';

/** Handlers as a peer would call them. */
function bus() {
  const handlers = new Map<string, Handler<MessageType>>();
  const peer = {
    on<T extends MessageType>(type: T, handler: Handler<T>) {
      handlers.set(type, handler as Handler<MessageType>);
    },
  };
  const say = async <T extends MessageType>(type: T, body: Body<T>) =>
    handlers.get(type)?.(body, { type, body } as unknown as Message);
  const hellos: (number | undefined)[] = [];
  const taken: Body<'gathers'>[] = [];
  listen({
    peer,
    wanted: {
      take: (body) => taken.push(body),
      content: (digest) => (digest === 'known' ? { some: 'content' } : undefined),
    },
    sayHello: (fleet) => hellos.push(fleet),
    resend: () => [],
    status: () => ({ service: 'instrumenter' }),
  });
  return { say, hellos, taken };
}

test('a document of what is to be gathered is taken, and not answered', async () => {
  const { say, taken } = bus();
  const body = { to: 'd', put: [], drop: [] };
  expect(await say('gathers', body)).toBeUndefined();
  expect(taken).toEqual([body]);
});

test('what is behind a digest is answered; behind one of before, nothing', async () => {
  const { say } = bus();
  expect(await say('content', { digest: 'known' })).toEqual({ content: { some: 'content' } });
  expect(await say('content', { digest: 'old' })).toEqual({});
});

test('a config service that comes up is told who is here', async () => {
  const { say, hellos } = bus();
  expect(await say('config_online', { fleet: 7 })).toBeUndefined();
  expect(hellos).toEqual([7]);
  expect(await say('status', {})).toEqual({ service: 'instrumenter' });
});
