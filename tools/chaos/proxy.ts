/*
 * A TCP proxy that breaks connections on purpose. In: where to listen, and the target. Out: a port, and
 * the faults that a network can have: reset, black hole, delay, throttle, truncate. All of it in this process.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

interface Flow {
  /** Each piece is delayed by this many ms. */
  readonly delayMs?: number;
  /** At most this many bytes a second, in each direction of each connection. */
  readonly bytesPerSecond?: number;
  /** Nothing passes, in neither direction; connections stay open and new ones are accepted. */
  readonly blackHole?: boolean;
}

export interface FaultProxy {
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** The faults from now on; {} is a healthy network. Data held by a black hole is lost with its connection. */
  flow(flow: Flow): void;
  /** Ends all connections with RST. Returns how many there were. */
  reset(): number;
  /** Of the next piece to each client only this many bytes pass, then its connection ends with RST. */
  truncate(bytes: number): void;
  /** Refuses connections (they are reset at once), or accepts them again. */
  refuse(refusing: boolean): void;
  close(): Promise<void>;
}

/** What waits to be written in one direction of one connection, before its sender is made to wait. */
const HELD_BYTES = 1024 * 1024;
/** Pieces of a throttled connection leave this often. */
const TURN_MS = 20;

export async function startProxy(target: { host: string; port: number }): Promise<FaultProxy> {
  const links = new Set<Link>();
  let flow: Flow = {};
  let refusing = false;
  const server = createServer({ noDelay: true }, (client) => {
    if (refusing) {
      client.resetAndDestroy();
      return;
    }
    const link = new Link(client, connect({ ...target, noDelay: true }), () => flow);
    links.add(link);
    link.onEnd = () => links.delete(link);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return links.size;
    },
    flow(next) {
      flow = next;
      for (const link of links) link.flowChanged();
    },
    reset() {
      const count = links.size;
      for (const link of [...links]) link.reset();
      return count;
    },
    truncate(bytes) {
      for (const link of links) link.truncateAt(bytes);
    },
    refuse(now) {
      refusing = now;
    },
    async close() {
      for (const link of [...links]) link.reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One client and its connection to the target. */
class Link {
  onEnd: () => void = () => undefined;
  private readonly client: Socket;
  private readonly server: Socket;
  private readonly directions: readonly Direction[];
  private ended = false;

  constructor(client: Socket, server: Socket, flow: () => Flow) {
    this.client = client;
    this.server = server;
    const down = new Direction(server, client, flow, () => {
      this.reset();
    });
    this.directions = [down, new Direction(client, server, flow, () => undefined)];
    for (const socket of [client, server]) {
      socket.on('error', () => {
        this.reset();
      });
      socket.on('close', () => {
        this.finish();
      });
    }
  }

  flowChanged(): void {
    for (const direction of this.directions) direction.pump();
  }

  truncateAt(bytes: number): void {
    this.directions[0]?.truncateAt(bytes);
  }

  reset(): void {
    for (const socket of [this.client, this.server]) if (!socket.destroyed) socket.resetAndDestroy();
    this.finish();
  }

  /** One end closed: the other follows, after data in transit, or at once if nothing may pass. */
  private finish(): void {
    if (this.ended) return;
    this.ended = true;
    for (const direction of this.directions) direction.end();
    this.client.destroy();
    this.server.destroy();
    this.onEnd();
  }
}

interface Piece {
  readonly bytes: Buffer;
  /** Not before, by performance.now(). */
  readonly at: number;
}

/** One direction of one connection. */
class Direction {
  private readonly held: Piece[] = [];
  private heldBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private finished = false;
  private budget = 0;
  private budgetAt = performance.now();
  private cutAt: number | undefined;
  private readonly from: Socket;
  private readonly to: Socket;
  private readonly flow: () => Flow;
  private readonly cut: () => void;

  constructor(from: Socket, to: Socket, flow: () => Flow, cut: () => void) {
    this.from = from;
    this.to = to;
    this.flow = flow;
    this.cut = cut;
    from.on('data', (bytes) => {
      this.held.push({ bytes, at: performance.now() + (flow().delayMs ?? 0) });
      this.heldBytes += bytes.length;
      if (this.heldBytes > HELD_BYTES) from.pause();
      this.pump();
    });
    from.on('end', () => {
      this.finished = true;
      this.pump();
    });
    to.on('drain', () => {
      this.pump();
    });
  }

  truncateAt(bytes: number): void {
    this.cutAt = bytes;
  }

  pump(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { blackHole, bytesPerSecond } = this.flow();
    if (blackHole === true) return;
    const now = performance.now();
    // A throttled direction saves up no more than a turn's worth, or it would burst after a pause.
    const perTurn = ((bytesPerSecond ?? Infinity) * TURN_MS) / 1000;
    this.budget = Math.min(
      this.budget + ((now - this.budgetAt) * (bytesPerSecond ?? Infinity)) / 1000,
      perTurn,
    );
    if (bytesPerSecond === undefined) this.budget = Infinity;
    this.budgetAt = now;
    for (let next = this.held[0]; next !== undefined; next = this.held[0]) {
      if (next.at > now) {
        this.again(next.at - now);
        return;
      }
      if (this.to.writableNeedDrain) return;
      if (this.cutAt !== undefined) {
        this.to.write(next.bytes.subarray(0, this.cutAt), this.cut);
        this.end();
        return;
      }
      const allowed = Math.floor(this.budget);
      if (allowed < 1) {
        this.again(TURN_MS);
        return;
      }
      const part = next.bytes.subarray(0, allowed);
      this.to.write(part);
      this.budget -= part.length;
      this.heldBytes -= part.length;
      if (part.length === next.bytes.length) this.held.shift();
      else this.held[0] = { ...next, bytes: next.bytes.subarray(part.length) };
      if (this.heldBytes <= HELD_BYTES / 2 && this.from.isPaused()) this.from.resume();
    }
    if (this.finished) this.to.end();
  }

  end(): void {
    clearTimeout(this.timer);
    this.held.length = 0;
    this.heldBytes = 0;
  }

  private again(afterMs: number): void {
    this.timer = setTimeout(() => {
      this.pump();
    }, afterMs);
  }
}
