import { checkAddress, inheritedSocket } from './inherited';

test('a socket is taken only if LISTEN_PID is ours or absent', () => {
  expect(inheritedSocket({}, 7)).toBeUndefined();
  expect(inheritedSocket({ LISTEN_FDS: '0', LISTEN_PID: '7' }, 7)).toBeUndefined();
  expect(inheritedSocket({ LISTEN_FDS: '1', LISTEN_PID: '7' }, 7)).toBe(3);
  expect(inheritedSocket({ LISTEN_FDS: '1', LISTEN_PID: '8' }, 7)).toBeUndefined();
  expect(inheritedSocket({ LISTEN_FDS: '1' }, 7)).toBe(3);
  expect(() => inheritedSocket({ LISTEN_FDS: '2', LISTEN_PID: '7' }, 7)).toThrow('one socket');
});

test('a socket at another address than in the settings is refused: access was decided for that one', () => {
  const wanted = { bind: '127.0.0.1', port: 80 };
  const at = { address: '127.0.0.1', port: 80, family: 'IPv4' };
  expect(() => {
    checkAddress(at, wanted);
  }).not.toThrow();
  for (const other of [
    { ...at, address: '0.0.0.0' },
    { ...at, port: 81 },
  ])
    expect(() => {
      checkAddress(other, wanted);
    }).toThrow('CA_BIND');
});
