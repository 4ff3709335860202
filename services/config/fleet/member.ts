/* An aggregator or a node that is online, as it described itself. */
import type { Body, NodeStanding } from '../../../common/wire/message';

export interface Aggregator {
  /** Its routing key. */
  readonly key: string;
  readonly instance: string;
  readonly host: string;
  readonly httpHost: string;
  readonly httpPort: number;
  /** It speaks HTTPS. */
  readonly tls?: boolean | undefined;
  readonly transformations?: Body<'aggregator_online'>['transformations'];
  /** First hello, ms. */
  readonly since: number;
}

/** One instrumenter, and how it stands, in digests. */
export interface Node {
  readonly key: string;
  readonly host: string;
  /** Of the software; undefined: not told yet. */
  version: string | undefined;
  standing: NodeStanding;
  /** First hello, ms. */
  readonly since: number;
}
