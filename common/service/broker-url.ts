/*
 * CA_AMQP_URL: one URL, or several of one cluster separated by commas. In: its text. Out: the URLs, their user, and an
 * error where passwords would be sent unencrypted.
 */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { CaError, invalid } from './errors';
import { isLoopback, readUnencrypted } from './networks';
import type { Environment } from './setting-names';

/** `text`: CA_AMQP_URL, or one of its URLs. */
export function brokerUrls(text: string): string[] {
  return text.split(/,(?=amqps?:\/\/)/);
}

/** The user in a broker's address; RabbitMQ's own default is "guest". */
export function userIn(text: string): string {
  const [first = ''] = brokerUrls(text);
  return decodeURIComponent(new URL(first).username) || 'guest';
}

/** For output to people. */
export function withoutPassword(text: string): string {
  return brokerUrls(text)
    .map((url) => {
      const parsed = new URL(url);
      if (parsed.password !== '') parsed.password = '***';
      return parsed.toString();
    })
    .join(',');
}

/** Throws INVALID, without the text itself: it may contain a password. */
export function checkBrokerUrls(name: string, text: string): string {
  const urls = brokerUrls(text);
  if (urls.some((url) => !/^amqps?:\/\/[^,/]+(\/[^,]*)?$/.test(url) || !URL.canParse(url)))
    throw invalid(
      name,
      'must be an amqp:// or amqps:// URL, or several whole ones of one cluster separated by commas',
    );
  if (new Set(urls.map(userIn)).size > 1) throw invalid(name, 'must have the same user in each URL');
  return text;
}

/** Passwords and values are not sent unencrypted unless CA_UNENCRYPTED allows it. Throws INVALID. */
export function checkEncrypted(name: string, text: string, env: Environment): void {
  if (readUnencrypted(env).has('broker')) return;
  for (const url of brokerUrls(text)) {
    const { protocol, hostname } = new URL(url);
    if (protocol === 'amqps:' || isThisMachine(hostname.replace(/^\[|\]$/g, ''))) continue;
    throw new CaError(
      'INVALID',
      `${name}: ${hostname} is another machine, and amqp:// shows everybody on the way passwords and values; fix: use amqps:// ` +
        '(CA_AMQP_CA names the authority), or set CA_UNENCRYPTED=broker where the network itself is encrypted',
      { field: name },
    );
  }
}

/** Names other than localhost are not resolved: they may be another machine's tomorrow. */
export function isThisMachine(host: string): boolean {
  if (isIP(host) === 0) return host === 'localhost' || host.endsWith('.localhost');
  if (isLoopback(host)) return true;
  return Object.values(networkInterfaces()).some((of) => of?.some(({ address }) => address === host));
}
