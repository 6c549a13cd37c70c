import type { Clock } from '../../../base/clock.ts';
import type { ObjectAddress } from '../bucket.ts';
import type { PlainKey } from '../credentials/key.ts';
import { AnswerError } from './answer.ts';
import type { Keys } from './keys.ts';
import { targetOf } from './route.ts';
import type { Call, Session, Way } from './session.ts';
import { Signer } from './signing.ts';
import { refusalIn } from './success.ts';
import type { WireAnswer, WireRequest } from './transport.ts';

/** Not signed: proxies may add to it. */
const USER_AGENT = 'sluice';

export interface RequestParts {
  /** Go with whatever is about the content of objects. */
  readonly contentHeaders: Readonly<Record<string, string>>;
  readonly session: Session;
  readonly keys: Keys;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** A request before it is signed. */
export interface UnsignedRequest {
  readonly method: string;
  readonly at: ObjectAddress;
  /** Percent-encoded, sorted by name; empty for none. */
  readonly query?: string;
  /** Names in lower case, `x-amz-content-sha256` among them; `host` is added. */
  readonly headers: Record<string, string>;
  readonly signal?: AbortSignal | undefined;
}

/** What the requests of the hot path have in common: corrections, the key, signing, and telling success from refusal. */
export class Requests {
  readonly #parts: RequestParts;
  /** A signer keeps what it derives from its key for a day. */
  #signer: { readonly key: PlainKey; readonly signer: Signer } | undefined;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /** What goes with requests that send an object's content or tell of it: the key for SSE-C where the profile has one. */
  get contentHeaders(): Readonly<Record<string, string>> {
    return this.#parts.contentHeaders;
  }

  /** Under the session's corrections, with the key as it is. */
  run<T>(call: Call, attempt: (way: Way, key: PlainKey) => Promise<T>): Promise<T> {
    const { session, keys } = this.#parts;
    return session.run(call, way => keys.use(key => attempt(way, key), call.signal));
  }

  /** Throws AnswerError for all that is no success of an S3 server. */
  assertGood(answer: WireAnswer, call: Call): void {
    const refusal = refusalIn(answer, call.method, this.#parts.clock.nowMs(), call.bucket);
    if (refusal !== undefined) throw new AnswerError(refusal);
  }

  sign(way: Way, key: PlainKey, { method, at, query = '', headers, signal }: UnsignedRequest): WireRequest {
    const { origin, host, path } = targetOf(way.route, at.bucket, at.key);
    headers.host = host;
    if (this.#signer?.key !== key) this.#signer = { key, signer: new Signer(key) };
    const signed = this.#signer.signer.sign({
      method,
      path,
      query,
      headers,
      region: way.route.region,
      nowMs: way.signingTimeMs,
    });
    return {
      method,
      origin,
      path: query === '' ? path : `${path}?${query}`,
      headers: { ...signed, 'user-agent': USER_AGENT },
      signal,
    };
  }
}
