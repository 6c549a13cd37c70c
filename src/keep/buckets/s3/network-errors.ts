import { asSluiceError, type ErrorCode, SluiceError } from '../../../base/errors.ts';
import { systemFailureOf } from '../../../base/system-errors.ts';
import { oneLine } from '../../../base/text.ts';
import { tlsFailureOf } from '../../../base/tls-errors.ts';
import type { CallContext } from './classify.ts';

/** Errors of the network by code, in words for people; the operating system's and the libraries' own are not shown. */
const BY_CODE: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOTFOUND: ['host_unknown', 'the host name has no address'],
  EAI_AGAIN: ['host_unknown', 'no name server answers'],
  EAI_FAIL: ['host_unknown', 'the name server fails'],
  EAI_NODATA: ['host_unknown', 'the host name has no address'],
  EAI_NONAME: ['host_unknown', 'the host name has no address'],
  ECONNREFUSED: ['host_unreachable', 'nothing listens there (connection refused)'],
  EHOSTUNREACH: ['host_unreachable', 'there is no way to the host'],
  ENETUNREACH: ['host_unreachable', 'there is no way to its network'],
  ENETDOWN: ['host_unreachable', "this machine's network is down"],
  EHOSTDOWN: ['host_unreachable', 'the host is down'],
  ENONET: ['host_unreachable', 'this machine is on no network'],
  EADDRNOTAVAIL: ['host_unreachable', 'this machine has no address to call from'],
  CONNECT_TIMED_OUT: ['host_unreachable', 'no connection came about in time'],
  UND_ERR_CONNECT_TIMEOUT: ['host_unreachable', 'no connection came about in time'],
  ECONNRESET: ['connection_lost', 'the connection was reset'],
  ECONNABORTED: ['connection_lost', 'the connection was broken off'],
  EPIPE: ['connection_lost', 'the connection was closed while sending'],
  ENOTCONN: ['connection_lost', 'the connection was closed'],
  ENETRESET: ['connection_lost', 'the network dropped the connection'],
  CLOSED_EARLY: ['connection_lost', 'the connection was closed before the answer was whole'],
  UND_ERR_SOCKET: ['connection_lost', 'the connection was closed before the answer was whole'],
  ETIMEDOUT: ['timed_out', 'the connection timed out'],
  UND_ERR_HEADERS_TIMEOUT: ['timed_out', 'no answer came in time'],
  UND_ERR_BODY_TIMEOUT: ['timed_out', 'the answer stopped half-way'],
  UND_ERR_ABORTED: ['cancelled', 'stopped on request'],
  ABORT_ERR: ['cancelled', 'stopped on request'],
};

/**
 * The error for whatever a transport threw. TLS trouble and what is no HTTP hold the endpoint: it was not reached. What
 * is not known is tried again. Errors of reading the file that is sent keep their own codes.
 */
export function errorFromTransport(error: unknown, context: CallContext): SluiceError {
  if (error instanceof SluiceError) return error;
  const { operation, subject } = context;
  const cause = firstOf(error);
  const code = 'code' in cause ? String(cause.code) : '';
  const about = { operation, subject, cause };
  const say = (words: string): string => oneLine(`${operation} ${subject}: ${words}`, 1000);
  const noTls = tlsFailureOf(cause);
  if (noTls !== undefined) {
    return new SluiceError('tls_failed', say(noTls), {
      ...about,
      answer: 'hold',
      holds: 'endpoint',
    });
  }
  if (isNoHttp(cause, code)) {
    return new SluiceError('answer_invalid', say('what answers does not speak HTTP as it should'), {
      ...about,
      answer: 'hold',
      holds: 'endpoint',
    });
  }
  if (code === 'ERR_INVALID_CHAR' || code === 'UND_ERR_INVALID_ARG') {
    return new SluiceError(
      'bucket_auth_failed',
      say('nothing was sent: a value has characters that no header can carry'),
      {
        ...about,
        answer: 'hold',
        holds: 'profile',
        hint: 'Look at the access key, secret and token of the profile for invisible characters.',
      },
    );
  }
  if (cause.name === 'AbortError') return new SluiceError('cancelled', say('stopped on request'), about);
  const failure = systemFailureOf(error);
  if (failure?.from === 'files') return asSluiceError(error, about);
  const named = BY_CODE[code] ?? BY_CODE[failure?.name ?? ''] ?? unknownNetworkError(cause, code);
  if (named === undefined && ('$metadata' in cause || '$response' in cause)) {
    // The AWS SDK could make nothing of a good answer, of an empty one to completing an upload above all.
    const words = 'what answers does not say what became of the request';
    return new SluiceError('answer_invalid', say(words), { ...about, answer: 'retry' });
  }
  if (named === undefined) return asSluiceError(error, about);
  const [known, words] = named;
  return new SluiceError(known, say(`${whereOf(cause)}${words}`), about);
}

/**
 * Codes of an answer that is no HTTP, or not as HTTP has it. undici has an assertion of its own for statuses below 100,
 * and two sorts of words for what nobody asked for: a switch to another protocol among them.
 */
const NO_HTTP = /^(HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|ERR_ASSERTION)/;

function isNoHttp(error: Error, code: string): boolean {
  if (NO_HTTP.test(code) || error.name === 'HTTPParserError') return true;
  return error.message === 'bad upgrade' || error.message === 'bad response';
}

/** An AggregateError of several addresses that all failed: the first speaks for them; a wrapped one for its wrapper. */
function firstOf(error: unknown): Error & { readonly code?: unknown } {
  const cause = error instanceof Error ? error : new Error(String(error));
  if ('code' in cause && cause.code !== undefined) return cause;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return firstOf(cause.errors[0]);
  if (cause.cause instanceof Error) return firstOf(cause.cause);
  return cause;
}

function unknownNetworkError(error: Error, code: string): readonly [ErrorCode, string] | undefined {
  // The SDK's handler names resets and refusals TimeoutError as well: their own code comes first.
  if (error.name === 'TimeoutError') return ['timed_out', 'nothing was heard in time'];
  // Without a code it is a fault of ours.
  if (code === '') return undefined;
  return ['connection_lost', `the request broke off (${oneLine(code, 60)})`];
}

/** "at 10.0.0.1:9000: ", where the error knows the address. */
function whereOf(error: Error): string {
  const { address, port } = error as { readonly address?: unknown; readonly port?: unknown };
  return typeof address === 'string' && typeof port === 'number' ? `${address}:${port}: ` : '';
}
