import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { trustedWith } from '../../../base/http-agent.ts';
import type {
  BucketCallOptions,
  GetOptions,
  HeadOptions,
  MultipartUpload,
  ObjectAddress,
  ObjectBody,
  ObjectHead,
  ObjectListOptions,
  ObjectPage,
  ObjectProperties,
  ObjectSource,
  ObjectStore,
  PendingUpload,
  PutOptions,
  PutResult,
  StoreKey,
  StoreLimits,
  TransferOptions,
  UploadedPart,
} from '../bucket.ts';
import { assertAddress, assertBucket } from '../names.ts';
import { ControlCalls } from './control.ts';
import { customerKeyHeaders } from './customer-key.ts';
import { Heads } from './heads.ts';
import { Keys } from './keys.ts';
import { Listing } from './listing.ts';
import { HotPath } from './objects.ts';
import type { S3Profile } from './profile.ts';
import { Requests } from './requests.ts';
import { SdkClients } from './sdk.ts';
import { SdkObjects } from './sdk-objects.ts';
import { Session } from './session.ts';
import { SmallTransport } from './small-transport.ts';
import { StreamTransport } from './stream-transport.ts';
import type { TransportOptions } from './transport.ts';

export interface S3StoreOptions extends Partial<TransportOptions> {
  readonly clock: Clock;
  /** Reads the profile anew from its file; undefined where it is no longer there. */
  readonly reread?: (() => Promise<S3Profile | undefined>) | undefined;
}

/** Amazon S3 user guide, "Amazon S3 multipart upload limits"; the compatible servers keep to it. */
const LIMITS: StoreLimits = {
  maxSinglePutBytes: 5 * 2 ** 30,
  minPartBytes: 5 * 2 ** 20,
  maxPartBytes: 5 * 2 ** 30,
  maxParts: 10_000,
};

const TRANSPORT_DEFAULTS: TransportOptions = {
  idleTimeoutMs: 60_000,
  minBytesPerSecond: 32 * 1024,
  connectTimeoutMs: 10_000,
  answerTimeoutMs: 60_000,
  maxConnections: 256,
};

/**
 * An ObjectStore on an S3 server: hot path and listings by hand, control calls by the AWS SDK. Opens no connection until the first
 * call.
 */
export class S3Store implements ObjectStore {
  readonly description: string;
  readonly limits = LIMITS;
  readonly key: StoreKey;
  readonly #hot: HotPath;
  readonly #heads: Heads;
  readonly #listing: Listing;
  /** Whichever sends bodies: `hot`, or the SDK where the profile says so. */
  readonly #bodies: Pick<HotPath, 'putObject' | 'uploadPart'>;
  readonly #control: ControlCalls;
  readonly #small: SmallTransport;
  readonly #stream: StreamTransport;
  readonly #clients: SdkClients;
  readonly #session: Session;
  #closing: Promise<void> | undefined;

