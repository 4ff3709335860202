/*
 * Any value as plain data for dumps: no secrets, no cycles, and a bounded number of bytes. In: state
 * of any kind, including errors and hostile text. Out: data that is safe for JSON.stringify.
 */

/** Size of the state of one part of a service. */
const STATE_BYTES = 1024 * 1024;
/** Characters of one text in a dump. */
export const TEXT_LENGTH = 8192;
/** Entries of one list or object in a dump. */
const ITEMS = 1000;
/** Greatest nesting depth. */
const DEPTH = 12;

/** Names whose text is never shown. Numbers and booleans under such names are shown: "tokenFailures: 3" reveals no token. */
const SECRET_NAME =
  /pass(word|wd|phrase)?$|secret|token|authorization|cookie|credential|api_?key|private_?key/i;
export const HIDDEN = '(hidden)';
const CUT = '(cut)';

/** Environment variables whose values may be shown; of all others only the name is. */
const HARMLESS =
  /^(CA_\w+|PATH|PWD|HOME|USER|LANG|LC_\w+|TZ|NODE_ENV|NODE_OPTIONS|TERM|SHELL|INVOCATION_ID)$/;

/** `secrets`: texts hidden wherever they occur. `bytes`: approximate size of the output. */
export function presentable(
  value: unknown,
  secrets: readonly string[] = [],
  bytes: number = STATE_BYTES,
): unknown {
  const walk = { left: bytes, above: new Set<object>(), secrets };
  return plain(value, 0, walk);
}

/** Text without passwords in URLs, bearer tokens and the given secrets. */
export function withoutSecrets(text: string, secrets: readonly string[] = []): string {
  let clean = text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s/@]*@/gi, `$1:${HIDDEN}@`)
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`);
  for (const secret of secrets) clean = clean.replaceAll(secret, HIDDEN);
  return clean;
}

/** The secrets in an environment: values of variables named like secrets, and URL passwords, encoded and decoded. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const found = new Set<string>();
  for (const [name, value = ''] of Object.entries(env)) {
    const harmless = value.startsWith('/'); // CA_TOKENS names a file
    if (SECRET_NAME.test(name) && !harmless) found.add(value);
    // CA_AMQP_URL may contain several.
    for (const url of value.split(/,(?=[a-z]+:\/\/)/)) {
      if (!url.includes('@') || !URL.canParse(url)) continue;
      const { password } = new URL(url);
      found.add(password);
      try {
        found.add(decodeURIComponent(password));
      } catch {
        // Not percent-encoded: there is no other form.
      }
    }
  }
  // Hiding shorter ones would hide half of the text; they are not secrets.
  return [...found].filter((secret) => secret.length >= 4);
}

export function shownEnvironment(env: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      HARMLESS.test(name) && !(SECRET_NAME.test(name) && !String(value).startsWith('/')) ? value : HIDDEN,
    ]),
  );
}

interface Walk {
  left: number;
  readonly above: Set<object>;
  readonly secrets: readonly string[];
}

function plain(value: unknown, depth: number, walk: Walk): unknown {
  if (walk.left <= 0) return CUT;
  walk.left -= 8;
  switch (typeof value) {
    case 'string':
      return text(value, walk);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : object(value, depth, walk);
    default:
      return undefined;
  }
}

function text(value: string, walk: Walk): string {
  const limit = Math.min(TEXT_LENGTH, walk.left);
  // Hide secrets before truncating, which would leave the first half of one.
  const near = value.slice(0, 2 * TEXT_LENGTH);
  const clean = withoutSecrets(near, walk.secrets);
  const short = clean.length > limit ? `${clean.slice(0, limit)}… ${value.length} characters` : clean;
  walk.left -= short.length;
  return short;
}

function object(value: object, depth: number, walk: Walk): unknown {
  if (walk.above.has(value)) return '(itself, further up)';
  if (depth >= DEPTH) return Array.isArray(value) ? '[…]' : '{…}';
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `(${value.byteLength} bytes)`;
  walk.above.add(value);
  try {
    if (value instanceof Map) return members([...value].slice(0, ITEMS), value.size, depth, walk);
    if (value instanceof Set) return list([...value], depth, walk);
    if (Array.isArray(value)) return list(value, depth, walk);
    if (value instanceof Error) return members(errorEntries(value), 0, depth, walk);
    const keys = Object.keys(value);
    const entries = keys.slice(0, ITEMS).map((key) => [key, valueOf(value, key)] as const);
    return members(entries, keys.length, depth, walk);
  } finally {
    walk.above.delete(value);
  }
}

function list(items: readonly unknown[], depth: number, walk: Walk): unknown[] {
  const shown = items.slice(0, ITEMS).map((item) => plain(item, depth + 1, walk) ?? null);
  if (items.length > shown.length) shown.push(`… ${items.length} in all`);
  return shown;
}

function members(
  entries: readonly (readonly [unknown, unknown])[],
  size: number,
  depth: number,
  walk: Walk,
): Record<string, unknown> {
  // No prototype, so that __proto__ is an ordinary key.
  const result = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) {
    if (walk.left <= 0) {
      result['…'] = CUT;
      break;
    }
    const name = text(String(key), walk);
    const secret = SECRET_NAME.test(name) && !['number', 'boolean', 'undefined'].includes(typeof value);
    result[name] = secret && value !== null ? HIDDEN : plain(value, depth + 1, walk);
  }
  if (size > entries.length) result['…'] = `${size} in all`;
  return result;
}

function errorEntries(error: Error): [string, unknown][] {
  const { name, message, stack, cause } = error;
  const own = Object.entries(error).slice(0, ITEMS);
  return [...own, ['name', name], ['message', message], ['stack', stack], ['cause', cause]];
}

function valueOf(holder: object, key: string): unknown {
  try {
    return (holder as Record<string, unknown>)[key];
  } catch (error) {
    return `(cannot be read: ${String(error)})`;
  }
}
