/*
 * Joining over HTTP: tokens, created by operators, and nodes' requests with them. In: requests; those of nodes have no
 * operator's token and carry their own proof. Out: credentials.
 */
import { ERROR } from '../../../common/api/error';
import {
  AUTHORITY,
  JOIN,
  JOIN_TOKENS,
  JOINED,
  MADE_TOKEN,
  MAKE_TOKEN,
  RENEW,
  RENEWED,
} from '../../../common/api/join';
import { Type, checker } from '../../../common/model/schema';
import { CaError, notFound } from '../../../common/service/errors';
import type { Request } from '../../../common/http/http';
import type { RateLimit } from '../door/rate-limit';
import type { EnrolmentSettings } from '../door/enrolment-settings';
import type { Enrolment } from '../fleet/enrolment/enrolment';
import { parametersOf } from './parameters';
import type { Resource } from './resource';

interface JoinParts {
  readonly enrolment: Enrolment;
  readonly settings: Pick<EnrolmentSettings, 'authority' | 'signer'>;
  readonly attempts: RateLimit;
  /** Client address, for counting failures. */
  readonly addressOf: (request: Request) => string;
}

const checkMake = checker(MAKE_TOKEN, 'body');
const checkJoin = checker(JOIN, 'body');
const checkRenew = checker(RENEW, 'body');

const INVALID = { description: 'A property is not valid; the error names it.', schema: ERROR };
const WRONG = { description: 'The token or key is worth nothing.', schema: ERROR };
const FORBIDDEN = { description: 'Not for this host, or it is revoked.', schema: ERROR };
const TOO_MANY = {
  description: 'Too many wrong ones of this address; Retry-After says when.',
  schema: ERROR,
};
const OFF = { description: 'Nodes cannot join here, or the name is another node’s.', schema: ERROR };
const UNSAVED = { description: 'It cannot be kept, or the broker reached, now.', schema: ERROR };
const SIGNING_KEY = Type.Object({ id: Type.String(), pem: Type.String() });

export function joinResources({ enrolment, settings, attempts, addressOf }: JoinParts): Resource[] {
  /** Failed attempts of an address are delayed; valid ones from the same address still pass. */
  const guarded = async <T>(request: Request, what: () => Promise<T>): Promise<T> => {
    try {
      return await what();
    } catch (error) {
      if (!(error instanceof CaError) || (error.code !== 'UNAUTHORIZED' && error.code !== 'FORBIDDEN'))
        throw error;
      const wait = attempts.failed(addressOf(request));
      if (wait === 0) throw error;
      throw new CaError('TOO_MANY', 'too many wrong tokens from this address', { retryAfter: wait });
    }
  };
  return [
    {
      method: 'GET',
      path: '/admin/join-tokens',
      operatorsOnly: true,
      summary: 'Tokens by which nodes may join.',
      answers: { 200: { description: 'Without the tokens themselves.', schema: JOIN_TOKENS } },
      handle: () => ({ json: enrolment.tokens }),
    },
    {
      method: 'POST',
      path: '/admin/join-tokens',
      operatorsOnly: true,
      summary: 'A new token by which nodes may join.',
      body: MAKE_TOKEN,
      answers: {
        201: { description: 'With the token, this once.', schema: MADE_TOKEN },
        400: INVALID,
        409: OFF,
        429: { description: 'There are too many.', schema: ERROR },
        503: UNSAVED,
      },
      handle: async (request) => ({
        status: 201,
        json: await enrolment.makeToken(checkMake(parametersOf(request, MAKE_TOKEN))),
      }),
    },
    {
      method: 'DELETE',
      path: '/admin/join-tokens/:token',
      operatorsOnly: true,
      summary: 'Revoke a token; nodes that have joined with it stay.',
      answers: {
        204: { description: 'Nobody joins with it any more.' },
        404: { description: 'There is no such token.', schema: ERROR },
        503: UNSAVED,
      },
      handle: async (request) => {
        await enrolment.revokeToken(request.params['token'] ?? '');
        return { status: 204 };
      },
    },
    {
      method: 'GET',
      path: '/admin/signing-key',
      operatorsOnly: true,
      summary: 'The public key of nodes’ credentials, for the broker’s auth_oauth2.signing_keys.',
      answers: {
        200: { description: 'Its id and PEM.', schema: SIGNING_KEY },
        404: { description: 'Credentials are no tokens here.', schema: ERROR },
      },
      handle: () => {
        const { signer } = settings;
        if (signer === undefined) throw notFound('signing key: CA_NODE_CREDENTIALS is not token');
        return { json: { id: signer.id, pem: signer.publicPem } };
      },
    },
    {
      method: 'POST',
      path: '/join',
      operatorsOnly: true,
      summary:
        'A node joins: the token and the hash of its own key for its credential. Needs no operator’s token.',
      body: JOIN,
      answers: {
        201: { description: 'Its credential, and what it is to set.', schema: JOINED },
        400: INVALID,
        401: WRONG,
        403: FORBIDDEN,
        409: OFF,
        429: TOO_MANY,
        503: UNSAVED,
      },
      handle: async (request) => ({
        status: 201,
        json: await guarded(request, () => enrolment.join(checkJoin(parametersOf(request, JOIN)))),
      }),
    },
    {
      method: 'POST',
      path: '/credential',
      operatorsOnly: true,
      summary: 'A node renews its credential with its key. Needs no operator’s token.',
      body: RENEW,
      answers: {
        200: { description: 'The next one.', schema: RENEWED },
        400: INVALID,
        401: WRONG,
        403: FORBIDDEN,
        409: OFF,
        429: TOO_MANY,
        503: UNSAVED,
      },
      handle: async (request) => ({
        json: await guarded(request, () => enrolment.renew(checkRenew(parametersOf(request, RENEW)))),
      }),
    },
    {
      method: 'GET',
      path: '/authority',
      operatorsOnly: true,
      summary:
        'The authority of the front door’s certificate, for who knows its fingerprint. Needs no token.',
      answers: {
        200: { description: 'As PEM.', schema: AUTHORITY },
        404: { description: 'CA_TLS_CA names none.', schema: ERROR },
      },
      handle: () => {
        const pem = settings.authority();
        if (pem === undefined) throw notFound('authority here: CA_TLS_CA names none');
        return { json: { pem } };
      },
    },
  ];
}
