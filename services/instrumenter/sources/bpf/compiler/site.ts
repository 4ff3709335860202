/*
 * A place in a file that user programs run: what the kernel must know to stop there, and where arguments are then.
 * In: a moment of a description, the file. Out: sites, or a MissingError that says what the file lacks; nodes for
 * arguments, in terms of the registers that the kernel hands over.
 */
import { printSpot, type Spot, type UserMoment } from '../../../metrics/user';
import { MissingError } from '../kernel/kernel-types';
import type { Elf } from '../user/elf';
import { constant, type Node } from './node';
import type { Architecture } from './architecture';
import { simplify } from './simplify';
import { CALL, usdtProbes, type RegisterPlace, type UsdtArgument } from '../user/usdt';

export interface Site {
  readonly architecture: Architecture;
  /** Place in the file of the instruction, and of the counter of who watches it (0: none). */
  readonly offset: number;
  readonly semaphore: number;
  readonly isReturn: boolean;
  /** Address of the instruction, as the file says it. */
  readonly address: number;
  readonly arguments: 'call' | readonly (UsdtArgument | undefined)[];
  readonly name: string;
  addressOf(global: string): number | undefined;
}

/** The semaphore's place must fit into half a word. */
const SEMAPHORE_MAX = 0xffff_ffff;

/** What one file has of all moments. Its tables are read once. */
export class Spots {
  private readonly elf: Elf;
  private readonly path: string;

  constructor(elf: Elf, path: string) {
    this.elf = elf;
    this.path = path;
  }

  /** All places of the first alternative that the file has: a USDT probe may have several. Throws a MissingError. */
  sitesOf(moment: UserMoment): readonly Site[] {
    for (const spot of moment.spots) {
      const sites = spot.kind === 'usdt' ? this.usdtSites(spot) : this.functionSites(spot);
      if (sites.length > 0) return sites;
    }
    throw new MissingError(`${this.path} has no ${moment.spots.map(printSpot).join(' and no ')}`);
  }

  private usdtSites(spot: Spot & { kind: 'usdt' }): readonly Site[] {
    return usdtProbes(this.elf, spot).flatMap((probe) => {
      const semaphore = probe.semaphore === 0 ? 0 : this.elf.offsetOf(probe.semaphore);
      return semaphore === undefined || semaphore > SEMAPHORE_MAX
        ? []
        : this.site(spot, probe.address, { semaphore, arguments: probe.arguments });
    });
  }

  private functionSites(spot: Spot & { kind: 'entry' | 'return' }): readonly Site[] {
    const address = this.elf.symbol(spot.function);
    return address === undefined ? [] : this.site(spot, address, { semaphore: 0, arguments: 'call' });
  }

  private site(spot: Spot, address: number, rest: Pick<Site, 'semaphore' | 'arguments'>): readonly Site[] {
    const { elf } = this;
    const offset = elf.offsetOf(address);
    if (offset === undefined) return [];
    const { architecture } = elf;
    return [
      {
        architecture,
        offset,
        address,
        isReturn: spot.kind === 'return',
        name: printSpot(spot),
        addressOf: (global) => elf.symbol(global),
        ...rest,
      },
    ];
  }
}

/** An argument as 64 bits, its sign extended where it has one. */
export function siteArgument(site: Site, index: number): Node {
  if (site.isReturn) throw new TypeError(`${site.name}: arguments are gone when a function returns`);
  if (site.arguments === 'call') {
    const word = CALL[site.architecture].arguments[index];
    if (word === undefined) throw new MissingError(`${site.name}: argument ${index} is not in a register`);
    return register({ word, shift: 0 });
  }
  const found = site.arguments[index];
  if (found === undefined) throw new MissingError(`${site.name} does not say where its argument ${index} is`);
  return simplify(argumentNode(found));
}

export function siteResult(site: Site): Node {
  if (!site.isReturn) throw new TypeError(`${site.name}: a function has no result before it returns`);
  return register({ word: CALL[site.architecture].result, shift: 0 });
}

/** Addresses move together when a file is loaded: the distance from here is what the file says. */
export function addressOfGlobal(site: Site, name: string): Node {
  if (site.isReturn) throw new TypeError(`${site.name}: where a function returns to is another file's`);
  const address = site.addressOf(name);
  if (address === undefined) throw new MissingError(`the program with ${site.name} has no variable ${name}`);
  return plus(register({ word: CALL[site.architecture].ip, shift: 0 }), BigInt(address - site.address));
}

function argumentNode({ bytes, signed, operand }: UsdtArgument): Node {
  switch (operand.kind) {
    case 'constant':
      return constant(operand.value);
    case 'register':
      return extended(register(operand.register), bytes, signed);
    case 'memory': {
      const { base, index, scale, displacement } = operand;
      const from = [base, index].map((place) => (place === undefined ? constant(0n) : register(place)));
      const scaled = binary('*', from[1] ?? constant(0n), constant(BigInt(scale)));
      const address = plus(binary('+', from[0] ?? constant(0n), scaled), displacement);
      return {
        kind: 'read',
        memory: 'user',
        from: address,
        offset: 0,
        bytes,
        signed,
        name: `user(${bytes})`,
      };
    }
  }
}

function register({ word, shift }: RegisterPlace): Node {
  const node: Node = { kind: 'argument', index: word };
  return shift === 0 ? node : binary('>>', node, constant(BigInt(shift)));
}

/** The lower bytes of a register as 64 bits. */
export function extended(node: Node, bytes: number, signed: boolean): Node {
  if (bytes === 8) return node;
  const shift = constant(BigInt(64 - 8 * bytes));
  return binary(signed ? 's>>' : '>>', binary('<<', node, shift), shift);
}

const plus = (left: Node, right: bigint): Node => binary('+', left, constant(right));

function binary(op: (Node & { kind: 'arithmetic' })['op'], left: Node, right: Node): Node {
  return { kind: 'arithmetic', op, left, right };
}
