import { SluiceError } from '../../base/errors.ts';
import type { ObjectAddress, ObjectEntry, ObjectHead, ObjectStore } from './bucket.ts';
import { type ExpectedObject, sameETag, verifyObject } from './checksum.ts';

/** An object that a store has acknowledged. */
export interface AcknowledgedObject {
  readonly at: ObjectAddress;
  /** Of the acknowledgement; empty where it had none. */
  readonly etag: string;
  readonly expected: ExpectedObject;
  /** The acknowledgement itself proves the content (`isProven`, `isProvenInParts`). */
  readonly isAnswered: boolean;
}

/** How far it is proven that a store holds what was sent: by a checksum, by its size, not at all. */
export type Proof = 'checksum' | 'size' | 'none';

/**
 * Asks the store for an object that it has acknowledged. Sends nothing, and may be called again: a question that fails
 * says nothing of the object, and where the acknowledgement proves the content it is not needed.
 * @throws SluiceError checksum_mismatch: what lies there is not what was sent; object_missing, to be asked again: it is not
 *   there, or not yet; whatever the store throws where nothing else proves it
 */
export async function proveObject(
  store: Pick<ObjectStore, 'headObject'>,
  object: AcknowledgedObject,
  options: { readonly signal?: AbortSignal; readonly checksum?: boolean } = {},
): Promise<Proof> {
  const { at, etag, expected, isAnswered } = object;
  const sentSizes = expected.parts?.map(({ size }) => size) ?? [expected.size];
  let head: ObjectHead | undefined;
  try {
    head = await store.headObject(at, { ...options, sentSizes });
  } catch (error) {
    const isCancelled = error instanceof SluiceError && error.answer === 'cancelled';
    if (!isAnswered || isCancelled) throw error;
    return 'checksum';
  }
  if (head === undefined) throw notThere(at);
  const comparison = verifyObject(head, expected);
  if ('differs' in comparison) throw mismatch(at, comparison.differs);
  const isTheAnswered = isAnswered && (head.etag === '' || etag === '' || sameETag(head.etag, etag));
  if (isTheAnswered) return 'checksum';
  return 'open' in comparison ? 'none' : comparison.agrees;
}

/**
 * Whether a bucket's listing shows an object whose acknowledgement proves its content: the very one that was acknowledged,
 * and all of it. What it does not show so may be there all the same. Pure.
 */
export function isShownBy(entry: ObjectEntry, { etag, expected, isAnswered }: AcknowledgedObject): boolean {
  return isAnswered && etag !== '' && entry.size === expected.size && sameETag(entry.etag, etag);
}

/**
 * Whether an object that HEAD shows is the one that an upload in parts was to make, though the answer to its completion
 * got lost: it agrees, and nothing shows that it is an older one. Pure.
 * @param since when the upload began, by this machine's clock, and the `mtime` of its metadata
 */
export function isCompleted(
  head: ObjectHead,
  expected: ExpectedObject,
  since: { readonly startedAtMs: number; readonly mtime: string },
): boolean {
  const comparison = verifyObject(head, expected);
  if (!('agrees' in comparison)) return false;
  if (comparison.agrees === 'checksum') return true;
  const { mtime } = head.metadata;
  if (mtime !== undefined) return mtime === since.mtime;
  const parts = expected.parts?.length ?? 0;
  const isInParts = parts > 0 && head.etag.replaceAll('"', '').endsWith(`-${parts}`);
  const isOlder = head.lastModifiedMs > 0 && head.lastModifiedMs < since.startedAtMs - CLOCK_TOLERANCE_MS;
  return isInParts && !isOlder;
}

/** The store's clock and this one may differ by so much. */
const CLOCK_TOLERANCE_MS = 15 * 60_000;

function notThere({ bucket, key }: ObjectAddress): SluiceError {
  const subject = `${bucket}/${key}`;
  return new SluiceError('object_missing', `${subject} was sent and acknowledged, and is not there (yet)`, {
    operation: 'verify',
    subject,
    answer: 'retry',
  });
}

function mismatch({ bucket, key }: ObjectAddress, words: string): SluiceError {
  const subject = `${bucket}/${key}`;
  return new SluiceError('checksum_mismatch', `${subject} did not arrive as it was sent: ${words}`, {
    operation: 'verify',
    subject,
  });
}
