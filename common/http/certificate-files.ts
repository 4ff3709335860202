/*
 * A server's certificate and key, in files that are renewed. In: their settings and paths. Out: the current certificate,
 * and a server that uses the new one for new connections.
 */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Log } from '../service/log';
import { trustedText } from '../service/files/trusted-path';
import { watchFiles } from '../service/files/watched-files';
import type { HttpServer } from './http';
import type { Certificate } from './tls';

interface CertificateFilesOptions {
  /** For people: "the front door's certificate". */
  readonly what: string;
  /** Names of the settings, for errors. */
  readonly settings: readonly [cert: string, key: string];
  readonly certFile: string;
  readonly keyFile: string;
  readonly log: Log;
  readonly everyMs?: number;
}

export class CertificateFiles {
  private served: Pick<HttpServer, 'renew'> | undefined;
  private now: Certificate | undefined;
  private ending: (() => void) | undefined;

  /** Rejects when they cannot be used. */
  static async open(options: CertificateFilesOptions): Promise<CertificateFiles> {
    const { what, settings, certFile, keyFile, log, everyMs } = options;
    const files = new CertificateFiles();
    files.ending = await watchFiles({
      what,
      log,
      ...(everyMs === undefined ? {} : { everyMs }),
      read: async () => ({
        cert: await trustedText(settings[0], certFile),
        key: await trustedText(settings[1], keyFile, true),
      }),
      use: (certificate) => {
        createSecureContext(certificate); // throws when the key does not belong to the certificate
        files.served?.renew(certificate);
        files.now = certificate;
      },
    });
    return files;
  }

  get current(): Certificate {
    if (this.now === undefined) throw new TypeError('certificates are read before they are used');
    return this.now;
  }

  /** When the current one ends, milliseconds since 1970; undefined: it does not say. */
  get expires(): number | undefined {
    const time = Date.parse(new X509Certificate(this.current.cert).validTo);
    return Number.isNaN(time) ? undefined : time;
  }

  /** Keeps this server's certificate up to date with the files. */
  serve(server: Pick<HttpServer, 'renew'>): void {
    this.served = server;
  }

  close(): void {
    this.ending?.();
  }
}
