/*
 * Asks the kernel about one TCP socket: sock_diag(7), by its two addresses. In: a connection, seen from its client.
 * Out: its owner. Reading the table in /proc instead costs some 10 ms, whatever is asked: the kernel walks all its hash
 * buckets; this takes a few microseconds. Where it does not work (no netlink, a kernel without the module), the table is read.
 */
import { isIPv6 } from 'node:net';

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 1;
const IPPROTO_TCP = 6;
const MSG_DONTWAIT = 0x40;

const HEADER_BYTES = 16;
const REQUEST_BYTES = HEADER_BYTES + 56;
/** In a request and in an answer: where struct inet_diag_sockid begins, and how long its ports and addresses are. */
const REQUEST_ID = HEADER_BYTES + 8;
const ANSWER_ID = HEADER_BYTES + 4;
const ID_BYTES = 36;
const ANSWER_UID = HEADER_BYTES + 64;
const ANSWER_INODE = HEADER_BYTES + 68;
const ANSWER_BYTES_MAX = 4096;

type Call = (...values: unknown[]) => number;

/** Whose a socket is. */
export interface Owner {
  readonly uid: number;
  /** 0: no process holds the socket any more, and its uid says nothing (the kernel writes root's). */
  readonly inode: number;
}

export interface Client {
  /** Bytes of an address, 4 or 16. */
  readonly address: Uint8Array;
  readonly port: number;
}

export class SocketDiag {
  private readonly fd: number;
  private readonly send: Call;
  private readonly receive: Call;
  private readonly answer = Buffer.alloc(ANSWER_BYTES_MAX);
  private sequence = 0;

  /** undefined where the system has no such thing. */
  static async open(): Promise<SocketDiag | undefined> {
    try {
      const { default: koffi } = await import('koffi');
      const libc = koffi.load(null);
      const socket = libc.func('int socket(int, int, int)') as unknown as Call;
      const fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
      if (fd < 0) return undefined;
      const send = libc.func('long send(int, void *, size_t, int)') as unknown as Call;
      const receive = libc.func('long recv(int, void *, size_t, int)') as unknown as Call;
      return new SocketDiag(fd, send, receive);
    } catch {
      return undefined;
    }
  }

  private constructor(fd: number, send: Call, receive: Call) {
    this.fd = fd;
    this.send = send;
    this.receive = receive;
  }

  /** Of the socket at `local` that is connected to `remote`; undefined: there is none, or the kernel does not say. */
  ownerOf(local: Client, remote: Client): Owner | undefined {
    const request = this.request(local, remote);
    if (this.send(this.fd, request, request.length, MSG_DONTWAIT) !== request.length) return undefined;
    // Answers to earlier requests, should there be any left, are passed over.
    for (;;) {
      const length = this.receive(this.fd, this.answer, this.answer.length, MSG_DONTWAIT);
      if (length < HEADER_BYTES) return undefined;
      if (this.answer.readUInt32LE(8) !== this.sequence) continue;
      const isSocket = this.answer.readUInt16LE(4) === SOCK_DIAG_BY_FAMILY && length >= ANSWER_INODE + 4;
      // Where the connection is gone the kernel looks for a listener instead: that is not what was asked about.
      const id = this.answer.subarray(ANSWER_ID, ANSWER_ID + ID_BYTES);
      const isTheOne = id.equals(request.subarray(REQUEST_ID, REQUEST_ID + ID_BYTES));
      if (!isSocket || !isTheOne) return undefined;
      return { uid: this.answer.readUInt32LE(ANSWER_UID), inode: this.answer.readUInt32LE(ANSWER_INODE) };
    }
  }

  private request(local: Client, remote: Client): Buffer {
    const bytes = Buffer.alloc(REQUEST_BYTES);
    this.sequence = (this.sequence + 1) >>> 0;
    bytes.writeUInt32LE(REQUEST_BYTES, 0);
    bytes.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4);
    bytes.writeUInt16LE(NLM_F_REQUEST, 6);
    bytes.writeUInt32LE(this.sequence, 8);
    bytes[HEADER_BYTES] = local.address.length === 4 ? AF_INET : AF_INET6;
    bytes[HEADER_BYTES + 1] = IPPROTO_TCP;
    bytes.fill(0xff, HEADER_BYTES + 4, HEADER_BYTES + 8); // in any state
    bytes.writeUInt16BE(local.port, REQUEST_ID);
    bytes.writeUInt16BE(remote.port, REQUEST_ID + 2);
    bytes.set(local.address, REQUEST_ID + 4);
    bytes.set(remote.address, REQUEST_ID + 20);
    bytes.fill(0xff, REQUEST_ID + ID_BYTES + 4); // no cookie
    return bytes;
  }
}

/** undefined: it is none, or has a zone. */
export function bytesOfAddress(address: string): Uint8Array | undefined {
  const plain = address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
  if (!plain.includes(':')) return Uint8Array.from(plain.split('.').map(Number));
  if (!isIPv6(plain) || plain.includes('%')) return undefined;
  const [head = '', tail] = plain.split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => parseInt(word, 16));
  const [before, after] = [words(head), words(tail ?? '')];
  const zeros = Array<number>(tail === undefined ? 0 : 8 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 255]));
}
