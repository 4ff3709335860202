import type { IncomingMessage } from 'node:http';
import { admitFrontDoor, FRONT_DOOR_HEADER } from './front-door';

const asking = (secret?: string): IncomingMessage =>
  ({ headers: secret === undefined ? {} : { [FRONT_DOOR_HEADER]: secret } }) as unknown as IncomingMessage;

test('with a secret only who knows it passes, without one everybody does', () => {
  expect(() => {
    admitFrontDoor(asking('open sesame'), 'open sesame');
    admitFrontDoor(asking(), undefined);
    admitFrontDoor(asking('whatever'), undefined);
  }).not.toThrow();
  for (const wrong of [undefined, '', 'open', 'open sesame ']) {
    expect(() => {
      admitFrontDoor(asking(wrong), 'open sesame');
    }).toThrow('front door');
  }
});
