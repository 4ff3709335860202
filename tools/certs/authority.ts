/*
 * A certificate authority for trials: it signs certificates of servers and of users of the broker. In: a folder and names. Out: PEM
 * files there, each replaced at once, so that a service that watches them never reads half of one. openssl makes the keys.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { CaError, messageOf } from '../../common/service/errors';

export interface Issued {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Wanted {
  /** Of the files, and the common name: for clients, the user of the broker. */
  readonly name: string;
  /** Names and addresses of a server; none: a client. */
  readonly names?: readonly string[];
  readonly days?: number;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const CA_DAYS = 3650;
/** Short enough that renewal is tested. */
const DAYS = 90;
/** Characters that are safe in openssl's configuration grammar. */
const NAME = /^[A-Za-z0-9_*][\w.*-]{0,63}$/;

export class Authority {
  readonly caFile: string;
  private readonly folder: string;
  private readonly keyFile: string;

  /** The authority of the folder, or a new one. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    this.folder = folder;
    this.caFile = join(folder, 'ca.pem');
    this.keyFile = join(folder, 'ca.key');
    if (existsSync(this.caFile) && existsSync(this.keyFile)) return;
    const id = randomBytes(4).toString('hex');
    this.making((temporary) => {
      const [key, cert] = [join(temporary, 'key'), join(temporary, 'cert')];
      openssl([
        ...['req', '-x509', ...CURVE, '-days', String(CA_DAYS), '-keyout', key, '-out', cert],
        ...['-subj', `/CN=Cloud Analytics trial authority ${id}`],
        ...[
          '-addext',
          'basicConstraints=critical,CA:TRUE',
          '-addext',
          'keyUsage=critical,keyCertSign,cRLSign',
        ],
      ]);
      put(key, this.keyFile, 0o600);
      put(cert, this.caFile, 0o644);
    });
  }

  issue({ name, names = [], days = DAYS }: Wanted): Issued {
    for (const one of [name, ...names]) {
      if (!NAME.test(one) && isIP(one) === 0)
        throw new CaError('INVALID', `${JSON.stringify(one)} cannot stand in a certificate`);
    }
    const issued = {
      certFile: join(this.folder, `${name}.pem`),
      keyFile: join(this.folder, `${name}.key`),
    };
    this.making((temporary) => {
      const file = (part: string): string => join(temporary, part);
      const alternatives = names.map((one) => (isIP(one) === 0 ? `DNS:${one}` : `IP:${one}`)).join(',');
      writeFileSync(
        file('extensions'),
        [
          'basicConstraints = critical,CA:FALSE',
          'keyUsage = critical,digitalSignature',
          `extendedKeyUsage = ${names.length > 0 ? 'serverAuth,clientAuth' : 'clientAuth'}`,
          ...(alternatives === '' ? [] : [`subjectAltName = ${alternatives}`]),
          '',
        ].join('\n'),
      );
      openssl([
        'req',
        '-new',
        ...CURVE,
        '-subj',
        `/CN=${name}`,
        '-keyout',
        file('key'),
        '-out',
        file('request'),
      ]);
      openssl([
        ...['x509', '-req', '-in', file('request'), '-CA', this.caFile, '-CAkey', this.keyFile],
        ...['-set_serial', `0x${randomBytes(15).toString('hex')}`, '-days', String(days)],
        ...['-extfile', file('extensions'), '-out', file('cert')],
      ]);
      // The key first: a certificate without its key would be refused, the old pair is used until both are there.
      put(file('key'), issued.keyFile, 0o600);
      put(file('cert'), issued.certFile, 0o644);
    });
    return issued;
  }

  private making(make: (temporary: string) => void): void {
    const temporary = mkdtempSync(join(this.folder, '.new-'));
    try {
      make(temporary);
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  }
}

function put(from: string, to: string, mode: number): void {
  chmodSync(from, mode);
  renameSync(from, to);
}

function openssl(args: readonly string[]): void {
  try {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CaError('NO_RESOURCE', 'openssl is not installed; fix: apt-get install openssl', {
        cause: error,
      });
    throw new CaError('INTERNAL', `openssl failed: ${messageOf(error)}`, { cause: error });
  }
}
