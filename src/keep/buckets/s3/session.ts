import type { Clock } from '../../../base/clock.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { ObjectAddress, ObjectProperties } from '../bucket.ts';
import { correctionsFor, nameOf, type SentRequest } from './adapt.ts';
import { AnswerError, type ErrorAnswer } from './answer.ts';
import { Certificates } from './certificate.ts';
import { type CallContext, errorFromAnswer } from './classify.ts';
import { errorFromTransport } from './network-errors.ts';
import type { ChecksumMode } from './presets.ts';
import type { S3Profile } from './profile.ts';
import { type Route, targetOf } from './route.ts';
import { BucketWays, departureOf, type SendingWay } from './ways.ts';

/** How the next request is to be sent. */
export interface Way extends SendingWay {
  readonly route: Route;
  /** Time to sign with. */
  readonly signingTimeMs: number;
}

export interface Call extends CallContext {
  readonly method: string;
  /** Ends it while it waits for a key. */
  readonly signal?: AbortSignal | undefined;
  readonly bucket?: string;
  /** How a body would be protected on this way; absent for calls without a body. */
  readonly protection?: (way: SendingWay) => ChecksumMode;
  /** What is stored beside the body. */
  readonly properties?: ObjectProperties;
  /** A HEAD that asks for the checksum where it may. */
  readonly wantsChecksum?: boolean;
}

/** A call about one object. */
export function callOn(
  method: string,
  operation: string,
  at: ObjectAddress,
  signal: AbortSignal | undefined,
): Call {
  return { signal, method, operation, subject: `${at.bucket}/${at.key}`, bucket: at.bucket };
}

/** More corrections than there are kinds, ways among them, would be going in circles. */
const MAX_CORRECTIONS = 7;

/** One call on its way through its corrections. */
interface Course {
  readonly seen: Set<string>;
  route: { readonly to: Route; readonly lasting: boolean } | undefined;
  /** Where it departs from the bucket's way. */
  change: Partial<SendingWay>;
  /** Departures that the server has asked for by name. */
  saidChange: Partial<SendingWay>;
  /** The refusal that a suspicion came of. */
  suspicion: ErrorAnswer | undefined;
}

/**
 * What one store has learned about its server, and the loop that learns: send, and where the answer says what to
 * change, change it and send once more. What has helped is remembered: clock and redirects for all, ways of sending for
 * the bucket. Everything else is classified and thrown.
 */
export class Session {
  readonly #profile: S3Profile;
  readonly #clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  readonly #certificates: Certificates;
  readonly #routes = new Map<string, Route>();
  readonly #ways: BucketWays;
  #clockOffsetMs = 0;

