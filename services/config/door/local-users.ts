/*
 * Without tokens the door answers only root and its own user on this machine. In: a connection. Out: nothing, or
 * an error that names its owner. Each connection is looked up once.
 *
 * The kernel knows every TCP socket of our network namespace with its owner: socket-diag.ts asks for one, and where that
 * does not work, /proc/self/net/tcp and tcp6 list all. A client on this machine has an entry of its own, with the two
 * addresses the other way round. What is not listed is not of this
 * machine (or of another network namespace, and forwarded) and is refused.
 */
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness, userInfo } from 'node:os';
import { CaError } from '../../../common/service/errors';
import { bytesOfAddress, SocketDiag, type Owner } from './socket-diag';

export type { Owner } from './socket-diag';

/** Of the system's table of sockets, read to find the owner of one: about 100,000 of them. */
const SOCKET_TABLE_BYTES = 16 * 1024 * 1024;

const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];
/** The kernel gives out a page of a table at a time. */
const PIECE_BYTES = 16 * 1024;
/** Reading may miss an entry while others come and go: search once more before it counts as missing. */
const READS = 2;

/** What is read of a connection. */
export type Connection = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>;

interface Wanted {
  readonly keys: readonly string[];
  readonly found: (owner: Owner | undefined) => void;
  readonly failed: (error: Error) => void;
}

export class LocalUsers {
  private readonly known = new WeakMap<Connection, Promise<void> | 'admitted'>();
  /** Requests since the last reading began; the next reading answers all. */
  private wanted: Wanted[] = [];
  private reading = false;
  private readonly allowed: ReadonlySet<number>;
  private readonly diag: SocketDiag | undefined;
  /** True once it has found a socket: from then on "not found" is reliable. */
  private diagWorks = false;
  private readonly tables: readonly string[];

  constructor(
    allowed: ReadonlySet<number> = operatorsHere(),
    diag?: SocketDiag,
    tables: readonly string[] = TABLES,
  ) {
    this.allowed = allowed;
    this.diag = diag;
    this.tables = tables;
  }

  /** Rejects with FORBIDDEN. */
  admit(connection: Connection): Promise<void> | undefined {
    const known = this.known.get(connection);
    if (known !== undefined) return known === 'admitted' ? undefined : known;
    const judging = this.judge(connection);
    // Requests may follow each other on a connection without waiting: all wait for one answer.
    this.known.set(connection, judging);
    return judging;
  }

  private async judge(connection: Connection): Promise<void> {
    const owner = await this.ownerOf(connection).catch((error: unknown) => {
      this.known.delete(connection); // it may be told next time
      throw error;
    });
    const refusal = this.refusalOf(owner);
    if (refusal !== undefined) throw refusal;
    this.known.set(connection, 'admitted');
  }

  private refusalOf(owner: Owner | undefined): CaError | undefined {
    if (owner !== undefined && owner.inode !== 0 && this.allowed.has(owner.uid)) return undefined;
    const whose =
      owner === undefined
        ? 'no user of this machine'
        : owner.inode === 0
          ? 'a client that has closed it already'
          : `uid ${owner.uid}`;
    const mine = [...this.allowed].map((uid) => (uid === 0 ? 'root' : `uid ${uid}`)).join(' and ');
    return new CaError(
      'FORBIDDEN',
      `without tokens this door answers ${mine} of this machine, and this connection is of ${whose}; ` +
        'fix: ask as one of these, or give out tokens with CA_TOKENS (docs/access.md)',
    );
  }

  /** Rejects with FORBIDDEN when the system does not tell. */
  async ownerOf(connection: Connection): Promise<Owner | undefined> {
    const owner = this.askDiag(connection);
    if (owner !== undefined) this.diagWorks = true;
    if (this.diagWorks) return owner;
    const keys = keysOf(connection);
    if (keys.length === 0) return undefined;
    for (let reads = 0; reads < READS; reads++) {
      const owner = await new Promise<Owner | undefined>((found, failed) => {
        this.wanted.push({ keys, found, failed });
        if (!this.reading) void this.readAll();
      });
      if (owner !== undefined) return owner;
    }
    return undefined;
  }

  private askDiag({ remoteAddress, remotePort, localAddress, localPort }: Connection): Owner | undefined {
    if (this.diag === undefined || remotePort === undefined || localPort === undefined) return undefined;
    const [client, own] = [remoteAddress, localAddress].map((address) => bytesOfAddress(address ?? ''));
    if (client === undefined || own?.length !== client.length) return undefined;
    return this.diag.ownerOf({ address: client, port: remotePort }, { address: own, port: localPort });
  }

