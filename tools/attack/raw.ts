/*
 * Requests that no well-behaved client sends. In: bytes. Out: the bytes received until the server closed the connection.
 */
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  /** Status of the first answer; 0: there was none. */
  readonly status: number;
  readonly text: string;
  /** The server closed the connection within the time. */
  readonly closed: boolean;
}

/** Sends bytes, and waits until the server closes or `waitMs` is over. Never rejects: a refused connection is status 0. */
export function raw(port: number, bytes: string | Buffer, waitMs = 3000): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let text = '';
    let closed = false;
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ status: statusOf(text), text, closed });
    };
    const timer = setTimeout(end, waitMs);
    socket.on('data', (piece) => (text += piece.toString('latin1')));
    socket.on('error', () => undefined); // it closed while we were still sending
    socket.once('close', () => {
      closed = true;
      end();
    });
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}

/** One request with the header lines given; the server is asked to close after it. */
export function rawRequest(
  port: number,
  line: string,
  headers: readonly string[],
  body = '',
): Promise<RawAnswer> {
  return raw(port, `${line} HTTP/1.1\r\n${[...headers, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
}

export function statusOf(text: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 0);
}
