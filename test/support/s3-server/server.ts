import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type ServerCredential, verifySignature } from './auth.ts';
import { isStreaming } from './body.ts';
import {
  bucketLocation,
  createBucket,
  deleteBucket,
  listBuckets,
  listObjects,
  listUploads,
} from './buckets.ts';
import { type ContentStorage, memoryStorage } from './contents.ts';
import { errorDocument, S3Error } from './errors.ts';
import { type Fault, Faults, type Quirks } from './faults.ts';
import { abortUpload, completeUpload, createUpload, listParts, uploadPart } from './multipart.ts';
import { deleteObject, getObject, putObject, type Reply, type ServerState, type Work } from './operations.ts';
import { type OperationName, type Routed, routeOf } from './routes.ts';
import type { StoredBucket, StoredObject } from './state.ts';
import { answerFault, faultyChunks, StruckDown, spoiled } from './strike.ts';

export interface S3ServerOptions {
  readonly buckets?: readonly (string | { readonly name: string; readonly region: string })[];
  readonly credentials?: readonly ServerCredential[];
  readonly region?: string;
  /** Hosts `bucket.<domain>` name the bucket. */
  readonly domain?: string;
  readonly storage?: ContentStorage;
  /** Smallest part but the last; Amazon's 5 MiB by default. */
  readonly minPartBytes?: number;
  readonly quirks?: Quirks;
  readonly nowMs?: () => number;
  readonly host?: string;
  readonly port?: number;
  /** The path below which the API lies: `/storage/s3`. */
  readonly prefix?: string;
  /** Certificate and key (PEM): it speaks TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface LoggedRequest {
  readonly operation: OperationName;
  readonly method: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Filled in when the answer is written; 0 where there was none. */
  status: number;
  /** The client's port. */
  readonly port: number | undefined;
  /** When the connection was made, as `performance.now` says it; ports are used again. */
  readonly connectedMs: number;
  /** When the request's head had arrived, in the same way. */
  readonly arrivedMs: number;
  /** ETag of the object that a request put there, as soon as it is there. */
  stored?: string;
}

export interface S3TestServer {
  /** `http://127.0.0.1:port`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credential: ServerCredential;
  readonly faults: Faults;
  readonly quirks: Quirks;
  /** Every request so far, in order of arrival. */
  readonly requests: LoggedRequest[];
  /** Objects of a bucket by key; throws for one that is not there. */
  objects(bucket: string): ReadonlyMap<string, StoredObject>;
  /** Bytes of an object. */
  read(bucket: string, key: string): Promise<Buffer>;
  uploads(bucket: string): StoredBucket['uploads'];
  createBucket(name: string): void;
  deleteBucket(name: string): void;
  /** Connections open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections that were ever opened. */
  readonly opened: number;
  /** Ends all connections; may be called again. */
  stop(): Promise<void>;
}

export const TEST_CREDENTIAL: ServerCredential = {
  accessKeyId: 'AKIDSLUICETEST',
  secretAccessKey: 'test-secret/with+signs=and0123456789',
};

/**
 * A small S3 server for tests that believes nothing: it verifies signatures, payload hashes, checksums, part order and
 * sizes, and fails on command. It passes test/suites/bucket-suite.ts as a real server does (`npm run test:s3`).
 */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3TestServer> {
  const running = new RunningServer(options);
  await running.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  return running;
}

type Operation = (work: Work, bucket: StoredBucket) => Reply | Promise<Reply>;

const OPERATIONS: Partial<Record<OperationName, Operation>> = {
  HeadBucket: () => ({}),
  DeleteBucket: deleteBucket,
  ListObjects: listObjects,
  ListObjectsV2: listObjects,
  ListMultipartUploads: listUploads,
  GetBucketLocation: bucketLocation,
  PutObject: putObject,
  GetObject: getObject,
  HeadObject: getObject,
  DeleteObject: deleteObject,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  ListParts: listParts,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
};

class RunningServer implements S3TestServer {
  readonly faults = new Faults();
  readonly quirks: Quirks;
  readonly requests: LoggedRequest[] = [];
  readonly sockets = new Set<Socket>();
  readonly #connectedMs = new WeakMap<Socket, number>();
  opened = 0;
  readonly region: string;
  readonly credential: ServerCredential;
  readonly #credentials: readonly ServerCredential[];
  readonly #domain: string | undefined;
  readonly #prefix: string;
  readonly #isTls: boolean;
  readonly #state: ServerState;
  readonly #server: Server;
  endpoint = '';

