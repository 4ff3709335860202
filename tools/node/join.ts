/* `cloud-analytics join`: gets this machine's own credential, writes its settings, and starts its instrumenter. */
import { createHash, randomBytes } from 'node:crypto';
import { join as joinPath } from 'node:path';
import { JOINED, type JoinedAnswer } from '../../common/api/join';
import { askDoor, checkDoorUrl } from '../../common/http/door-client';
import { checker } from '../../common/model/schema';
import { brokerUrls, checkBrokerUrls } from '../../common/service/broker-url';
import { CaError, messageOf } from '../../common/service/errors';
import { HOST } from '../../common/wire/identity';
import type { Command } from '../cli/command';
import { EXIT, UsageError, type Options } from '../cli/options';
import { authorityByPin, authorityOfFile, certificatesIn } from './authority';
import { checkPlain, SettingsFile } from './settings-file';
import { startUnit } from './unit';

const checkJoined = checker(JOINED, 'answer');

/** The folder of the installation: above build/tools/node. */
export const INSTALLED = joinPath(__dirname, '..', '..', '..');

/** A request that may have been granted: repeated, it is the same node. */
const KEY_FILE = 'join.key';

export const join: Command = {
  name: 'join',
  about: 'make this machine a node of a fleet',
  details: [
    'Asks the front door at URL for a credential of this machine’s own, with a token that an operator has made (cactl enroll); writes ' +
      'it and the fleet’s brokers to instrumenter.environment, readable by root alone; starts the instrumenter where systemd runs; and ' +
      'prints what this machine can gather and what is missing.',
    'The key that renews the credential is made here and stays here. Interrupted, the same command may be given again.',
    'The token may stand in CA_JOIN_TOKEN, where other users of this machine do not see it.',
  ],
  arguments: [{ name: 'URL', about: 'the front door, such as https://ca.example:23181' }],
  options: [
    { name: 'token', value: 'TOKEN', about: 'what cactl enroll has printed (CA_JOIN_TOKEN)' },
    { name: 'ca', value: 'FILE', about: 'certificates to believe the front door by', complete: 'file' },
    { name: 'ca-pin', value: 'SHA256', about: 'fingerprint of the certificate to believe it by, sha256:…' },
    { name: 'host', value: 'NAME', about: 'name of this node (default: this machine’s)' },
    { name: 'no-start', about: 'write the settings, and start nothing' },
  ],
  examples: [
    {
      line: 'cloud-analytics join https://ca.example:23181 --token 5f2d… --ca-pin sha256:91ab…',
      about: 'As cactl enroll prints it.',
    },
  ],
  async run({ args, options, session }) {
    const url = doorUrl(args[0] ?? '');
    const { io } = session;
    const token = options.get('token') ?? io.env['CA_JOIN_TOKEN'] ?? '';
    if (token === '') throw new UsageError('--token is missing; an operator makes one with cactl enroll');
    const host = options.get('host') ?? io.host;
    if (!HOST.test(host))
      throw new UsageError(`${JSON.stringify(host)} is no name of a node; give one with --host`);
    const settings = new SettingsFile(options.get('etc'), INSTALLED);
    const ca = await authority(url, options);

    const key = keyFor(settings, host);
    const { json } = await askDoor({ url, ca }, '/ca/join', {
      method: 'POST',
      body: { token, host, keyHash: createHash('sha256').update(key).digest('hex') },
    });
    const joined = checkJoined(json);
    write(settings, { url, host, key, ca }, joined);
    settings.remove(KEY_FILE);

    const started = options.has('no-start') ? undefined : startUnit();
    // The sources of the instrumenter take a while to load, and help and man pages need none.
    const { examine, examinationLines } = await import('./examine.js');
    const found = await examine(settings, session.io.env);
    if (session.json) session.printJson({ user: joined.user, settings: settings.path, started, ...found });
    else
      session.print([
        `${host} has joined as ${joined.user}; settings in ${settings.path}`,
        startedText(started),
        '',
        ...examinationLines(found),
      ]);
    return started?.failure === undefined ? EXIT.ok : EXIT.wrong;
  },
};

function doorUrl(text: string): string {
  try {
    return checkDoorUrl('URL', text);
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

async function authority(url: string, options: Options): Promise<string | undefined> {
  const [file, pin] = [options.get('ca'), options.get('ca-pin')];
  if (file !== undefined && pin !== undefined) throw new UsageError('--ca and --ca-pin exclude each other');
  if (file !== undefined) return authorityOfFile(file);
  return pin === undefined ? undefined : authorityByPin(url, pin);
}

/** On disk before it is used: if the answer is lost, it can be requested again with the same key. */
function keyFor(settings: SettingsFile, host: string): string {
  const [name, kept] = (settings.text(KEY_FILE) ?? '').trim().split(' ');
  if (name === host && kept !== undefined && /^[0-9a-f]{64}$/.test(kept)) return kept;
  const key = randomBytes(32).toString('hex');
  settings.put(KEY_FILE, `${host} ${key}\n`, 0o600);
  return key;
}

interface Here {
  readonly url: string;
  readonly host: string;
  readonly key: string;
  readonly ca: string | undefined;
}

/** The whole answer is checked before anything of it is written. */
function write(settings: SettingsFile, { url, host, key, ca }: Here, joined: JoinedAnswer): void {
  const { brokers, prefix, user, secret, kind, brokerCa } = joined;
  if (joined.host !== host)
    throw new CaError('INTERNAL', `the answer is for ${joined.host}, not for ${host}`);
  checkPlain('the brokers of the answer', checkBrokerUrls('the brokers of the answer', brokers));
  checkPlain('the prefix of the answer', prefix);
  const authorities = brokerCa === undefined ? undefined : certificatesIn(brokerCa);
  if (authorities?.length === 0)
    throw new CaError('INTERNAL', 'the authority of the answer is no PEM certificate');
  const withUser = (text: string): string => {
    const parsed = new URL(text);
    parsed.username = encodeURIComponent(user);
    parsed.password = encodeURIComponent(secret);
    return parsed.toString();
  };
  // Certificates only: nothing else in an answer is written to this machine.
  const caFile = ca === undefined ? undefined : settings.put('door-ca.pem', ca, 0o644);
  const brokerCaFile =
    authorities === undefined
      ? undefined
      : settings.put('broker-ca.pem', `${authorities.join('\n')}\n`, 0o644);
  settings.write({
    CA_HOST: host,
    CA_AMQP_URL: kind === 'token' ? brokers : brokerUrls(brokers).map(withUser).join(','),
    CA_AMQP_PREFIX: prefix === '' ? undefined : prefix,
    CA_AMQP_CA: brokerCaFile,
    CA_DOOR: url,
    CA_TLS_CA: caFile,
    CA_NODE_SECRET: kind === 'token' ? key : undefined,
  });
}

function startedText(started: ReturnType<typeof startUnit> | undefined): string {
  if (started === undefined) return 'nothing was started (--no-start)';
  if (started.failure !== undefined) return `${started.unit} was not started: ${started.failure}`;
  return started.unit === undefined
    ? 'systemd does not run here: start services/instrumenter with these settings'
    : `${started.unit} is started, and will be at each boot`;
}

export function sessionSettings(options: Options): SettingsFile {
  return new SettingsFile(options.get('etc'), INSTALLED);
}
