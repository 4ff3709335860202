/*
 * Holders of tokens. In: the operator's file of hashes. Out: the holder of a presented token.
 *
 *     # name        what it may do      SHA-256 of the token, in hexadecimal
 *     grafana       operator            9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
 *     acme-web      customer:acme       60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
 *
 * A token is at least 128 random bits (`openssl rand -hex 32`); its hash: `printf %s "$token" | sha256sum`. Long random
 * tokens cannot be guessed, so that a plain hash is enough; the file holds nothing that opens the door.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { invalid } from '../../../common/service/errors';
import { isCustomerId } from '../fleet/customers';

export interface Holder {
  readonly name: string;
  /** undefined: an operator. */
  readonly customer: string | undefined;
}

export interface Tokens {
  find(token: string): Holder | undefined;
}

/** Throws an INVALID error that names the line; never the hash. */
export function parseTokens(text: string): Tokens {
  const entries = text
    .split('\n')
    .map((line, i) => ({ words: line.replace(/#.*/, '').trim().split(/\s+/), number: i + 1 }))
    .filter(({ words }) => words[0] !== '')
    .map(({ words, number }) => parseLine(words, number));
  if (entries.length === 0) throw invalid('CA_TOKENS', 'has no token in it: nobody could enter');
  return {
    find(token) {
      const presented = createHash('sha256').update(token).digest();
      let found: Holder | undefined;
      // Always compare all, so that timing does not reveal a near match.
      for (const { hash, holder } of entries) if (timingSafeEqual(hash, presented)) found = holder;
      return found;
    },
  };
}

function parseLine(words: readonly string[], number: number): { hash: Buffer; holder: Holder } {
  const wrong = (what: string): Error => invalid('CA_TOKENS', `line ${number}: ${what}`);
  const [name = '', role = '', hash = ''] = words;
  if (words.length !== 3) throw wrong('must be: name, operator or customer:<id>, SHA-256 of the token');
  if (!/^[0-9a-f]{64}$/i.test(hash)) throw wrong('the hash must be 64 hexadecimal digits');
  const customer = /^customer:(.*)$/.exec(role)?.[1];
  if (customer === undefined ? role !== 'operator' : !isCustomerId(customer)) {
    throw wrong('the second word must be operator or customer:<id>');
  }
  return { hash: Buffer.from(hash, 'hex'), holder: { name, customer } };
}
