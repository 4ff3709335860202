/* A member's keep-alives to the config service. In: how often, and what to say. Out: messages, until the timer is cleared. */
import type { Clock } from '../service/clock';
import type { Body } from './message';
import type { Routes } from './route';

interface Member {
  /** Hears nothing from the config service. */
  readonly deaf: boolean;
  tell(to: string, type: 'alive', body: Body<'alive'>): boolean;
}

/** Every `everyMs`, and each second while deaf. */
export function stayKnown(
  member: Member,
  { clock, routes }: { readonly clock: Clock; readonly routes: Pick<Routes, 'config'> },
  everyMs: number,
  say: () => Body<'alive'>,
): NodeJS.Timeout {
  let last = -Infinity;
  return setInterval(() => {
    if (clock.now() - last < (member.deaf ? 0 : everyMs) - 500) return;
    last = clock.now();
    member.tell(routes.config, 'alive', member.deaf ? { ...say(), deaf: true } : say());
  }, 1000);
}
