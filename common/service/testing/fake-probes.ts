/*
 * For tests: a package like dtrace-provider with every probe enabled. In: probes that services fire.
 * Out: `fired`. Replaces probes.ts through jest.mock(), see peer.test.ts.
 */
import type { ProviderPackage } from '../probes';

/** Names and arguments of fired probes. */
export const fired: [name: string, ...args: (string | number)[]][] = [];

export const watching: ProviderPackage = {
  createDTraceProvider: () => {
    const types = new Map<string, readonly string[]>();
    return {
      addProbe: (name, ...arguments_) => types.set(name, arguments_),
      enable: () => undefined,
      fire: (name, args) => {
        const values = args();
        // Refuse undeclared probes and arguments, like the real package.
        const kinds = values.map((value) => (typeof value === 'number' ? 'int' : 'char *'));
        if (kinds.join() !== types.get(name)?.join()) throw new TypeError(`${name}(${kinds.join()})`);
        fired.push([name, ...values]);
      },
    };
  },
};
