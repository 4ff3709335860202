/*
 * What amqplib needs to connect. In: CA_AMQP_URL and the credentials. Out: an address whose parts are read at each
 * attempt to connect, so that the next attempt can go to the next broker of the list.
 */
import { brokerUrls, userIn } from '../../service/broker-url';
import type { BrokerCredentials } from './broker-credentials';
import { shuffledLookup } from './shuffled-lookup';

/** A dead broker is noticed after about 2.25 heartbeats (measured with a black hole). */
const HEARTBEAT_SECONDS = 4;

export class BrokerTarget {
  readonly user: string;
  private readonly urls: readonly URL[];
  private readonly credentials: BrokerCredentials | undefined;
  private at: number;

  constructor(text: string, credentials?: BrokerCredentials) {
    this.urls = brokerUrls(text).map((url) => new URL(url));
    this.credentials = credentials;
    const named = (this.urls[0]?.username ?? '') !== '';
    this.user = named ? userIn(text) : (credentials?.user ?? userIn(text));
    // Start at a random URL, so that clients spread over the cluster.
    this.at = Math.floor(Math.random() * this.urls.length);
  }

  /** Moves on after the current broker failed. */
  next(): void {
    this.at = (this.at + 1) % this.urls.length;
  }

  /** The address for amqplib. */
  get address(): object {
    const url = (): URL => this.urls[this.at] ?? new URL('amqp://127.0.0.1');
    const query = (name: string): string | undefined => url().searchParams.get(name) ?? undefined;
    const whole = (name: string): number | undefined => {
      const text = query(name);
      return text === undefined ? undefined : Number(text);
    };
    return {
      get protocol() {
        return url().protocol.slice(0, -1);
      },
      get hostname() {
        return url().hostname.replace(/^\[|\]$/g, '');
      },
      get port() {
        return Number(url().port) || (url().protocol === 'amqps:' ? 5671 : 5672);
      },
      get vhost() {
        return url().pathname.slice(1) || '/';
      },
      get heartbeat() {
        return whole('heartbeat') ?? HEARTBEAT_SECONDS;
      },
      get frameMax() {
        return whole('frameMax') ?? 131_072;
      },
      username: '',
      password: '',
    };
  }

  /** Connection options. A certificate alone authenticates us (SASL EXTERNAL); a user in the URL, or a token, takes precedence. */
  get options(): object {
    const { tls = {}, secret } = this.credentials ?? {};
    const external = tls.cert !== undefined && secret === undefined && this.urls[0]?.username === '';
    const plain = (): Buffer => {
      const written = decodeURIComponent(this.urls[this.at]?.password ?? '');
      const password = secret?.() ?? (written === '' ? 'guest' : written);
      return Buffer.from(['', this.user, password].join('\0'));
    };
    return {
      ...tls,
      lookup: shuffledLookup(),
      credentials: external
        ? { mechanism: 'EXTERNAL', response: () => Buffer.alloc(0) }
        : { mechanism: 'PLAIN', response: plain },
    };
  }
}
