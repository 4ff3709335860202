import { bringAlong, type Document, type Storage } from './storage';

function inMemory(texts: Record<string, string>): Storage {
  return (name): Document => ({
    place: name,
    read: () => Promise.resolve(texts[name]),
    write: (text) => {
      texts[name] = text;
      return Promise.resolve();
    },
    check: () => Promise.resolve(),
  });
}

test('an empty place gets all that another has, and one that is not empty nothing', async () => {
  const from = { 'state.json': 's', 'front-door': 'f', 'state.json.version-1': 'old' };
  const to: Record<string, string> = {};
  expect(await bringAlong(inMemory(from), inMemory(to))).toEqual(['front-door', 'state.json']);
  expect(to).toEqual({ 'front-door': 'f', 'state.json': 's' });
  expect(await bringAlong(inMemory({ 'fleet.json': 'x' }), inMemory(to))).toEqual([]);
  expect(to).not.toHaveProperty('fleet.json');
});

test('one that was interrupted begins again', async () => {
  const to = { 'front-door': 'half' };
  expect(await bringAlong(inMemory({ 'front-door': 'f', 'state.json': 's' }), inMemory(to))).toHaveLength(2);
  expect(to).toEqual({ 'front-door': 'f', 'state.json': 's' });
});
