import { randomUUID } from 'node:crypto';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { BucketCallOptions, ObjectAddress, ObjectStore, PutResult } from './bucket.ts';
import { crc32Of, verifyObject } from './checksum.ts';
import { NO_KEY_OPERATION } from './credentials/provided-key.ts';
import { type AcknowledgedObject, proveObject } from './prove.ts';

export type ProbeStepName =
  | 'reach'
  | 'authenticate'
  | 'list buckets'
  | 'head bucket'
  | 'put'
  | 'head'
  | 'put streamed'
  | 'put in parts'
  | 'delete';

export interface ProbeStep {
  readonly step: ProbeStepName;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  /** What was found, as a sentence. */
  readonly words: string;
  /** What to do about it; for failed steps, and for skipped ones that cost something. */
  readonly hint?: string;
}

export interface ProbeOptions {
  /** Buckets to look at; those listed where none are named. */
  readonly buckets?: readonly string[];
  /** Put, head and delete objects of names of its own in the first bucket that answers, one for each way of sending. */
  readonly writes: boolean;
  readonly signal?: AbortSignal;
}

/** Errors that show that nobody answered. */
const UNREACHED = [
  'host_unknown',
  'host_unreachable',
  'connection_lost',
  'timed_out',
  'tls_failed',
  'disk_failed',
];
/** Refusals that only a server gives that has looked at the key and knows it. */
const KEY_IS_KNOWN = [
  'access_denied',
  'bucket_missing',
  'object_missing',
  'bucket_full',
  'encryption_key_unusable',
];

const PROBE_BODY = Buffer.from('sluice doctor was here; this object may be deleted\n');
/** Larger than what is sent from memory in one piece, so that it is streamed as large files are. */
const STREAMED_BODY = Buffer.alloc(1024 * 1024 + 1, PROBE_BODY);

/**
 * Tries out a profile as `sluice doctor` shows it: reach, authenticate, list or head the buckets, put a probe object in
 * each way that files are sent in, ask for it and delete it. Never throws for what the store does; a step that cannot be taken is skipped and says why. May
 * be called again; the probe object is removed even where a step between fails.
 */
export async function probeProfile(store: ObjectStore, options: ProbeOptions): Promise<ProbeStep[]> {
  const steps: ProbeStep[] = [];
  const call = { signal: options.signal };
  const listed = await attempt(() => store.listBuckets(call));
  const named = options.buckets ?? ('value' in listed ? listed.value : []);
  // Where listing is not permitted, the heads of the buckets have to show the rest.
  const heads = await probeHeads(store, named, call);
  const first = 'value' in listed ? listed : (heads.find(head => 'value' in head.result)?.result ?? listed);
  steps.push(...contactSteps(store, first));
  if (steps.some(({ outcome }) => outcome === 'failed')) return steps;
  steps.push(listStep(listed, options.buckets !== undefined));
  for (const { bucket, result } of heads) {
    steps.push(
      'value' in result
        ? { step: 'head bucket', outcome: 'ok', words: `bucket "${bucket}" is there` }
        : failedStep('head bucket', result.error),
    );
  }
  const bucket = heads.find(head => 'value' in head.result)?.bucket;
  steps.push(...(await probeObject(store, bucket, options)));
  return steps;
}

type Attempt<T> = { readonly value: T } | { readonly error: SluiceError };

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: asSluiceError(error) };
  }
}

function failedStep(step: ProbeStepName, error: SluiceError): ProbeStep {
  return { step, outcome: 'failed', words: `${error.message} [${error.code}]`, hint: error.hint };
}

async function probeHeads(
  store: ObjectStore,
  buckets: readonly string[],
  call: { readonly signal?: AbortSignal },
): Promise<{ bucket: string; result: Attempt<void> }[]> {
  const heads: { bucket: string; result: Attempt<void> }[] = [];
  for (const bucket of buckets) {
    heads.push({ bucket, result: await attempt(() => store.headBucket(bucket, call)) });
  }
  return heads;
}

