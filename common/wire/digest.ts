/*
 * Content digests of plain data: equal data, equal digest, on every machine. In: JSON. Out: 22 characters.
 * Sender and receiver compare digests instead of sending the data.
 */
import { createHash } from 'node:crypto';
import { Type } from '../model/schema';

export const Digest = Type.String({ pattern: '^[\\w-]{22}$' });

/** Digest of the JSON with sorted keys, so that parsing and printing does not change it. */
export function digestOf(plain: unknown): string {
  return digestOfText(JSON.stringify(plain, inOrder));
}

/** 128 bits of SHA-256 in base64url. */
export function digestOfText(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