  private async readAll(): Promise<void> {
    this.reading = true;
    while (this.wanted.length > 0) {
      const batch = this.wanted;
      this.wanted = [];
      const missing = new Map(batch.flatMap((one) => one.keys.map((key) => [key, one] as const)));
      try {
        for (const table of this.tables) if (missing.size > 0) await search(table, missing);
        for (const one of batch) one.found(undefined); // those that were found do not hear this
      } catch (cause) {
        const what = 'without tokens the door asks the system whose a connection is, and it does not tell';
        for (const one of batch) one.failed(new CaError('FORBIDDEN', `${what}; fix: CA_TOKENS`, { cause }));
      }
    }
    this.reading = false;
  }
}

/** root, our own user, and the one who called us by sudo: what nobody but root can write into our environment. */
function operatorsHere(): ReadonlySet<number> {
  const { uid } = userInfo();
  const allowed = new Set([0, uid]);
  const caller = process.env['SUDO_UID'] ?? '';
  if (uid === 0 && /^\d{1,10}$/.test(caller)) allowed.add(Number(caller));
  // Within a user namespace, all users that it does not know share one number.
  const map = readFileSync('/proc/self/uid_map', 'utf8').trim().split(/\s+/).join(' ');
  if (map !== '0 0 4294967295') allowed.delete(Number(readFileSync('/proc/sys/kernel/overflowuid', 'utf8')));
  return allowed;
}

/** undefined on systems without such a table, such as illumos (see docs/access.md). */
export async function localUsers(): Promise<LocalUsers | undefined> {
  return process.platform === 'linux' ? new LocalUsers(operatorsHere(), await SocketDiag.open()) : undefined;
}

/** Searches a table in chunks until all are found. Found ones are removed from the map, under all their keys. */
async function search(table: string, missing: Map<string, Wanted>): Promise<void> {
  const file = await open(table, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined; // a kernel without IPv6
    throw error;
  });
  if (file === undefined) return;
  try {
    const piece = Buffer.allocUnsafe(PIECE_BYTES);
    let rest = '';
    for (let bytes = 0; bytes < SOCKET_TABLE_BYTES;) {
      const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, null);
      if (bytesRead === 0) return;
      bytes += bytesRead;
      const text = rest + piece.toString('latin1', 0, bytesRead);
      const end = text.lastIndexOf('\n');
      rest = text.length - end > PIECE_BYTES ? '' : text.slice(end + 1); // no line is that long
      for (let at = 0; at <= end;) {
        const next = text.indexOf('\n', at);
        tell(text, at, next, missing);
        at = next + 1;
      }
      if (missing.size === 0) return;
    }
  } finally {
    await file.close();
  }
}

/** `  12: 0100007F:A4D2 0100007F:5A8D 01 …`: the two addresses are the key. */
function tell(text: string, start: number, end: number, missing: Map<string, Wanted>): void {
  const from = text.indexOf(': ', start) + 2;
  const to = text.indexOf(' ', text.indexOf(' ', from) + 1);
  if (from < start + 2 || to < from || to > end) return; // the heading
  const wanted = missing.get(text.slice(from, to));
  if (wanted === undefined) return;
  const words = text.slice(to, end).trim().split(/\s+/);
  for (const key of wanted.keys) missing.delete(key);
  wanted.found({ uid: Number(words[4]), inode: Number(words[6]) });
}

/** The client's entry, in each form it may have; none: the connection is over. */
function keysOf({ remoteAddress, remotePort, localAddress, localPort }: Connection): string[] {
  if (remoteAddress === undefined || localAddress === undefined) return [];
  const forms = [remoteAddress, localAddress].map(hexForms);
  const [remote = [], local = []] = forms;
  // Both ends of a connection speak the same protocol, so both are in the same form.
  return remote.flatMap((form, i) => {
    const other = local[i];
    return other === undefined ? [] : [`${form}:${hexPort(remotePort)} ${other}:${hexPort(localPort)}`];
  });
}

function hexPort(port = 0): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** As the kernel prints it: words of four bytes in the machine's order. IPv4 also as an IPv6 socket has it. */
function hexForms(address: string): string[] {
  const bytes = bytesOfAddress(address);
  if (bytes === undefined) return [];
  return bytes.length === 4 ? [hexWords(bytes), hexWords(MAPPED) + hexWords(bytes)] : [hexWords(bytes)];
}

/** What stands before an address of IPv4 in one of IPv6. */
const MAPPED = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]);

function hexWords(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4) {
    const word = Buffer.from(bytes.slice(i, i + 4));
    text += (endianness() === 'LE' ? word.reverse() : word).toString('hex').toUpperCase();
  }
  return text;
}
