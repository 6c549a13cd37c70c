import { brotliDecompressSync, constants, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { type HttpHeaders, headerOf, readRetryAfterMs } from '../../../base/http-headers.ts';
import { oneLine } from '../../../base/text.ts';

/**
 * Whose word an unsuccessful answer is.
 *
 * - `document`: S3's: its own error document, whole, and about this bucket where it names one.
 * - `cut`: the beginning of such a document, its code included.
 * - `marks`: no body, but headers that only S3 servers send; all that can be had of HEAD.
 * - `stranger`: anything else. A proxy, a login page or a gateway speaks, and says nothing of any object.
 */
export type Speaker = 'document' | 'cut' | 'marks' | 'stranger';

/** What was answered when an S3 server did not do what was asked, from whichever transport. */
export interface ErrorAnswer {
  readonly status: number;
  readonly speaker: Speaker;
  /** S3's error code, `NoSuchBucket`; undefined where the speaker gave none. */
  readonly code?: string;
  /** One line, as all texts here. */
  readonly message?: string;
  readonly requestId?: string;
  /** Region in which the bucket lies, where the server says so. */
  readonly region?: string;
  /** Where a redirect points: Location header, or Endpoint of the error. */
  readonly redirect?: string;
  readonly retryAfterMs?: number;
  /** The server's clock, from the error's ServerTime or the Date header. */
  readonly serverTimeMs?: number;
  /** What a stranger sent, in words for a message: `a web page titled "Welcome"`. */
  readonly page?: string;
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
 * Reads an unsuccessful answer (Amazon S3 API reference, "Error responses"). Takes what it can from a body that is cut
 * short, and no code from one that is not S3's error document; never throws.
 * @param nowMs this machine's time, for a Retry-After given as a date
 * @param bucket that the request was about
 */
export function readErrorAnswer(
  status: number,
  headers: HttpHeaders,
  body: Buffer,
  nowMs: number,
  bucket?: string,
): ErrorAnswer {
  const text = textOf(body, headers);
  const document = readErrorDocument(text);
  const isAboutAnother = document !== undefined && isOfAnotherBucket(document, bucket);
  const own = isAboutAnother ? undefined : document;
  const speaker = own?.speaker ?? (text.trim() === '' && hasS3Marks(headers) ? 'marks' : 'stranger');
  const isS3 = speaker !== 'stranger';
  const mark = (name: string): string | undefined => (isS3 ? headerOf(headers, name) : undefined);
  const dateMs = Date.parse(headerOf(headers, 'date') ?? '');
  const serverTimeMs = own === undefined ? dateMs : Date.parse(own.element('ServerTime') ?? '') || dateMs;
  // Whoever names a time means it by the clock that the answer itself names.
  const theirNowMs = Number.isNaN(dateMs) ? nowMs : dateMs;
  return {
    status,
    speaker,
    code: own?.code ?? mark('x-minio-error-code'),
    message: own?.element('Message') ?? mark('x-minio-error-desc'),
    requestId: own?.element('RequestId') ?? mark('x-amz-request-id'),
    region: own?.element('Region') ?? mark('x-amz-bucket-region'),
    redirect: headerOf(headers, 'location') ?? own?.element('Endpoint'),
    retryAfterMs: readRetryAfterMs(headerOf(headers, 'retry-after'), theirNowMs),
    serverTimeMs: Number.isNaN(serverTimeMs) ? undefined : serverTimeMs,
    page: isS3 ? undefined : pageOf(text, headers),
  };
}

/**
 * Whether headers are those of an S3 server: `x-amz-request-id`, `x-amz-bucket-region` and their like (Amazon S3 API
 * reference, "Common Response Headers"; MinIO and Ceph add some of their own). A content network's `x-amz-cf-…` and a
 * gateway's `x-amzn-…` are none.
 */
export function hasS3Marks(headers: HttpHeaders): boolean {
  for (const name in headers) {
    if (/^x-(amz-(?!cf-)|minio-|rgw-)/.test(name) && headers[name] !== undefined) return true;
  }
  return false;
}

/** S3's error document in the body of an answer that says 2xx, as late failures of a long operation come; undefined: none. */
export function hasErrorDocument(body: Buffer, headers: HttpHeaders): boolean {
  return body.length > 0 && readErrorDocument(textOf(body, headers)) !== undefined;
}

/** Name of the root element of an XML document, without its prefix; undefined where it is none, or a web page. */
export function rootOf(body: Buffer, headers: HttpHeaders): string | undefined {
  return rootElement(textOf(body, headers))?.name;
}

interface ErrorDocument {
  readonly speaker: 'document' | 'cut';
  readonly code: string;
  readonly element: (name: string) => string | undefined;
}

/** `Error`, and `ErrorResponse` around it, as AWS's older protocols have it. */
function readErrorDocument(text: string): ErrorDocument | undefined {
  const root = rootElement(text);
  if (root === undefined || !/^error(response)?$/i.test(root.name)) return undefined;
  const element = (name: string): string | undefined => elementOf(root.content, name);
  const code = element('Code');
  if (code === undefined || !/^[A-Za-z][\w.-]{0,99}$/.test(code)) return undefined;
  return { speaker: root.isWhole ? 'document' : 'cut', code, element };
}

/** A store on the same content network, or a page on somebody's bucket, may answer with an error of its own. */
function isOfAnotherBucket(document: ErrorDocument, bucket: string | undefined): boolean {
  const named = document.element('BucketName');
  return bucket !== undefined && named !== undefined && !named.includes(bucket);
}

/** Root element of an XML document, whatever stands before it. */
function rootElement(text: string): { name: string; content: string; isWhole: boolean } | undefined {
  const match = /^(?:\s|<\?[^>]*\?>|<!--[\s\S]*?-->)*<(?:[\w.-]+:)?([A-Za-z]\w*)(?:\s[^>]*)?(>|\/>)/.exec(
    text,
  );
  const name = match?.[1];
  if (match === null || name === undefined || /^html$/i.test(name)) return undefined;
  const content = text.slice(match[0].length);
  const isWhole = match[2] === '/>' || new RegExp(`</(?:[\\w.-]+:)?${name}\\s*>$`).test(content.trimEnd());
  return { name, content, isWhole };
}

/** Text of the first element of a name; with its end missing, undefined. Error bodies do not nest the ones asked for. */
function elementOf(xml: string, name: string): string | undefined {
  const open = new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^>]*)?>`).exec(xml);
  if (open === null) return undefined;
  const rest = xml.slice(open.index + open[0].length);
  const cdata = /^\s*<!\[CDATA\[([\s\S]*?)\]\]>/.exec(rest);
  const to = rest.indexOf('<');
  if (cdata === null && to < 0) return undefined;
  const text = oneLine(cdata?.[1] ?? unescapeXml(rest.slice(0, to)), 1000);
  return text === '' ? undefined : text;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Text of XML with its entities resolved; what is none stays. Pure. */
export function unescapeXml(text: string): string {
  return text.replace(
    /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([\da-fA-F]{1,6}));/g,
    (whole, name, decimal, hex) => {
      if (name !== undefined) return ENTITIES[name] ?? '';
      const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
      return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    },
  );
}

/** A body as text: decompressed, and of UTF-16 where it begins with its mark. What cannot be read is no text. */
function textOf(body: Buffer, headers: HttpHeaders): string {
  const bytes = decompressed(
    body.subarray(0, MAX_ERROR_BODY_BYTES),
    headerOf(headers, 'content-encoding') ?? '',
  );
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf16le' : 'utf8';
  return bytes.toString(encoding).replace(/^\ufeff/, '');
}

const BOUNDED = { maxOutputLength: 16 * MAX_ERROR_BODY_BYTES };

/** Decompressors by the name of their encoding (RFC 9110, 8.4.1; RFC 7932; RFC 8878); what was cut short is read as far as it goes. */
const DECOMPRESSORS: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: body => gunzipSync(body, { ...BOUNDED, finishFlush: constants.Z_SYNC_FLUSH }),
  'x-gzip': body => gunzipSync(body, { ...BOUNDED, finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: body => inflateSync(body, { ...BOUNDED, finishFlush: constants.Z_SYNC_FLUSH }),
  br: body => brotliDecompressSync(body, { ...BOUNDED, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  zstd: body => zstdDecompressSync(body, { ...BOUNDED, finishFlush: constants.ZSTD_e_flush }),
};

/** Body without its encodings, the last one named first; as it is where it is none of what the header says. */
function decompressed(body: Buffer, encoding: string): Buffer {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  const named = encoding
    .toLowerCase()
    .split(',')
    .map(name => name.trim());
  const encodings = isGzip && !named.some(name => /gzip/.test(name)) ? ['gzip'] : named.reverse();
  try {
    return encodings.reduce((bytes, name) => DECOMPRESSORS[name]?.(bytes) ?? bytes, body);
  } catch {
    return body;
  }
}

function pageOf(text: string, headers: HttpHeaders): string {
  const type = headerOf(headers, 'content-type') ?? '';
  if (/html/i.test(type) || /<(!doctype\s+html|html|head|body)\b/i.test(text.slice(0, 1024))) {
    const title = /<title[^>]*>([^<]*)/i.exec(text)?.[1] ?? /<h1[^>]*>([^<]*)/i.exec(text)?.[1] ?? '';
    const line = oneLine(unescapeXml(title), 80);
    return line === '' ? 'a web page' : `a web page titled "${line}"`;
  }
  const beginning = oneLine(text.replaceAll('\ufffd', ' '), 80);
  if (beginning === '') return 'no words';
  return `${/json/i.test(type) ? 'JSON' : 'text'} that begins "${beginning}"`;
}
