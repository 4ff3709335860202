/*
 * What a program does with its maps: finds, writes and removes entries, counts, and counts what it loses.
 * In: frame offsets of keys and values. Out: instructions.
 */
import { FRAME, type Assembler, type Label, type Register } from './assembler';
import type { Emitter } from './emit';
import { CONTROL, LOST, MAPS } from '../maps';
import type { Node } from '../node';

export const NOW: Node = { kind: 'call', helper: 'now' };
/** Flags of an update. */
export const ANY = 0;
const ONLY_NEW = 1;

export class MapAccess {
  private readonly asm: Assembler;
  private readonly emitter: Emitter;

  constructor(emitter: Emitter) {
    this.asm = emitter.asm;
    this.emitter = emitter;
  }

  /** Adds to the count of the key in the map of the phase. */
  add(key: number, amount: Node, end: Label): void {
    const { asm, emitter } = this;
    const by = this.emitter.frame.allocate(8);
    emitter.number(amount);
    asm.store(8, FRAME, by, 0);
    const second = asm.label();
    this.phase(1);
    asm.jump('!=', 1, 0, second);
    for (const [phase, counts] of MAPS.counts.entries()) {
      // Twice the same code: a call with one known map is turned into a direct one by the kernel.
      if (phase === 1) asm.place(second);
      const isNew = asm.label();
      this.find(counts, key);
      asm.jump('==', 0, 0, isNew);
      asm.load(8, 1, FRAME, by);
      asm.atomicAdd(0, 0, 1);
      asm.goto(end);
      asm.place(isNew);
      this.update(counts, key, by, ONLY_NEW);
      asm.jump('==', 0, 0, end);
      // Full - or another CPU, or an interrupt on this one, was quicker to make the entry.
      const isFull = asm.label();
      this.find(counts, key);
      asm.jump('==', 0, 0, isFull);
      asm.load(8, 1, FRAME, by);
      asm.atomicAdd(0, 0, 1);
      asm.goto(end);
      asm.place(isFull);
      asm.load(8, 2, FRAME, by);
      asm.mapValue(1, MAPS.lost, LOST.keys(phase));
      asm.atomicAdd(1, 0, 2);
      if (phase === 0) asm.goto(end);
    }
  }

  /** Counts an event that there is no room for while it is under way as lost. */
  lose(amount: Node): void {
    const { asm, emitter } = this;
    const second = asm.label();
    const add = asm.label();
    this.phase(7);
    emitter.number(amount);
    asm.jump('!=', 7, 0, second);
    asm.mapValue(1, MAPS.lost, LOST.inFlight(0));
    asm.goto(add);
    asm.place(second);
    asm.mapValue(1, MAPS.lost, LOST.inFlight(1));
    asm.place(add);
    asm.atomicAdd(1, 0, 0);
  }

  /** The phase of this moment. */
  private phase(to: Register): void {
    const { asm } = this;
    this.emitter.number(NOW);
    const known = asm.label();
    asm.mapValue(to, MAPS.control, CONTROL.phase);
    asm.load(8, 2, to, 0);
    asm.aluRegister('=', to, 2);
    asm.alu('&', to, 1);
    asm.alu('=', 3, -1);
    asm.aluRegister('-', 3, 2); // the end
    asm.jumpRegister('<', 0, 3, known);
    asm.alu('=', 2, 1);
    asm.aluRegister('-', 2, to);
    asm.aluRegister('=', to, 2);
    asm.place(known);
  }

  find(map: string, key: number): void {
    this.asm.map(1, map);
    this.emitter.address(2, key);
    this.asm.call('lookup');
  }

  update(map: string, key: number, value: number, flags: number): void {
    this.asm.map(1, map);
    this.emitter.address(2, key);
    this.emitter.address(3, value);
    this.asm.alu('=', 4, flags);
    this.asm.call('update');
  }

  remove(key: number): void {
    this.asm.map(1, MAPS.kept);
    this.emitter.address(2, key);
    this.asm.call('remove');
  }
}