/** Whether somebody answered, and whether they know the key. */
function contactSteps(store: ObjectStore, first: Attempt<unknown>): ProbeStep[] {
  if ('error' in first && first.error.operation === NO_KEY_OPERATION) {
    return [skippedStep('reach', 'there is no key to ask with'), failedStep('authenticate', first.error)];
  }
  if ('error' in first && wasNotReached(first.error)) {
    return [failedStep('reach', first.error), skippedStep('authenticate', 'no object store answered')];
  }
  const reached: ProbeStep = { step: 'reach', outcome: 'ok', words: `${store.description} answers` };
  if (!('error' in first))
    return [reached, { step: 'authenticate', outcome: 'ok', words: 'the key is accepted' }];
  const { error } = first;
  const isKnown = KEY_IS_KNOWN.includes(error.code) && error.holds !== 'profile';
  if (isKnown)
    return [reached, { step: 'authenticate', outcome: 'ok', words: `the key is known (${error.code})` }];
  if (error.code === 'not_supported') {
    return [
      reached,
      skippedStep('authenticate', 'the server lists no buckets, so nothing shows yet that it knows the key'),
    ];
  }
  return [reached, failedStep('authenticate', error)];
}

/** Nobody answered, or somebody else than the store: a proxy, a login page, a certificate that is not its own. */
function wasNotReached({ code, answer, holds }: SluiceError): boolean {
  // Whoever finds the clock wrong is the store.
  if (code === 'clock_skew') return false;
  return UNREACHED.includes(code) || (answer === 'hold' && holds === 'endpoint');
}

function skippedStep(step: ProbeStepName, words: string, hint?: string): ProbeStep {
  return { step, outcome: 'skipped', words, hint };
}

function listStep(listed: Attempt<string[]>, areNamed: boolean): ProbeStep {
  if ('value' in listed) {
    const { value } = listed;
    const names = value.slice(0, 10).join(', ') + (value.length > 10 ? ', …' : '');
    const words =
      value.length === 0 ? 'there are no buckets that this key can see' : `${value.length} found: ${names}`;
    return { step: 'list buckets', outcome: 'ok', words };
  }
  const { code } = listed.error;
  if (code !== 'access_denied' && code !== 'not_supported') return failedStep('list buckets', listed.error);
  const hint = areNamed
    ? undefined
    : 'Name a bucket to have it probed; uploads ask for each bucket on its own.';
  return skippedStep(
    'list buckets',
    'this key may not list buckets; that is fine for keys of a single bucket',
    hint,
  );
}

async function probeObject(
  store: ObjectStore,
  bucket: string | undefined,
  options: ProbeOptions,
): Promise<ProbeStep[]> {
  const isWhole = store.limits.maxSinglePutBytes === Number.POSITIVE_INFINITY;
  const larger: readonly ProbeStepName[] = isWhole ? [] : ['put streamed', 'put in parts'];
  const all: readonly ProbeStepName[] = ['put', 'head', ...larger, 'delete'];
  if (!options.writes) return all.map(step => skippedStep(step, 'not asked for'));
  if (bucket === undefined) return all.map(step => skippedStep(step, 'there is no bucket to try it in'));
  const call = { signal: options.signal };
  const at = { bucket, key: `.sluice-probe-${randomUUID()}` };
  const subject = `${bucket}/${at.key}`;
  const put = await attempt(() =>
    store.putObject(at, { body: PROBE_BODY }, { ...call, contentType: 'text/plain' }),
  );
  if ('error' in put) {
    return [failedStep('put', put.error), ...all.slice(1).map(step => skippedStep(step, 'nothing was put'))];
  }
  const steps: ProbeStep[] = [putStep('put', `stored ${subject}`, put.value)];
  steps.push(headStep(await attempt(() => store.headObject(at, { ...call, checksum: true }))));
  if (!isWhole) {
    // Under the same key: where the key may not delete, one object is left behind and no more.
    steps.push(await probeWay('put streamed', store, options, () => putStreamed(store, at, call)));
    steps.push(await probeWay('put in parts', store, options, () => putInParts(store, at, call)));
  }
  const removed = await attempt(() => store.deleteObject(at, call));
  steps.push(
    'value' in removed
      ? { step: 'delete', outcome: 'ok', words: `removed ${subject}` }
      : undeletedStep(removed.error, subject),
  );
  return steps;
}

