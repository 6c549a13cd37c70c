import { SluiceError } from '../../../base/errors.ts';
import type { BucketCallOptions } from '../bucket.ts';
import type { Listing } from './listing.ts';
import type { Requests } from './requests.ts';
import { encodeStrictly } from './route.ts';
import { unreadableDocument } from './sdk.ts';
import type { Call } from './session.ts';
import { EMPTY_SHA256 } from './signing.ts';
import type { SmallTransport } from './small-transport.ts';
import { xmlElement, xmlEnd, xmlTextOf } from './xml.ts';

/** Largest list of buckets that is read: a thousand of them are a hundredth of it. */
const MAX_LIST_BYTES = 32 * 1024 * 1024;

export interface BucketCallParts {
  readonly requests: Requests;
  readonly small: SmallTransport;
  readonly listing: Listing;
  /** For messages. */
  readonly endpoint: string;
}

/**
 * Which buckets there are, and whether one is (Amazon S3 API reference, ListBuckets and HeadBucket). Without the SDK: every
 * station asks for them, and for most the SDK would be in memory for nothing else.
 */
export class BucketCalls {
  readonly #parts: BucketCallParts;

  constructor(parts: BucketCallParts) {
    this.#parts = parts;
  }

  /** ObjectStore.listBuckets. */
  async listBuckets({ signal }: BucketCallOptions): Promise<string[]> {
    const { requests, small, endpoint } = this.#parts;
    const call: Call = { signal, method: 'GET', operation: 'list buckets at', subject: endpoint };
    const names: string[] = [];
    let continuation = '';
    do {
      const query = continuation === '' ? '' : `continuation-token=${encodeStrictly(continuation)}`;
      const page = await requests.run(call, async (way, key) => {
        const headers = { 'x-amz-content-sha256': EMPTY_SHA256 };
        const signed = requests.sign(way, key, { method: 'GET', at: {}, query, headers, signal });
        const answer = await small.send({ ...signed, maxAnswerBytes: MAX_LIST_BYTES });
        requests.assertGood(answer, call);
        const read = readBuckets(answer.body.toString());
        if (read === undefined) throw unreadableDocument(call);
        return read;
      });
      names.push(...page.names);
      continuation = page.continuation;
    } while (continuation !== '');
    return names.sort();
  }

  /** ObjectStore.headBucket. */
  async headBucket(bucket: string, options: BucketCallOptions): Promise<void> {
    const { requests, small, listing, endpoint } = this.#parts;
    const { signal } = options;
    const call: Call = { signal, method: 'HEAD', operation: 'head bucket', subject: bucket, bucket };
    try {
      await requests.run(call, async (way, key) => {
        const headers = { 'x-amz-content-sha256': EMPTY_SHA256 };
        const answer = await small.send(
          requests.sign(way, key, { method: 'HEAD', at: { bucket }, headers, signal }),
        );
        requests.assertGood(answer, call);
      });
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      // Without S3's marks a HEAD proves nothing; its like with a body has words.
      if (error.code === 'answer_invalid') {
        await listing.listObjects(bucket, { ...options, maxKeys: 1 });
        return;
      }
      if (error.code !== 'object_missing') throw error;
      // HEAD's 404 has no body to say what is missing; here it can only be the bucket.
      throw new SluiceError('bucket_missing', `there is no bucket "${bucket}" at ${endpoint}`, {
        ...call,
        cause: error,
      });
    }
  }
}

const END = xmlEnd('ListAllMyBucketsResult');
const BUCKET = /<(?:[\w.-]+:)?Bucket(?:\s[^>]*)?>([\s\S]*?)<\/(?:[\w.-]+:)?Bucket\s*>/g;
const NAME = xmlElement('Name');
const CONTINUATION = xmlElement('ContinuationToken');

/** The names in a list of buckets; undefined where the document is none, or ends in the middle. Pure. */
export function readBuckets(
  xml: string,
): { readonly names: string[]; readonly continuation: string } | undefined {
  if (!END.test(xml.slice(-1000))) return undefined;
  const names = [...xml.matchAll(BUCKET)].map(([, entry = '']) => xmlTextOf(NAME, entry));
  return {
    names: names.filter(name => name !== ''),
    continuation: xmlTextOf(CONTINUATION, xml.replaceAll(BUCKET, '')),
  };
}
