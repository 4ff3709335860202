/*
 * Resolves a broker's name. In: a name with several addresses. Out: all of them, in random order: the system sorts them the same
 * way for a whole subnet, whose clients would all take one member of the cluster.
 */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';

export function shuffledLookup(
  resolve: typeof lookup = lookup,
  random: () => number = Math.random,
): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        done(error, []);
        return;
      }
      const shuffled = addresses
        .map((address) => ({ address, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ address }) => address);
      const [first] = shuffled;
      if (options.all === true || first === undefined) done(null, shuffled);
      else done(null, first.address, first.family);
    });
  };
}
