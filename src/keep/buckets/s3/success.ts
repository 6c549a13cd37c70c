import { headerOf } from '../../../base/http-headers.ts';
import { type ErrorAnswer, hasErrorDocument, hasS3Marks, readErrorAnswer, rootOf } from './answer.ts';
import type { WireAnswer } from './transport.ts';

/**
 * What is wrong with an answer, undefined where it is the success of an S3 server. A 2xx alone is none: login pages give
 * it to anything, and S3 itself puts the failure of a long operation behind it. Pure.
 * @param method of the request
 * @param nowMs this machine's time
 * @param bucket that the request was about
 */
export function refusalIn(
  answer: WireAnswer,
  method: string,
  nowMs: number,
  bucket?: string,
): ErrorAnswer | undefined {
  const { status, headers, body } = answer;
  const read = (): ErrorAnswer => readErrorAnswer(status, headers, body, nowMs, bucket);
  if (status < 200 || status >= 300) return read();
  if (hasErrorDocument(body, headers)) return read();
  return isOfS3(answer, method) ? undefined : asStranger(answer, read());
}

function asStranger(answer: WireAnswer, read: ErrorAnswer): ErrorAnswer {
  if (read.speaker === 'stranger') return read;
  // No word of S3's, but marks that anybody may pass on.
  return { ...readErrorAnswer(answer.status, {}, answer.body, 0), redirect: read.redirect };
}

function isOfS3({ status, headers, body }: WireAnswer, method: string): boolean {
  const hasMarks = hasS3Marks(headers);
  const hasETag = headerOf(headers, 'etag') !== undefined;
  const type = headerOf(headers, 'content-type') ?? '';
  // Of an object any type may be told, with its ETag; S3 itself speaks neither HTML nor JSON.
  const isPage = /html|json/i.test(type);
  if (isPage && (method === 'HEAD' ? !hasETag : body.length > 0)) return false;
  const isBlank = body.length === 0 || body.toString('latin1', 0, 1024).trim() === '';
  // Nothing answers a removal with an empty 204 but who has removed, or never had it.
  if (isBlank) return hasMarks || hasETag || (method === 'DELETE' && status === 204);
  const root = rootOf(body, headers);
  if (root !== undefined) return isResult(root) || hasMarks;
  return hasMarks && hasETag;
}

/** Root elements of S3's documents: `ListBucketResult`, `CompleteMultipartUploadResult`, `LocationConstraint` … */
function isResult(root: string): boolean {
  return /(result|output|constraint|configuration|status)$/i.test(root);
}
