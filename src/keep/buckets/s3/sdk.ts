import http from 'node:http';
import https from 'node:https';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { Clock } from '../../../base/clock.ts';
import { asProxyFailure, nodeAgentOptions, refusalOf } from '../../../base/http-agent.ts';
import type { HttpHeaders } from '../../../base/http-headers.ts';
import type { HttpProxy } from '../../../base/proxy.ts';
import type { PlainKey } from '../credentials/key.ts';
import { AnswerError, readErrorAnswer } from './answer.ts';
import type { Keys } from './keys.ts';
import { isVirtual } from './route.ts';
import type { Call, Session, Way } from './session.ts';
import type { TransportOptions } from './transport.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

/**
 * The AWS SDK for the calls that are made once a bucket or once a large file. It is loaded with the first of
 * them: that takes longer than the rest of a start. Its own retries are off, so that ten means ten.
 */
export class SdkClients {
  readonly #keys: Keys;
  readonly #proxy: HttpProxy | undefined;
  readonly #session: Session;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #clients = new Map<string, { readonly key: PlainKey; readonly client: S3Client }>();
  readonly #handler: S3ClientConfig['requestHandler'];
  readonly #agents: (http.Agent | https.Agent)[];

  constructor(keys: Keys, session: Session, transport: TransportOptions, clock: Pick<Clock, 'nowMs'>) {
    this.#keys = keys;
    this.#proxy = transport.proxy;
    this.#session = session;
    this.#clock = clock;
    const agentOptions = {
      keepAlive: true,
      maxSockets: transport.maxConnections,
      lookup: transport.lookup,
      ...nodeAgentOptions(transport.proxy),
    };
    const httpAgent = new http.Agent(agentOptions);
    const httpsAgent = new https.Agent(agentOptions);
    this.#agents = [httpAgent, httpsAgent];
    this.#handler = {
      httpAgent,
      httpsAgent,
      connectionTimeout: transport.connectTimeoutMs,
      // Silence on the socket, not a limit on the whole.
      socketTimeout: transport.idleTimeoutMs,
    };
  }

  /** Runs one call with the client for its way, under the session's corrections. */
  run<T>(call: Call, attempt: (sdk: Sdk, client: S3Client, way: Way) => Promise<T>): Promise<T> {
    const send = async (way: Way, key: PlainKey): Promise<T> => {
      const sdk = await import('@aws-sdk/client-s3');
      const client = this.#clientFor(sdk, way, key, call.bucket);
      client.config.systemClockOffset = way.signingTimeMs - Date.now();
      try {
        return await attempt(sdk, client, way);
      } catch (error) {
        const answered = answerErrorOf(error, this.#clock.nowMs());
        if (this.#proxy && answered?.answer.status === 407)
          throw refusalOf(this.#proxy, 407, way.route.endpoint);
        throw answered ?? asProxyFailure(this.#proxy, error);
      }
    };
    return this.#session.run(call, way => this.#keys.use(key => send(way, key)));
  }

  #clientFor(sdk: Sdk, way: Way, key: PlainKey, bucket: string | undefined): S3Client {
    const { endpoint, region } = way.route;
    const forcePathStyle = bucket === undefined || !isVirtual(way.route, bucket);
    const name = `${endpoint} ${region} ${forcePathStyle}`;
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
      requestHandler: this.#handler,
    });
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

interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number; readonly headers?: HttpHeaders };
  readonly Region?: unknown;
  readonly Endpoint?: unknown;
}

/** Names that the SDK makes up where the server gave no code. */
const MADE_UP =
  /^(\d+|NotFound|Forbidden|BadRequest|Unknown(Error)?|Error|SyntaxError|TypeError|S3ServiceException)$/;

/** The answer that an SDK error stands for; undefined when none came. */
function answerErrorOf(error: unknown, nowMs: number): AnswerError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { $metadata, $response, Region, Endpoint, name, message } = error as SdkError;
  const status = $response?.statusCode ?? $metadata?.httpStatusCode;
  if (status === undefined) return undefined;
  const base = readErrorAnswer(status, $response?.headers ?? {}, Buffer.alloc(0), nowMs);
  const isWebPage = /^text\/html/.test(String($response?.headers?.['content-type'] ?? ''));
  const isMadeUp = isWebPage || MADE_UP.test(name);
  return new AnswerError({
    ...base,
    isWebPage,
    code: isMadeUp ? base.code : name,
    message: isMadeUp || message === 'UnknownError' ? base.message : message,
    region: typeof Region === 'string' ? Region : base.region,
    redirect: base.redirect ?? (typeof Endpoint === 'string' ? Endpoint : undefined),
  });
}
