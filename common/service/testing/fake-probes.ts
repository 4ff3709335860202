/*
 * For tests: a package like dtrace-provider, of which somebody watches every probe. In: what services fire.
 * Out: `fired`. Put in place of probes.ts by jest.mock(), see peer.test.ts.
 */
import type { ProviderPackage } from '../probes';

/** Names and arguments, as they were fired. */
export const fired: [name: string, ...args: (string | number)[]][] = [];

export const watching: ProviderPackage = {
  createDTraceProvider: () => {
    const types = new Map<string, readonly string[]>();
    return {
      addProbe: (name, ...arguments_) => types.set(name, arguments_),
      enable: () => undefined,
      fire: (name, args) => {
        const values = args();
        // What the real one would refuse: a probe or an argument that was never declared.
        const kinds = values.map((value) => (typeof value === 'number' ? 'int' : 'char *'));
        if (kinds.join() !== types.get(name)?.join()) throw new TypeError(`${name}(${kinds.join()})`);
        fired.push([name, ...values]);
      },
    };
  },
};
