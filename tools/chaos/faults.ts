/*
 * Causes a fault, and ends it. In: a fault of the plan, the system. Out: resolves when it is over; nothing of it is
 * left but its effects on the system. Commands to the broker run one after another.
 */
import { messageOf } from '../../common/service/errors';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './plan';
import type { System } from './system';

/** Of the private broker: tools/stack/broker.ts. */
const WATERMARK = ['absolute', '512MiB'] as const;

export class Faults {
  /** Faults that happened; those that could not be made to (the broker was busy dying) are not among them. */
  done = 0;
  /** Services that got SIGKILL, and when (ms). */
  readonly kills: { readonly target: string; readonly at: number }[] = [];
  /** Nodes that lost power, and when (ms): reports they had not sent, or kept to resend, are lost with it. */
  readonly cuts: { readonly nodes: readonly string[]; readonly at: number }[] = [];
  private brokerQueue: Promise<void> = Promise.resolve();
  private readonly system: System;
  private readonly say: (line: string) => void;

  constructor(system: System, say: (line: string) => void) {
    this.system = system;
    this.say = say;
  }

  async happen(fault: Fault): Promise<void> {
    const proxy = 'target' in fault ? this.system.proxies.get(fault.target) : undefined;
    switch (fault.kind) {
      case 'reset':
        proxy?.reset();
        this.done++;
        return;
      case 'truncate':
        proxy?.truncate(fault.amount);
        this.done++;
        return;
      case 'kill': {
        const pid = this.system.services.get(fault.target)?.pid;
        // Between its end and its next start it has no process to kill.
        try {
          if (pid === undefined) throw new Error('nobody of that name');
          process.kill(pid, 'SIGKILL');
          this.kills.push({ target: fault.target, at: Date.now() });
          this.done++;
        } catch (error) {
          this.say(`(${fault.target} was not running: ${messageOf(error)})`);
        }
        return;
      }
      case 'freeze': {
        const service = this.system.services.get(fault.target);
        if (service?.pid === undefined) return;
        // What it had not written is not on disk, and its watchdog may end it when it wakes up.
        this.kills.push({ target: fault.target, at: Date.now() });
        const { pid } = service;
        signal(pid, 'SIGSTOP');
        this.done++;
        await pause(fault.forMs);
        signal(pid, 'SIGCONT');
        this.kills.push({ target: fault.target, at: Date.now() });
        return;
      }
      case 'black hole':
        proxy?.flow({ blackHole: true });
        break;
      case 'delay':
        proxy?.flow({ delayMs: fault.amount });
        break;
      case 'throttle':
        proxy?.flow({ bytesPerSecond: fault.amount });
        break;
      case 'power cut': {
        const nodes = this.system.fleets[Number(fault.target.replace('fleet-', ''))]?.nodes ?? [];
        if (!nodes.some(({ running }) => running)) return;
        // Without power a node sends no goodbye and closes no connection: the other end has to detect it.
        proxy?.flow({ blackHole: true });
        this.cuts.push({ nodes: nodes.map(({ name }) => name), at: Date.now() });
        for (const node of nodes) node.stop(false);
        this.done++;
        await pause(fault.forMs);
        proxy?.flow({});
        proxy?.reset();
        for (const node of nodes) node.start();
        return;
      }
      case 'refuse':
        proxy?.refuse(true);
        proxy?.reset();
        break;
      default:
        await this.inBrokerQueue(() => this.ofBroker(fault));
        return;
    }
    this.done++;
    await pause(fault.forMs);
    proxy?.flow({});
    proxy?.refuse(false);
  }

  private async ofBroker(fault: Fault): Promise<void> {
    const { broker, control, proxies } = this.system;
    switch (fault.kind) {
      case 'kill broker':
        this.done++;
        await broker.kill();
        await pause(fault.forMs);
        await broker.start();
        return;
      case 'memory alarm':
        await control('set_vm_memory_high_watermark', '0.000001');
        this.done++;
        await pause(fault.forMs);
        await control('set_vm_memory_high_watermark', ...WATERMARK);
        return;
      case 'permissions':
        await control('clear_permissions', 'ca');
        this.done++;
        // Open connections keep their permissions; new ones are refused.
        for (const proxy of proxies.values()) proxy.reset();
        await pause(fault.forMs);
        await control('set_permissions', 'ca', '.*', '.*', '.*');
        return;
      case 'delete queue':
        await control('eval', deleteQueue(queueOf(fault.target)));
        this.done++;
        return;
      default:
        throw new Error(`${fault.kind} is not the broker's`);
    }
  }

  /** One after another, even if the previous one fails. */
  private inBrokerQueue(task: () => Promise<void>): Promise<void> {
    const mine = this.brokerQueue.then(task).catch((error: unknown) => {
      this.say(`(not done: ${messageOf(error).split('\n')[0] ?? ''})`);
    });
    this.brokerQueue = mine;
    return mine;
  }
}

/** A process that was killed meanwhile is gone: its successor never was frozen. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** As tools/chaos/system.ts names them. */
function queueOf(service: string): string {
  if (service === 'config') return 'ca.config';
  const instance = /^aggregator-(\d+)$/.exec(service)?.[1];
  return instance === undefined ? 'ca.instrumenter.real' : `ca.aggregator.chaos-${instance}`;
}

/** Only its own connection, or an operator inside the broker, can delete an exclusive queue. */
function deleteQueue(name: string): string {
  return (
    `case rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"${name}">>)) of ` +
    `{ok, Q} -> rabbit_amqqueue:delete(Q, false, false, <<"chaos">>); _ -> none end.`
  );
}
