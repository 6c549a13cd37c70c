import { type HttpHeaders, headerOf, readRetryAfterMs } from '../../../base/http-headers.ts';

/** What an S3 server answered when it did not do what was asked, from whichever transport. */
export interface ErrorAnswer {
  readonly status: number;
  /** S3's error code, `NoSuchBucket`; undefined where the body holds none (HEAD, proxies). */
  readonly code?: string;
  readonly message?: string;
  readonly requestId?: string;
  /** Region in which the bucket lies, where the server says so. */
  readonly region?: string;
  /** Where a redirect points: Location header, or Endpoint of the error. */
  readonly redirect?: string;
  readonly retryAfterMs?: number;
  /** The server's clock, from the Date header. */
  readonly serverTimeMs?: number;
  /** The body is a web page: something else than S3 answers. */
  readonly isWebPage: boolean;
}

/** An unsuccessful answer on its way from a transport to the place that corrects or classifies it; never leaves s3/. */
export class AnswerError extends Error {
  readonly answer: ErrorAnswer;
  constructor(answer: ErrorAnswer) {
    super(answer.message ?? answer.code ?? `HTTP ${answer.status}`);
    this.answer = answer;
  }
}

/** More of an error body than this is not read. */
export const MAX_ERROR_BODY_BYTES = 64 * 1024;

/**
 * Reads an error answer (Amazon S3 API reference, "Error responses"). Takes what it can from a body that is cut short,
 * and nothing from one that is not XML; never throws.
 * @param nowMs this machine's time, for a Retry-After given as a date
 */
export function readErrorAnswer(
  status: number,
  headers: HttpHeaders,
  body: Buffer,
  nowMs: number,
): ErrorAnswer {
  const text = body.subarray(0, MAX_ERROR_BODY_BYTES).toString('utf8');
  const isWebPage = /<html|<!doctype html/i.test(text.slice(0, 1024));
  const element = (name: string): string | undefined => (isWebPage ? undefined : elementOf(text, name));
  const serverTimeMs = Date.parse(headerOf(headers, 'date') ?? '');
  const retryAfterMs = readRetryAfterMs(headerOf(headers, 'retry-after'), nowMs);
  return {
    status,
    code: element('Code') ?? headerOf(headers, 'x-minio-error-code'),
    message: element('Message') ?? (isWebPage ? undefined : headerOf(headers, 'x-minio-error-desc')),
    requestId: element('RequestId') ?? headerOf(headers, 'x-amz-request-id'),
    region: element('Region') ?? headerOf(headers, 'x-amz-bucket-region'),
    redirect: headerOf(headers, 'location') ?? element('Endpoint'),
    retryAfterMs,
    serverTimeMs: Number.isNaN(serverTimeMs) ? undefined : serverTimeMs,
    isWebPage,
  };
}

/**
 * Text of the first element of a name; with its end missing, undefined. Error bodies do not nest the ones asked for.
 */
function elementOf(xml: string, name: string): string | undefined {
  const begin = xml.indexOf(`<${name}>`);
  if (begin < 0) return undefined;
  const from = begin + name.length + 2;
  const to = xml.indexOf('<', from);
  if (to < 0) return undefined;
  const text = unescapeXml(xml.slice(from, to)).trim();
  return text === '' ? undefined : text.slice(0, 1000);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? '');
}
