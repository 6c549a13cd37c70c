import type { ObjectEntry, ObjectListOptions, ObjectPage } from '../bucket.ts';
import type { Requests } from './requests.ts';
import { encodeStrictly } from './route.ts';
import { unreadableDocument } from './sdk.ts';
import type { Call } from './session.ts';
import { EMPTY_SHA256 } from './signing.ts';
import type { SmallTransport } from './small-transport.ts';
import { xmlElement, xmlEnd, xmlTextOf } from './xml.ts';

/** Largest page that is read: one of a thousand keys of 1 024 bytes, all of them percent-encoded, is an eighth of it. */
const MAX_PAGE_BYTES = 32 * 1024 * 1024;

/**
 * Pages of a bucket's keys (Amazon S3 API reference, ListObjectsV2). Without the SDK, whose reader of XML takes fifteen
 * times as long for an entry: delivery proves what it has sent by such pages.
 */
export class Listing {
  readonly #requests: Requests;
  readonly #small: SmallTransport;

  constructor(requests: Requests, small: SmallTransport) {
    this.#requests = requests;
    this.#small = small;
  }

  /** ObjectStore.listObjects. */
  listObjects(bucket: string, options: ObjectListOptions): Promise<ObjectPage> {
    const call: Call = {
      signal: options.signal,
      method: 'GET',
      operation: 'list objects of',
      subject: bucket,
      bucket,
    };
    const query = queryOf(options);
    return this.#requests.run(call, async (way, key) => {
      const { signal } = options;
      const headers = { 'x-amz-content-sha256': EMPTY_SHA256 };
      const at = { bucket, key: '' };
      const signed = this.#requests.sign(way, key, { method: 'GET', at, query, headers, signal });
      const answer = await this.#small.send({ ...signed, maxAnswerBytes: MAX_PAGE_BYTES });
      this.#requests.assertGood(answer, call);
      const page = readPage(answer.body.toString());
      if (page === undefined) throw unreadableDocument(call);
      return page;
    });
  }
}

function queryOf({ prefix, startAfter, continuation, maxKeys }: ObjectListOptions): string {
  const parameters: readonly (readonly [string, string | number | undefined])[] = [
    ['continuation-token', continuation],
    // Keys may hold characters that XML cannot.
    ['encoding-type', 'url'],
    ['list-type', 2],
    ['max-keys', maxKeys],
    ['prefix', prefix],
    ['start-after', continuation === undefined ? startAfter : undefined],
  ];
  return parameters
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeStrictly(String(value))}`)
    .join('&');
}

const END = xmlEnd('ListBucketResult');
const ENTRY = /<(?:[\w.-]+:)?Contents(?:\s[^>]*)?>([\s\S]*?)<\/(?:[\w.-]+:)?Contents\s*>/g;

/** A page of a listing; undefined where the document is none, or ends in the middle. Never throws. Pure. */
export function readPage(xml: string): ObjectPage | undefined {
  if (!END.test(xml.slice(-1000))) return undefined;
  const objects: ObjectEntry[] = [];
  let head = '';
  let endedAt = 0;
  ENTRY.lastIndex = 0;
  const isEncoded = ENCODING.exec(xml)?.[1]?.trim() === 'url';
  for (let match = ENTRY.exec(xml); match !== null; match = ENTRY.exec(xml)) {
    const entry = match[1] ?? '';
    head += xml.slice(endedAt, match.index);
    endedAt = ENTRY.lastIndex;
    const key = keyOf(xmlTextOf(KEY, entry), isEncoded);
    const size = Number(xmlTextOf(SIZE, entry) || 0);
    if (key === undefined || !Number.isSafeInteger(size)) return undefined;
    objects.push({
      key,
      size,
      etag: xmlTextOf(ETAG, entry),
      lastModifiedMs: Date.parse(xmlTextOf(LAST_MODIFIED, entry)) || 0,
    });
  }
  head += xml.slice(endedAt);
  const isTruncated = xmlTextOf(IS_TRUNCATED, head).trim() === 'true';
  const continuation = isTruncated ? xmlTextOf(CONTINUATION, head) : '';
  return continuation === '' ? { objects } : { objects, continuation };
}

const KEY = xmlElement('Key');
const SIZE = xmlElement('Size');
const ETAG = xmlElement('ETag');
const LAST_MODIFIED = xmlElement('LastModified');
const IS_TRUNCATED = xmlElement('IsTruncated');
const CONTINUATION = xmlElement('NextContinuationToken');
const ENCODING = /<(?:[\w.-]+:)?EncodingType(?:\s[^>]*)?>([^<]*)</;

/** Keys under encoding-type=url are form-encoded: a space is `+` (Amazon S3 API reference, ListObjectsV2). */
function keyOf(text: string, isEncoded: boolean): string | undefined {
  if (text === '') return undefined;
  if (!isEncoded) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', '%20'));
  } catch {
    return undefined;
  }
}
