/*
 * The kernel's verifier alone: programs of a question are loaded and closed again, without attaching them.
 * In: the output of compile.ts. Out: nothing; a KernelError with the verifier's log when it refuses one.
 *
 * Maps are tiny and shared between questions: the verifier checks only their types and sizes of keys and values.
 */
import { encode } from '../compiler/instructions/assembler';
import type { Compiled, MapSpecification } from '../compiler/compile';
import type { Kernel } from '../kernel/kernel';
import { loadFor } from '../kernel/loaded-program';

export class Verifier {
  private readonly kernel: Kernel;
  private readonly maps = new Map<string, number>();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  check(compiled: Compiled): void {
    const descriptors = new Map(compiled.maps.map((map) => [map.name, this.mapLike(map)]));
    for (const program of compiled.programs) {
      const code = encode(program.instructions, (name) => descriptors.get(name) ?? -1);
      this.kernel.close(loadFor(this.kernel, program, code));
    }
  }

  close(): void {
    for (const descriptor of this.maps.values()) this.kernel.close(descriptor);
    this.maps.clear();
  }

  private mapLike(map: MapSpecification): number {
    const kind = `${map.kind} ${map.keyBytes} ${map.valueBytes}`;
    let descriptor = this.maps.get(kind);
    if (descriptor === undefined) {
      descriptor = this.kernel.createMap({ ...map, entries: 1 });
      this.maps.set(kind, descriptor);
    }
    return descriptor;
  }
}
