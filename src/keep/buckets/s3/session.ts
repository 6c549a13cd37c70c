import type { Clock } from '../../../base/clock.ts';
import type { ObjectAddress } from '../bucket.ts';
import { type Correction, correctionFor, lesserChecksum, type SentRequest } from './adapt.ts';
import { AnswerError } from './answer.ts';
import { type CallContext, errorFromAnswer } from './classify.ts';
import { errorFromTransport } from './network-errors.ts';
import type { ChecksumMode } from './presets.ts';
import type { S3Profile } from './profile.ts';
import type { Route } from './route.ts';

/** How the next request is to be sent. */
export interface Way {
  readonly route: Route;
  /** Time to sign with. */
  readonly signingTimeMs: number;
  readonly checksum: ChecksumMode;
  readonly expectContinue: boolean;
  /** Whether HEAD may ask for the checksum. */
  readonly checksumMode: boolean;
}

export interface Call extends CallContext {
  readonly method: string;
  readonly bucket?: string;
  /** How a body would be protected on this way; absent for calls without a body. */
  readonly protection?: (way: Way) => ChecksumMode;
  /** A HEAD that asks for the checksum where it may. */
  readonly wantsChecksum?: boolean;
}

/** A call about one object. */
export function callOn(method: string, operation: string, at: ObjectAddress): Call {
  return { method, operation, subject: `${at.bucket}/${at.key}`, bucket: at.bucket };
}

/** More corrections than there are kinds, and checksum twice, would be going in circles. */
const MAX_CORRECTIONS = 5;

/**
 * What one store has learned about its server, and the loop that learns: send, and where the answer says what to
 * change, change it and send once more. Everything else is classified and thrown.
 */
export class Session {
  readonly #profile: S3Profile;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #routes = new Map<string, Route>();
  #clockOffsetMs = 0;
  #checksum: ChecksumMode;
  #expectContinue: boolean;
  #checksumMode: boolean;

  constructor(profile: S3Profile, clock: Pick<Clock, 'nowMs'>) {
    this.#profile = profile;
    this.#clock = clock;
    this.#checksum = profile.checksum;
    this.#expectContinue = profile.expectContinue;
    this.#checksumMode = profile.checksum !== 'sha256';
  }

  /** How protected bodies are sent by now: what multipart uploads have to announce. */
  get checksum(): ChecksumMode {
    return this.#checksum;
  }

  /**
   * Runs `attempt` until it succeeds, or fails with something that no correction mends.
   * @throws SluiceError classified, for AnswerError and whatever a transport threw
   */
  async run<T>(call: Call, attempt: (way: Way) => Promise<T>): Promise<T> {
    let passing: Route | undefined;
    let lasting: Route | undefined;
    const seen = new Set<string>();
    for (let corrections = 0; ; corrections += 1) {
      const nowMs = this.#clock.nowMs();
      const clockOffsetMs = this.#clockOffsetMs;
      const way: Way = {
        route: passing ?? this.#routeOf(call.bucket),
        signingTimeMs: nowMs + clockOffsetMs,
        checksum: this.#checksum,
        expectContinue: this.#expectContinue,
        checksumMode: this.#checksumMode,
      };
      try {
        const result = await attempt(way);
        // Only where a redirect has led to a server that does what is asked is it gone to again.
        if (lasting !== undefined && call.bucket !== undefined) this.#routes.set(call.bucket, lasting);
        return result;
      } catch (error) {
        if (!(error instanceof AnswerError)) throw errorFromTransport(error, call);
        const sent: SentRequest = {
          method: call.method,
          bucket: call.bucket,
          route: way.route,
          checksum: call.protection?.(way),
          asksChecksum: call.wantsChecksum === true && way.checksumMode,
          nowMs,
          clockOffsetMs,
        };
        const correction = correctionFor(error.answer, sent);
        const name = correction === undefined ? '' : nameOf(correction);
        if (correction === undefined || seen.has(name) || corrections >= MAX_CORRECTIONS) {
          throw errorFromAnswer(error.answer, call);
        }
        seen.add(name);
        if (correction.kind === 'route') {
          passing = correction.route;
          lasting = correction.lasting ? correction.route : undefined;
        } else {
          this.#apply(correction);
        }
      }
    }
  }

  /** Remembers a correction for all calls to come. */
  #apply(correction: Exclude<Correction, { readonly kind: 'route' }>): void {
    switch (correction.kind) {
      case 'clock':
        this.#clockOffsetMs = correction.offsetMs;
        return;
      case 'checksum':
        this.#checksum = lesserChecksum(this.#checksum, correction.mode);
        return;
      case 'checksum-mode':
        this.#checksumMode = false;
        return;
      case 'expect':
        this.#expectContinue = false;
        return;
    }
  }

  #routeOf(bucket: string | undefined): Route {
    const { endpoint, addressing, region } = this.#profile;
    return (bucket === undefined ? undefined : this.#routes.get(bucket)) ?? { endpoint, addressing, region };
  }
}

/** Two corrections of one name in one call mean that the first did not help. */
function nameOf(correction: Correction): string {
  if (correction.kind === 'checksum') return `checksum ${correction.mode}`;
  if (correction.kind === 'route') return `route ${JSON.stringify(correction.route)}`;
  return correction.kind;
}