  constructor(options: S3ServerOptions) {
    this.#credentials = options.credentials ?? [TEST_CREDENTIAL];
    this.credential = this.#credentials[0] ?? TEST_CREDENTIAL;
    this.region = options.region ?? 'us-east-1';
    this.quirks = { ...options.quirks };
    this.#domain = options.domain;
    this.#prefix = options.prefix ?? '';
    this.#isTls = options.tls !== undefined;
    const nowMs = options.nowMs ?? Date.now;
    this.#state = {
      region: this.region,
      buckets: new Map(),
      storage: options.storage ?? memoryStorage(),
      minPartBytes: options.minPartBytes ?? 5 * 2 ** 20,
      nowMs: () => nowMs() + (this.quirks.clockOffsetMs ?? 0),
    };
    for (const bucket of options.buckets ?? ['bucket']) {
      const { name, region } = typeof bucket === 'string' ? { name: bucket, region: this.region } : bucket;
      this.#state.buckets.set(name, { name, region, objects: new Map(), uploads: new Map() });
    }
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#handle(request, response, false);
    this.#server = options.tls ? createTlsServer(options.tls, onRequest) : createServer(onRequest);
    this.#server.on('checkContinue', (request, response) => void this.#handle(request, response, true));
    this.#server.on('connection', socket => {
      this.sockets.add(socket);
      this.#connectedMs.set(socket, performance.now());
      this.opened += 1;
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  async listen(port: number, host: string): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const { port: own } = this.#server.address() as AddressInfo;
    this.endpoint = `${this.#isTls ? 'https' : 'http'}://${host}:${own}${this.#prefix}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  objects(bucket: string): ReadonlyMap<string, StoredObject> {
    return this.#bucket(bucket).objects;
  }

  async read(bucket: string, key: string): Promise<Buffer> {
    const content = this.objects(bucket).get(key)?.content;
    if (content === undefined) throw new Error(`no object ${bucket}/${key}`);
    const chunks: Buffer[] = [];
    for await (const chunk of content.read(0, content.size - 1)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  uploads(bucket: string): StoredBucket['uploads'] {
    return this.#bucket(bucket).uploads;
  }

  createBucket(name: string): void {
    this.#state.buckets.set(name, { name, region: this.region, objects: new Map(), uploads: new Map() });
  }

  deleteBucket(name: string): void {
    this.#state.buckets.delete(name);
  }

  #bucket(name: string): StoredBucket {
    const bucket = this.#state.buckets.get(name);
    if (bucket === undefined)
      throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', {
        elements: { BucketName: name },
      });
    return bucket;
  }

  async #handle(request: IncomingMessage, response: ServerResponse, asksFirst: boolean): Promise<void> {
    const routed = routeOf(request, this.#domain, this.#prefix);
    const { operation, bucket, key } = routed;
    const { method = '', url = '', headers } = request;
    const logged: LoggedRequest = {
      operation,
      method,
      bucket,
      key,
      url,
      headers,
      status: 0,
      port: request.socket.remotePort,
      connectedMs: this.#connectedMs.get(request.socket) ?? 0,
      arrivedMs: performance.now(),
    };
    this.requests.push(logged);
    const fault = this.faults.take(operation, key);
    response.on('finish', () => {
      logged.status = response.statusCode;
    });
    try {
      if (fault !== undefined && answerFault(fault, request, response)) return;
      const reply = await this.#perform(request, response, routed, fault, asksFirst);
      if (operation === 'PutObject' || operation === 'CompleteMultipartUpload')
        logged.stored = this.#state.buckets.get(bucket ?? '')?.objects.get(key ?? '')?.etag;
      if (fault?.kind === 'lost-answer') request.socket.resetAndDestroy();
      else
        await this.#reply(response, this.#bent(operation, spoiled(reply, fault)), request.method === 'HEAD');
    } catch (error) {
      if (error instanceof StruckDown) return;
      if (!request.socket.destroyed) this.#replyError(request, response, error);
    }
  }

  /** Checks in the order of a real server: before any body is asked for whatever can be known without it. */
  async #perform(
    request: IncomingMessage,
    response: ServerResponse,
    routed: Routed,
    fault: Fault | undefined,
    asksFirst: boolean,
  ): Promise<Reply> {
    this.#checkQuirks(request, routed, asksFirst);
    const name = routed.bucket;
    const region = (name === undefined ? undefined : this.#state.buckets.get(name)?.region) ?? this.region;
    const verified = verifySignature(request, {
      credentials: this.#credentials,
      region,
      nowMs: this.#state.nowMs(),
    });
    const allowed = verified.credential.buckets;
    if (name !== undefined && allowed !== undefined && !allowed.includes(name)) throw accessDenied();
    const work: Work = {
      state: this.#state,
      request,
      routed,
      verified,
      chunks: faultyChunks(request, fault),
      storesFraming: this.quirks.framing === 'stored',
    };
    if (routed.operation === 'ListBuckets') return listBuckets(work);
    if (routed.operation === 'CreateBucket') return createBucket(work);
    const perform = OPERATIONS[routed.operation];
    if (perform === undefined)
      throw new S3Error(
        405,
        'MethodNotAllowed',
        'The specified method is not allowed against this resource.',
      );
    const bucket = this.#bucket(name as string);
    if (asksFirst && this.quirks.expect !== 'ignored') response.writeContinue();
    return perform(work, bucket);
  }

  #bent(operation: OperationName, reply: Reply): Reply {
    const { headAs } = this.quirks;
    if (operation !== 'HeadObject' || headAs === undefined) return reply;
    return headAs({ status: reply.status ?? 200, headers: { ...reply.headers } });
  }

  #checkQuirks(request: IncomingMessage, routed: Routed, asksFirst: boolean): void {
    const { quirks } = this;
    const { operation, bucket, key } = routed;
    const refusal = quirks.refuses?.({ operation, bucket, key, headers: request.headers });
    if (refusal !== undefined)
      throw new S3Error(refusal.status, refusal.code, refusal.message ?? refusal.code, {
        headers: refusal.headers,
      });
    if (asksFirst && quirks.expect === 417)
      throw new S3Error(417, 'ExpectationFailed', 'Expect is not supported');
    if (routed.operation === 'ListBuckets' && quirks.listBuckets === 'denied') throw accessDenied();
    if (routed.operation === 'HeadObject' && quirks.head !== undefined) {
      throw new S3Error(
        quirks.head,
        quirks.head === 405 ? 'MethodNotAllowed' : 'NotImplemented',
        'HEAD is not supported',
      );
    }
    if (quirks.awsChunked !== undefined && isStreaming(String(request.headers['x-amz-content-sha256']))) {
      if (quirks.awsChunked === 'mismatch') throw new S3Error(400, 'XAmzContentSHA256Mismatch', '');
      throw quirks.awsChunked === 411
        ? new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
        : new S3Error(
            501,
            'NotImplemented',
            'A header you provided implies functionality that is not implemented.',
          );
    }
    const checksum = Object.keys(request.headers).find(header => /^x-amz-(sdk-)?checksum-/.test(header));
    if (
      quirks.checksumHeaders === 'refused' &&
      (checksum ?? request.headers['x-amz-trailer']) !== undefined
    ) {
      const header = checksum ?? 'x-amz-trailer';
      throw new S3Error(400, 'InvalidArgument', `Unsupported header '${header}' received for this API call.`);
    }
  }

  async #reply(response: ServerResponse, reply: Reply, isHead: boolean): Promise<void> {
    const { status = 200, headers = {}, body } = reply;
    const isText = typeof body === 'string';
    response.writeHead(status, {
      ...this.#commonHeaders(),
      ...(isText ? { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) } : {}),
      ...headers,
    });
    if (isHead || body === undefined || isText) response.end(isHead ? undefined : body);
    else {
      for await (const chunk of body) if (!response.write(chunk)) await once(response, 'drain');
      response.end();
    }
  }

  #commonHeaders(): Record<string, string> {
    return {
      date: new Date(this.#state.nowMs()).toUTCString(),
      'x-amz-request-id': `request-${this.requests.length}`,
      server: 'sluice-test-s3',
    };
  }

  #replyError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const known =
      error instanceof S3Error
        ? error
        : new S3Error(500, 'InternalError', `test server: ${(error as Error).stack}`);
    const body = errorDocument(known, `request-${this.requests.length}`);
    const region = known.elements.Region;
    const isHead = request.method === 'HEAD';
    response.writeHead(known.status, {
      ...this.#commonHeaders(),
      ...(isHead ? {} : { 'content-type': 'application/xml', 'content-length': Buffer.byteLength(body) }),
      ...(region === undefined ? {} : { 'x-amz-bucket-region': region }),
      // Nobody reads the rest of the body.
      ...(request.complete ? {} : { connection: 'close' }),
      ...known.headers,
    });
    response.end(isHead ? undefined : body);
  }
}

function accessDenied(): S3Error {
  return new S3Error(403, 'AccessDenied', 'Access Denied');
}