  constructor(profile: S3Profile, options: S3StoreOptions) {
    const { clock, reread, ...rest } = options;
    const { proxy } = profile;
    const transport: TransportOptions = {
      ...TRANSPORT_DEFAULTS,
      proxy,
      ca: trustedWith(profile.ca),
      ...rest,
    };
    const session = new Session(profile, clock);
    this.#session = session;
    const keys = new Keys(profile, { clock, reread });
    this.key = {
      adopt: next => keys.adopt(next as S3Profile),
      mark: () => keys.mark(),
      awaited: () => keys.awaited(),
      onChange: listener => keys.onChange(listener),
    };
    this.description = `${profile.provider} ${profile.endpoint}${proxy ? ` through ${proxy.description}` : ''}`;
    this.#small = new SmallTransport(transport, clock);
    this.#stream = new StreamTransport(transport, clock);
    this.#clients = new SdkClients(keys, session, {
      small: this.#small,
      transport,
      clock,
      endpoint: profile.endpoint,
      customerKey: profile.customerKey,
    });
    const contentHeaders = customerKeyHeaders(profile.customerKey);
    const requests = new Requests({ session, keys, clock, contentHeaders });
    this.#listing = new Listing(requests, this.#small);
    this.#control = new ControlCalls(this.#clients, this.#listing, profile.endpoint);
    this.#hot = new HotPath({ requests, session, small: this.#small, stream: this.#stream });
    this.#heads = new Heads({ requests, session, small: this.#small, listing: this.#listing });
    this.#bodies = profile.transport === 'sdk' ? new SdkObjects(this.#clients) : this.#hot;
  }

  clockOffsetMs(): number {
    return this.#session.clockOffsetMs;
  }

  async listBuckets(options: BucketCallOptions = {}): Promise<string[]> {
    return this.#control.listBuckets(options);
  }

  async headBucket(bucket: string, options: BucketCallOptions = {}): Promise<void> {
    assertBucket(bucket);
    return this.#control.headBucket(bucket, options);
  }

  async putObject(at: ObjectAddress, source: ObjectSource, options: PutOptions = {}): Promise<PutResult> {
    assertAddress(at);
    try {
      const result = await this.#bodies.putObject(at, source, options);
      this.#session.noteWhole(at.bucket);
      return result;
    } catch (error) {
      await this.#reportMissingBucket(at.bucket, error, options);
      throw error;
    }
  }

  /**
   * The SDK loses an answer that comes while it is still sending to a server that then closes the connection. The
   * commonest of them can be asked for again: throws `bucket_missing` where that is the cause.
   */
  async #reportMissingBucket(bucket: string, error: unknown, { signal }: BucketCallOptions): Promise<void> {
    const isLost = error instanceof SluiceError && error.code === 'connection_lost';
    if (this.#bodies === this.#hot || !isLost) return;
    await this.#control.headBucket(bucket, { signal }).catch(answer => {
      if (answer instanceof SluiceError && answer.code === 'bucket_missing') throw answer;
    });
  }

  async headObject(at: ObjectAddress, options: HeadOptions = {}): Promise<ObjectHead | undefined> {
    assertAddress(at);
    return this.#heads.headObject(at, options);
  }

  async getObject(at: ObjectAddress, options: GetOptions = {}): Promise<ObjectBody> {
    assertAddress(at);
    return this.#control.getObject(at, options);
  }

  async deleteObject(at: ObjectAddress, options: BucketCallOptions = {}): Promise<void> {
    assertAddress(at);
    return this.#control.deleteObject(at, options);
  }

  async listObjects(bucket: string, options: ObjectListOptions = {}): Promise<ObjectPage> {
    assertBucket(bucket);
    return this.#listing.listObjects(bucket, options);
  }

  async createUpload(
    at: ObjectAddress,
    options: ObjectProperties & BucketCallOptions = {},
  ): Promise<MultipartUpload> {
    assertAddress(at);
    return this.#session.inParts(at.bucket, () => this.#control.createUpload(at, options));
  }

  async uploadPart(
    upload: MultipartUpload,
    partNumber: number,
    source: ObjectSource,
    options: TransferOptions = {},
  ): Promise<UploadedPart> {
    return this.#bodies.uploadPart(upload, partNumber, source, options);
  }

  async listParts(upload: MultipartUpload, options: BucketCallOptions = {}): Promise<UploadedPart[]> {
    return this.#control.listParts(upload, options);
  }

  async completeUpload(
    upload: MultipartUpload,
    parts: readonly UploadedPart[],
    options: BucketCallOptions = {},
  ): Promise<PutResult> {
    return this.#control.completeUpload(upload, parts, options);
  }

  async abortUpload(upload: MultipartUpload, options: BucketCallOptions = {}): Promise<void> {
    return this.#control.abortUpload(upload, options);
  }

  async listUploads(
    bucket: string,
    options: { readonly prefix?: string } & BucketCallOptions = {},
  ): Promise<PendingUpload[]> {
    assertBucket(bucket);
    return this.#control.listUploads(bucket, options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#small.close();
    this.#stream.close();
    this.#clients.close();
  }
}
