/*
 * A name for plain data by its content: equal data, equal digest, whoever computes it. In: JSON. Out: 22 characters.
 * Sender and receiver compare 22 characters where they would send the data.
 */
import { createHash } from 'node:crypto';
import { Type } from '../model/schema';

export const Digest = Type.String({ pattern: '^[\\w-]{22}$' });

/** Of the JSON with its keys in order: whoever parses and prints it again must get the same. */
export function digestOf(plain: unknown): string {
  return digestOfText(JSON.stringify(plain, inOrder));
}

/** 128 bits of SHA-256, in the characters of URLs. */
export function digestOfText(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