  constructor(profile: S3Profile, clock: Pick<Clock, 'nowMs' | 'monotonicMs'>) {
    this.#profile = profile;
    this.#clock = clock;
    this.#certificates = new Certificates(clock);
    this.#ways = new BucketWays({
      checksum: profile.checksum,
      expectContinue: profile.expectContinue,
      checksumMode: profile.checksum === 'trailer' || profile.checksum === 'header',
      tags: true,
      storageClass: true,
    });
  }

  /** By how much the server's clock is ahead of this machine's, as it had to be corrected for. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /**
   * Runs `attempt` until it succeeds, or fails with something that no correction mends.
   * @throws SluiceError classified, for AnswerError and whatever a transport threw
   */
  async run<T>(call: Call, attempt: (way: Way) => Promise<T>): Promise<T> {
    const course: Course = {
      seen: new Set(),
      route: undefined,
      change: {},
      saidChange: {},
      suspicion: undefined,
    };
    for (;;) {
      const nowMs = this.#clock.nowMs();
      const clockOffsetMs = this.#clockOffsetMs;
      const way: Way = {
        ...this.#ways.wayOf(call.bucket, nowMs),
        ...course.change,
        route: course.route?.to ?? this.#routeOf(call.bucket),
        signingTimeMs: nowMs + clockOffsetMs,
      };
      try {
        const result = await attempt(way);
        this.#remember(call, course, way, nowMs);
        return result;
      } catch (error) {
        if (!(error instanceof AnswerError)) {
          const failure = errorFromTransport(error, call);
          // A look straight at the server may meet somebody else than the proxy's way does.
          if (this.#profile.proxy) throw failure;
          const { origin } =
            call.bucket === undefined ? new URL(way.route.endpoint) : targetOf(way.route, call.bucket, '');
          throw await this.#certificates.explain(failure, origin);
        }
        const sent = this.#sentRequest(call, way, error.answer, { nowMs, clockOffsetMs });
        if (!this.#correct(course, error.answer, sent))
          throw this.#finalError(call, course, error.answer, nowMs);
      }
    }
  }

  /** The store holds chunk framing as content: streamed bodies are not for this bucket. */
  noteFraming(bucket: string): void {
    const nowMs = this.#clock.nowMs();
    const way = this.#ways.wayOf(bucket, nowMs);
    if (way.checksum === 'trailer') this.#ways.learn(bucket, { ...way, checksum: 'header' }, true, nowMs);
  }

  /** Begins an upload in parts, unless the bucket's server is known to take none. Throws as `begin`, and not_supported. */
  async inParts<T>(bucket: string, begin: () => Promise<T>): Promise<T> {
    if (!this.#ways.takesParts(bucket, this.#clock.nowMs())) {
      const words = `bucket ${bucket} takes no objects in parts, as was seen before`;
      throw new SluiceError('not_supported', words, { operation: 'create upload', subject: bucket });
    }
    try {
      return await begin();
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'not_supported')
        this.#ways.notePartsRefused(bucket, error.answer === 'give-up');
      throw error;
    }
  }

  /** An object came whole and was taken. */
  noteWhole(bucket: string): void {
    this.#ways.noteWhole(bucket, this.#clock.nowMs());
  }

  /** How a call was sent that is not the profile's own way, in words; undefined where it is. */
  departureOf(call: Call, way: SendingWay): string | undefined {
    const { protection, properties = {} } = call;
    return departureOf(way, properties, protection?.(way), protection?.(this.#ways.wanted));
  }

  #sentRequest(
    call: Call,
    way: Way,
    answer: ErrorAnswer,
    time: { readonly nowMs: number; readonly clockOffsetMs: number },
  ): SentRequest {
    const { bucket, method, properties } = call;
    const checksum = call.protection?.(way);
    const isStreamed = checksum === 'trailer' && bucket !== undefined;
    return {
      method,
      bucket,
      route: way.route,
      way,
      wanted: this.#ways.wanted,
      learned: this.#ways.wayOf(bucket, time.nowMs).checksum,
      checksum,
      asksChecksum: call.wantsChecksum === true && way.checksumMode,
      hasTags: way.tags && properties?.tags !== undefined,
      hasStorageClass: way.storageClass && properties?.storageClass !== undefined,
      maySuspect: bucket !== undefined && this.#ways.maySuspect(bucket, time.nowMs),
      streamedFailures: isStreamed ? this.#ways.noteStreamed(bucket, answer.status >= 500) : 0,
      ...time,
    };
  }

  /** Takes up the first correction that was not tried yet. @returns whether there is one */
  #correct(course: Course, answer: ErrorAnswer, sent: SentRequest): boolean {
    if (course.seen.size >= MAX_CORRECTIONS) return false;
    const correction = correctionsFor(answer, sent).find(one => !course.seen.has(nameOf(one)));
    if (correction === undefined) return false;
    course.seen.add(nameOf(correction));
    switch (correction.kind) {
      case 'clock':
        this.#clockOffsetMs = correction.offsetMs;
        return true;
      case 'route':
        course.route = { to: correction.route, lasting: correction.lasting };
        return true;
      case 'way':
        if (correction.said) course.saidChange = { ...course.saidChange, ...correction.change };
        else course.suspicion ??= answer;
        // One suspicion at a time: what it was not is taken up again.
        course.change = { ...course.saidChange, ...correction.change };
        return true;
    }
  }

  /** What has helped holds from now on. */
  #remember(call: Call, course: Course, way: Way, nowMs: number): void {
    const { bucket } = call;
    if (bucket === undefined) return;
    // Only where a redirect has led to a server that does what is asked is it gone to again.
    if (course.route?.lasting) this.#routes.set(bucket, course.route.to);
    if (Object.keys(course.change).length === 0) {
      if (call.protection?.(way) === 'trailer') this.#ways.noteGood(bucket);
      return;
    }
    const { checksum, expectContinue, checksumMode, tags, storageClass } = way;
    const learned = { checksum, expectContinue, checksumMode, tags, storageClass };
    this.#ways.learn(bucket, learned, course.suspicion === undefined, nowMs);
  }

  #finalError(call: Call, course: Course, answer: ErrorAnswer, nowMs: number) {
    const last = errorFromAnswer(answer, call);
    if (course.suspicion === undefined) return last;
    const first = errorFromAnswer(course.suspicion, call);
    // The other way may only have met passing trouble: then nothing is known yet.
    if (last.answer === 'retry' && first.answer === 'give-up') return last;
    if (call.bucket !== undefined) this.#ways.clear(call.bucket, nowMs);
    return first;
  }

  #routeOf(bucket: string | undefined): Route {
    const { endpoint, addressing, region } = this.#profile;
    return (bucket === undefined ? undefined : this.#routes.get(bucket)) ?? { endpoint, addressing, region };
  }
}
