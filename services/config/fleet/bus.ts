/*
 * What this service needs of its peer on the bus; tests have one in memory.
 */
import type { Peer } from '../../../common/wire/peer';

export type Bus = Pick<
  Peer,
  | 'key'
  | 'connected'
  | 'heardUntil'
  | 'health'
  | 'counts'
  | 'on'
  | 'tell'
  | 'call'
  | 'adopt'
  | 'disown'
  | 'onOtherVersion'
> &
  Partial<Pick<Peer, 'connections'>>;
