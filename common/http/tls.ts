/*
 * HTTPS: versions, ciphers, and headers for browsers. In: a certificate and its key, as PEM.
 * Out: options of a server.
 */
import type { ServerOptions } from 'node:https';

/** PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Forward secrecy and authenticated encryption only: no CBC, whose padding has been attacked repeatedly. */
const CIPHERS = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

const YEAR_SECONDS = 365 * 24 * 3600;

/** A browser that has connected once uses only HTTPS for this host. */
export const HTTPS_HEADERS = { 'Strict-Transport-Security': `max-age=${YEAR_SECONDS}` };

export function tlsOptions({ cert, key }: Certificate, handshakeMs: number): ServerOptions {
  return {
    cert,
    key,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    handshakeTimeout: handshakeMs,
  };
}
