import http from 'node:http';
import https from 'node:https';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import { asProxyFailure, nodeAgentOptions } from '../../../base/http-agent.ts';
import type { PlainKey } from '../credentials/key.ts';
import type { Secret } from '../credentials/secret.ts';
import { AnswerError } from './answer.ts';
import { customerKeyInput } from './customer-key.ts';
import type { Keys } from './keys.ts';
import { isVirtual } from './route.ts';
import { readingRefusals, SdkHandler } from './sdk-handler.ts';
import type { Call, Session, Way } from './session.ts';
import type { SmallTransport } from './small-transport.ts';
import { answerTooSlow, type TransportOptions } from './transport.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

interface SdkParts {
  /** Sends what has no streaming body. */
  readonly small: SmallTransport;
  readonly transport: TransportOptions;
  readonly clock: Pick<Clock, 'nowMs' | 'timer'>;
  readonly endpoint: string;
  /** The key that objects are encrypted with on the server. */
  readonly customerKey?: Secret | undefined;
}

interface ClientOptions {
  readonly way: Way;
  readonly key: PlainKey;
  readonly bucket: string | undefined;
  readonly streams: boolean;
}

/**
 * The AWS SDK for the calls that are made once a bucket or once a large file. It is loaded with the first of
 * them: that takes longer than the rest of a start. Its own retries are off, so that ten means ten.
 */
export class SdkClients {
  readonly #keys: Keys;
  readonly #session: Session;
  readonly #parts: SdkParts;
  readonly #clients = new Map<string, { readonly key: PlainKey; readonly client: S3Client }>();
  /** Sends everything but bodies that stream. */
  readonly #handler: SdkHandler;
  readonly #streaming: S3ClientConfig['requestHandler'];
  readonly #agents: (http.Agent | https.Agent)[];

  constructor(keys: Keys, session: Session, parts: SdkParts) {
    const { transport, small, clock } = parts;
    this.#keys = keys;
    this.#parts = parts;
    this.#session = session;
    const agentOptions = {
      keepAlive: true,
      maxSockets: transport.maxConnections,
      lookup: transport.lookup,
      ...nodeAgentOptions(transport.proxy),
    };
    const httpAgent = new http.Agent(agentOptions);
    const httpsAgent = new https.Agent({ ...agentOptions, ca: transport.ca });
    this.#agents = [httpAgent, httpsAgent];
    this.#handler = new SdkHandler(small, () => clock.nowMs());
    this.#streaming = {
      httpAgent,
      httpsAgent,
      connectionTimeout: transport.connectTimeoutMs,
      // Silence on the socket, not a limit on the whole.
      socketTimeout: transport.idleTimeoutMs,
    };
  }

  /**
   * Runs one call with the client for its way, under the session's corrections.
   * @param streams a body streams, in the request or in the answer
   */
  run<T>(
    call: Call,
    attempt: (sdk: Sdk, client: S3Client, way: Way) => Promise<T>,
    streams = false,
  ): Promise<T> {
    const send = async (way: Way, key: PlainKey): Promise<T> => {
      const sdk = await import('@aws-sdk/client-s3');
      const client = this.#clientFor(sdk, { way, key, bucket: call.bucket, streams });
      client.config.systemClockOffset = way.signingTimeMs - Date.now();
      try {
        return await attempt(sdk, client, way);
      } catch (error) {
        throw isUnreadable(error)
          ? unreadableDocument(call)
          : asProxyFailure(this.#parts.transport.proxy, error);
      }
    };
    return this.#session.run(call, way => this.#keys.use(key => send(way, key), call.signal));
  }

  /** What goes with commands about the content of objects. */
  get contentInput(): ReturnType<typeof customerKeyInput> {
    return customerKeyInput(this.#parts.customerKey);
  }

  /** Session.departureOf. */
  departureOf(call: Call, way: Way): string | undefined {
    return this.#session.departureOf(call, way);
  }

  /**
   * Calls `end` once an answer has been awaited for as long as one may take after a body of that size was handed over.
   * The SDK itself sets a bound to silence only. @returns what cancels it
   */
  boundAnswer(bodyBytes: number, end: (error: SluiceError) => void): () => void {
    const { transport, clock, endpoint } = this.#parts;
    const { idleTimeoutMs, minBytesPerSecond, answerTimeoutMs } = transport;
    const ms = Math.ceil(idleTimeoutMs + (bodyBytes / minBytesPerSecond) * 1000 + answerTimeoutMs);
    return clock.timer(ms, () => end(answerTooSlow(endpoint, ms)));
  }

  #clientFor(sdk: Sdk, { way, key, bucket, streams }: ClientOptions): S3Client {
    const { endpoint, region } = way.route;
    const forcePathStyle = bucket === undefined || !isVirtual(way.route, bucket);
    const name = `${endpoint} ${region} ${forcePathStyle} ${streams}`;
    const known = this.#clients.get(name);
    // A client of an older key is left to its calls: ending it would end the connections that all share.
    if (known?.key === key) return known.client;
    const { accessKeyId, secretAccessKey, sessionToken } = key;
    const client = new sdk.S3Client({
      endpoint,
      region,
      forcePathStyle,
      credentials: {
        accessKeyId,
        secretAccessKey: secretAccessKey.reveal(),
        sessionToken: sessionToken?.reveal(),
      },
      maxAttempts: 1,
      logger: SILENT,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: streams ? this.#streaming : this.#handler,
    });
    if (streams) readingRefusals(client.config.requestHandler, () => this.#parts.clock.nowMs());
    this.#clients.set(name, { key, client });
    return client;
  }

  close(): void {
    for (const { client } of this.#clients.values()) client.destroy();
    for (const agent of this.#agents) agent.destroy();
  }
}

/** Errors are thrown, and logged by those who know what they mean; without a logger the SDK warns on the console. */
const silent = (): void => undefined;
const SILENT = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** The SDK could make nothing of an answer that looked like S3's. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof AnswerError || error instanceof SluiceError || !(error instanceof Error)) return false;
  return '$response' in error || /deserialization/i.test(error.message);
}

/** What answered is S3, and its document cannot be read. */
export function unreadableDocument({ operation, subject }: Call): SluiceError {
  return new SluiceError(
    'answer_invalid',
    `${operation} ${subject}: the answer is no document of S3 that can be read`,
    {
      operation,
      subject,
    },
  );
}