/** A step that stored something; where it was sent in another way than the profile's, that is said. */
function putStep(step: ProbeStepName, words: string, { departure }: Pick<PutResult, 'departure'>): ProbeStep {
  if (departure === undefined) return { step, outcome: 'ok', words };
  return {
    step,
    outcome: 'ok',
    words: `${words}, ${departure}: the server refuses the profile's own way`,
    hint: 'Files arrive all the same. "checksum" in the profile (trailer, header, md5 or sha256) spares the refused request.',
  };
}

/** Stores an object in one way, and asks whether it arrived as it was. */
async function probeWay(
  step: ProbeStepName,
  store: ObjectStore,
  { signal }: ProbeOptions,
  put: () => Promise<AcknowledgedObject & Pick<PutResult, 'departure'>>,
): Promise<ProbeStep> {
  const words = `${STREAMED_BODY.length} bytes arrived`;
  const sent = await attempt(async () => {
    const object = await put();
    return proveObject(store, object, { signal, checksum: true }).then(
      () => object,
      async error => {
        // Stored with its framing, perhaps: what was learned of it is tried at once.
        if (!(error instanceof SluiceError) || error.code !== 'checksum_mismatch') throw error;
        const again = await put();
        await proveObject(store, again, { signal, checksum: true });
        return again;
      },
    );
  });
  return 'value' in sent ? putStep(step, words, sent.value) : failedStep(step, sent.error);
}

async function putStreamed(
  store: ObjectStore,
  at: ObjectAddress,
  call: BucketCallOptions,
): Promise<AcknowledgedObject & Pick<PutResult, 'departure'>> {
  const { etag, departure } = await store.putObject(at, { body: STREAMED_BODY }, call);
  const expected = { size: STREAMED_BODY.length, crc32: crc32Of(STREAMED_BODY) };
  return { at, etag, expected, isAnswered: false, departure };
}

async function putInParts(
  store: ObjectStore,
  at: ObjectAddress,
  call: BucketCallOptions,
): Promise<AcknowledgedObject & Pick<PutResult, 'departure'>> {
  const upload = await store.createUpload(at, call);
  try {
    const parts = [await store.uploadPart(upload, 1, { body: STREAMED_BODY }, call)];
    const { etag, departure } = await store.completeUpload(upload, parts, call);
    const expected = { size: STREAMED_BODY.length, crc32: crc32Of(STREAMED_BODY), parts };
    return { at, etag, expected, isAnswered: false, departure };
  } catch (error) {
    await attempt(() => store.abortUpload(upload));
    throw error;
  }
}

function headStep(head: Attempt<Awaited<ReturnType<ObjectStore['headObject']>>>): ProbeStep {
  if ('error' in head) {
    if (head.error.code !== 'not_supported') return failedStep('head', head.error);
    return skippedStep(
      'head',
      'the server does not offer HEAD',
      'Deliveries are confirmed by the answer to PUT alone.',
    );
  }
  if (head.value === undefined) {
    const error = new SluiceError('object_missing', 'the object just stored is not there', {
      hint: 'The server is not consistent, or something else deletes objects; look at its life-cycle rules.',
    });
    return failedStep('head', error);
  }
  const result = verifyObject(head.value, { size: PROBE_BODY.length, crc32: crc32Of(PROBE_BODY) });
  if ('differs' in result) return failedStep('head', new SluiceError('checksum_mismatch', result.differs));
  if ('open' in result) return { step: 'head', outcome: 'ok', words: `it is there; ${result.open}` };
  const words =
    result.agrees === 'checksum'
      ? 'size and checksum agree'
      : 'the size agrees; the server shows no checksum';
  return { step: 'head', outcome: 'ok', words };
}

/** Upload-only keys are common and fine, but the probe stays behind. */
function undeletedStep(error: SluiceError, subject: string): ProbeStep {
  if (error.code !== 'access_denied') return failedStep('delete', error);
  return skippedStep(
    'delete',
    'this key may not delete; uploads do not need it',
    `Remove ${subject} by hand.`,
  );
}
