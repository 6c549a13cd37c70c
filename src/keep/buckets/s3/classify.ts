import { SluiceError } from '../../../base/errors.ts';
import { oneLine } from '../../../base/text.ts';
import type { ErrorAnswer } from './answer.ts';
import { type AnswerMeaning, meaningOfMarks, meaningOfS3 } from './error-codes.ts';

/** What was being done, for the error's message. */
export interface CallContext {
  /** "put object", "list buckets". */
  readonly operation: string;
  /** "bucket/key", "bucket" or the endpoint; never a secret. */
  readonly subject: string;
  readonly method?: string;
  /** It names a multipart upload: Ceph says NoSuchKey where others say NoSuchUpload. */
  readonly isInUpload?: boolean;
  /** It asks for what some servers do not know; whoever refuses the method as unknown may be one. */
  readonly mayBeUnknown?: boolean;
}

/**
 * The error for an unsuccessful answer. S3's own word is taken as it is meant; what a stranger answers holds the
 * endpoint, whatever its status: it says nothing of the object. Pure.
 */
export function errorFromAnswer(answer: ErrorAnswer, context: CallContext): SluiceError {
  const { operation, subject } = context;
  const { meaning, words, hint } = judge(answer, context);
  return new SluiceError(meaning.code, oneLine(`${operation} ${subject}: ${words}`, 1000), {
    operation,
    subject,
    hint,
    answer: meaning.answer,
    holds: meaning.holds,
    retryAfterMs: answer.retryAfterMs,
  });
}

interface Judgement {
  readonly meaning: AnswerMeaning;
  readonly words: string;
  readonly hint?: string;
}

function judge(answer: ErrorAnswer, context: CallContext): Judgement {
  if (answer.speaker === 'document' || answer.speaker === 'cut') {
    return {
      meaning: inUpload(meaningOfS3(answer), context),
      words: wordsOfS3(answer),
      hint: hintOf(answer),
    };
  }
  // Without a document only HEAD can be final: elsewhere S3 always has words for a refusal.
  const mayLackWords = context.method === 'HEAD' || context.method === 'DELETE' || answer.status >= 500;
  if (answer.speaker === 'marks' && mayLackWords) {
    return {
      meaning: inUpload(meaningOfMarks(answer.status), context),
      words: wordsOfS3(answer),
      hint: hintOf(answer),
    };
  }
  const judged = judgeStranger(answer);
  const isUnknown = context.mayBeUnknown && (answer.status === 405 || answer.status === 501);
  return isUnknown ? { ...judged, meaning: { ...judged.meaning, code: 'not_supported' } } : judged;
}

function inUpload(meaning: AnswerMeaning, context: CallContext): AnswerMeaning {
  return meaning.code === 'object_missing' && context.isInUpload ? { code: 'upload_missing' } : meaning;
}

function wordsOfS3(answer: ErrorAnswer): string {
  const clock = answer.code === 'RequestTimeTooSkewed' ? "this machine's clock is wrong: " : '';
  const saying = answer.message ?? answer.code ?? `HTTP status ${answer.status}`;
  const name = answer.code === undefined ? `HTTP ${answer.status}` : `${answer.code}, HTTP ${answer.status}`;
  const request = answer.requestId === undefined ? '' : `, request ${answer.requestId}`;
  return `${clock}${saying} (${name}${request})`;
}

function hintOf(answer: ErrorAnswer): string | undefined {
  if (answer.region === undefined && answer.redirect === undefined) return undefined;
  const region = answer.region === undefined ? '' : ` region ${answer.region}`;
  const endpoint = answer.redirect === undefined ? '' : ` endpoint ${shownUrl(answer.redirect)}`;
  return `The server points to${region}${endpoint}; set the profile so.`;
}

const HELD_ENDPOINT: AnswerMeaning = { code: 'answer_invalid', answer: 'hold', holds: 'endpoint' };
const STRANGER_HINT =
  'A proxy, a login page or another server answers in place of the object store; all goes on by itself once the store answers. If it stays so, check the endpoint of the profile.';

/** Statuses of those between, with words of their own (RFC 9110, 15; RFC 6585, 6). */
const BETWEEN: Readonly<Record<number, { readonly words: string; readonly hint: string }>> = {
  407: {
    words: 'the proxy wants a user name and password',
    hint: 'Put them into the address of the proxy, or let the object store be reached without it.',
  },
  421: {
    words: 'the server that answers does not serve this host name',
    hint: 'Check the endpoint of the profile, and what its name resolves to.',
  },
  511: {
    words: 'the network wants somebody to log in',
    hint: 'Log in at the network; all goes on by itself then.',
  },
};

function judgeStranger(answer: ErrorAnswer): Judgement {
  const { status, page } = answer;
  // These say when, or that it is no lasting refusal, whoever speaks.
  if (status === 408)
    return { meaning: { code: 'timed_out' }, words: `the server waited too long (HTTP 408)` };
  if (status === 429 || status === 425)
    return {
      meaning: { code: 'slow_down', answer: 'retry' },
      words: `asked to come again later (HTTP ${status})`,
    };
  if ((status === 403 || status === 503) && answer.retryAfterMs !== undefined) {
    return {
      meaning: { code: 'bucket_unavailable', answer: 'retry' },
      words: `asked to come again later (HTTP ${status} with ${page ?? 'no words'})`,
    };
  }
  const between = BETWEEN[status];
  if (between !== undefined) {
    const seen = page === undefined || page === 'no words' ? '' : `, with ${page}`;
    return { meaning: HELD_ENDPOINT, words: `${between.words} (HTTP ${status}${seen})`, hint: between.hint };
  }
  if (answer.redirect !== undefined && status >= 300 && status < 400) {
    const target = shownUrl(answer.redirect);
    return {
      meaning: HELD_ENDPOINT,
      words: `no S3 server answers, but a redirect to ${target} (HTTP ${status})`,
      hint: /^https:/.test(target) ? `${STRANGER_HINT} It may want https:// there.` : STRANGER_HINT,
    };
  }
  return {
    meaning: HELD_ENDPOINT,
    words: `no S3 server answers, but somebody with ${page ?? 'no words'} (HTTP ${status})`,
    hint: STRANGER_HINT,
  };
}

/** An address as far as it helps and holds no secret: no user, no query. */
function shownUrl(address: string): string {
  const url = URL.parse(address);
  if (url === null) return `"${oneLine(address.replace(/[?#].*$/s, ''), 200)}"`;
  return oneLine(`${url.protocol}//${url.host}${url.pathname}`, 200);
}

/**
 * The ETag of a good answer to a body; empty where an S3 server gave none, so that the object has to be asked for.
 * @param storedCrc32 as the answer names it, if it does
 * @param sentCrc32 of what was sent, where it is known
 * @throws SluiceError checksum_mismatch
 */
export function assertStored(
  call: CallContext,
  etag: string | undefined,
  storedCrc32: string | undefined,
  sentCrc32: string | undefined,
): string {
  if (storedCrc32 !== undefined && sentCrc32 !== undefined && !sameCrc32(storedCrc32, sentCrc32)) {
    const words = `the store computed CRC32 ${oneLine(storedCrc32, 20)}, sent was ${sentCrc32}`;
    throw new SluiceError('checksum_mismatch', `${call.operation} ${call.subject}: ${words}`, {
      operation: call.operation,
      subject: call.subject,
    });
  }
  return etag ?? '';
}

/** Base64 with or without its padding. */
function sameCrc32(left: string, right: string): boolean {
  return left.replace(/=+$/, '') === right.replace(/=+$/, '');
}
