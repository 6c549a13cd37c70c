import type { ErrorCode } from '../../../base/errors.ts';
import type { ErrorAnswer } from './answer.ts';
import { errorFromAnswer } from './classify.ts';
import type { ChecksumMode } from './presets.ts';
import { type Route, routeAfterRedirect } from './route.ts';
import type { SendingWay } from './ways.ts';

/**
 * What can be put right at once, from the answer alone: none of these is a retry as the engine counts them, since the
 * second request is another one.
 */
export type Correction =
  /**
   * The server's clock runs `offsetMs` ahead of this machine's; the machine's clock may not be set, the signature may.
   */
  | { readonly kind: 'clock'; readonly offsetMs: number }
  /** The bucket lies elsewhere. `lasting`: later requests go there, too. */
  | { readonly kind: 'route'; readonly route: Route; readonly lasting: boolean }
  /**
   * The server does not take this way of sending. `said`: it has named the cause. Otherwise it is a suspicion, which one
   * request in another way proves or clears.
   */
  | { readonly kind: 'way'; readonly change: Partial<SendingWay>; readonly said: boolean };

/** How the refused request was sent. */
export interface SentRequest {
  readonly method: string;
  readonly bucket: string | undefined;
  readonly route: Route;
  readonly way: SendingWay;
  /** The profile's own way. */
  readonly wanted: SendingWay;
  /** How bodies are protected in this bucket, as far as is known by now. */
  readonly learned: ChecksumMode;
  /** How its body was protected; undefined for requests without one. */
  readonly checksum: ChecksumMode | undefined;
  /** A HEAD that asked for the checksum. */
  readonly asksChecksum: boolean;
  readonly hasTags: boolean;
  readonly hasStorageClass: boolean;
  /** Suspicions may be followed. */
  readonly maySuspect: boolean;
  /** Streamed bodies in a row, this one included, that the server failed on. */
  readonly streamedFailures: number;
  /** This machine's time then, without correction, and the correction used. */
  readonly nowMs: number;
  readonly clockOffsetMs: number;
}

/** What to change before sending once more, the likeliest first; empty where the answer stands. Pure. */
export function correctionsFor(answer: ErrorAnswer, sent: SentRequest): Correction[] {
  const clock = clockCorrection(answer, sent);
  if (clock !== undefined) return [clock];
  const route = routeCorrection(answer, sent);
  if (route !== undefined) return [route];
  const said = saidCorrection(answer, sent);
  return said === undefined ? suspicions(answer, sent) : [said];
}

/**
 * Amazon's limit is 15 minutes. A HEAD refused for its time says nothing but 403, and servers have other words for it
 * (RequestExpired, AccessDenied), so a difference well below is put right at any refusal.
 */
const SUSPICIOUS_SKEW_MS = 4 * 60_000;

function clockCorrection(answer: ErrorAnswer, sent: SentRequest): Correction | undefined {
  // A stranger's clock is not the server's.
  if (answer.serverTimeMs === undefined || answer.speaker === 'stranger') return undefined;
  const offsetMs = answer.serverTimeMs - sent.nowMs;
  const remainingMs = Math.abs(offsetMs - sent.clockOffsetMs);
  const said = answer.code === 'RequestTimeTooSkewed';
  const mayBeTime = answer.status === 403 || answer.status === 400;
  const likely = mayBeTime && remainingMs > SUSPICIOUS_SKEW_MS;
  return said || likely ? { kind: 'clock', offsetMs } : undefined;
}

const REGION_CODES = [
  'AuthorizationHeaderMalformed',
  'PermanentRedirect',
  'IllegalLocationConstraintException',
];

function routeCorrection(answer: ErrorAnswer, sent: SentRequest): Correction | undefined {
  // A stranger's redirect leads nowhere that a file should go.
  if (sent.bucket === undefined || answer.speaker === 'stranger') return undefined;
  const isRedirect = answer.status === 301 || answer.status === 307 || answer.status === 308;
  const mayBeRegion = isRedirect || REGION_CODES.includes(answer.code ?? '') || sent.method === 'HEAD';
  const region = mayBeRegion && answer.region !== undefined ? answer.region : sent.route.region;
  const lasting = answer.status !== 307;
  const isElsewhere = region !== sent.route.region;
  const moved =
    isRedirect && answer.redirect ? routeAfterRedirect(sent.route, sent.bucket, answer.redirect) : undefined;
  if (moved !== undefined) return { kind: 'route', route: { ...moved, region }, lasting };
  if (!isElsewhere) return undefined;
  // Amazon names only the region on a HEAD; its endpoints carry the region in their name.
  const endpoint = sent.route.endpoint.replace(`.${sent.route.region}.amazonaws.`, `.${region}.amazonaws.`);
  return { kind: 'route', route: { ...sent.route, endpoint, region }, lasting };
}

const said = (change: Partial<SendingWay>): Correction => ({ kind: 'way', change, said: true });
const suspected = (change: Partial<SendingWay>): Correction => ({ kind: 'way', change, said: false });

/** Words of a refusal that name what it is about. */
const ABOUT = {
  body: /chunk|trailer|checksum|content-sha256|streaming|content-length|transfer|decoded/i,
  md5: /content-?md5/i,
  tags: /x-amz-tagging|\btag(ging|s|set)?\b/i,
  storageClass: /x-amz-storage-class|storage ?class/i,
  refusal: /not (supported|implemented|allowed)|unsupported|unknown|invalid|missing|required|must/i,
} as const;

/** What the server itself names as the cause. */
function saidCorrection(answer: ErrorAnswer, sent: SentRequest): Correction | undefined {
  const { status, code = '', message = '' } = answer;
  if (status === 417 && sent.way.expectContinue) return said({ expectContinue: false });
  // HEAD's refusal has no body to say what it is about; nothing else in that request can be wrong in this way.
  if (sent.asksChecksum && status === 400) return said({ checksumMode: false });
  const isRefusal = status === 400 || status === 411 || status === 501;
  if (!isRefusal || answer.speaker === 'stranger')
    return status === 411 ? lowerChecksum(sent, true) : undefined;
  if (sent.hasTags && ABOUT.tags.test(message) && ABOUT.refusal.test(message) && code !== 'InvalidTag') {
    return said({ tags: false });
  }
  if (sent.hasStorageClass && (code === 'InvalidStorageClass' || ABOUT.storageClass.test(message))) {
    return said({ storageClass: false });
  }
  if (sent.checksum === undefined) return undefined;
  if (ABOUT.md5.test(message) && code !== 'BadDigest' && code !== 'InvalidDigest') {
    const mayBeHeader = sent.checksum === 'trailer' && /x-amz-checksum/i.test(message);
    if (mayBeHeader) return said({ checksum: 'header' });
    return sent.checksum === 'md5' ? undefined : said({ checksum: 'md5' });
  }
  // A server that does not know streaming takes its name for a hash (Ceph 16).
  if (code === 'XAmzContentSHA256Mismatch' && sent.checksum === 'trailer') return lowerChecksum(sent, true);
  // Of a body that came broken the same words are used.
  const isOfForm = ['request_refused', 'not_supported'].includes(codeOf(answer, sent));
  const isBodyAlone = status === 501 && !sent.hasTags && !sent.hasStorageClass;
  const isNamed = status === 411 || isBodyAlone || ABOUT.body.test(`${code} ${message}`);
  return isOfForm && isNamed ? lowerChecksum(sent, true) : undefined;
}

/** What the answer comes to where it stands. */
function codeOf(answer: ErrorAnswer, { method }: SentRequest): ErrorCode {
  return errorFromAnswer(answer, { operation: '', subject: '', method }).code;
}

function lowerChecksum({ checksum }: SentRequest, isSaid: boolean): Correction | undefined {
  if (checksum !== 'trailer' && checksum !== 'header') return undefined;
  const change = { checksum: checksum === 'trailer' ? 'header' : 'sha256' } as const;
  return isSaid ? said(change) : suspected(change);
}

/** Failures of the server in a row over streamed bodies, before they are laid to the streaming. */
const TROUBLE_UNTIL_SUSPECTED = 2;

/**
 * Refusals that are known to come of a way of sending without naming it: 403, 400 or 500 for streamed bodies alone, a
 * signature that does not match since something on the way has dropped a header, 501 for a property.
 */
function suspicions(answer: ErrorAnswer, sent: SentRequest): Correction[] {
  if (!sent.maySuspect || sent.checksum === undefined) return [];
  const code = codeOf(answer, sent);
  const found: (Correction | undefined)[] = [];
  const isStranger = answer.speaker === 'stranger';
  const isRefused = isStranger
    ? answer.status >= 400 && answer.status < 500 && code === 'answer_invalid' && answer.status !== 407
    : ['access_denied', 'request_refused', 'not_supported', 'checksum_mismatch'].includes(code) ||
      answer.code === 'SignatureDoesNotMatch';
  const hasFailed =
    answer.status >= 500 && answer.status !== 501 && answer.status !== 507 && code !== 'slow_down';
  const isRepeated = hasFailed && sent.streamedFailures >= TROUBLE_UNTIL_SUSPECTED;
  if (sent.checksum === 'trailer' && (isRefused || isRepeated)) found.push(lowerChecksum(sent, false));
  const mayBeHeader = answer.code === 'SignatureDoesNotMatch' || answer.status === 501;
  if (sent.checksum === 'header' && !isStranger && mayBeHeader) found.push(lowerChecksum(sent, false));
  if (!isStranger && (code === 'not_supported' || answer.status === 501)) {
    if (sent.hasStorageClass) found.push(suspected({ storageClass: false }));
    if (sent.hasTags) found.push(suspected({ tags: false }));
  }
  // The way that was left before may be the right one by now.
  const hasLeft = sent.learned !== sent.wanted.checksum && sent.way.checksum === sent.learned;
  if (hasLeft && (isRefused || isRepeated)) found.push(suspected({ checksum: sent.wanted.checksum }));
  return found.filter(correction => correction !== undefined);
}

/** Two corrections of one name in one call mean that the first did not help. Pure. */
export function nameOf(correction: Correction): string {
  return correction.kind === 'clock' ? 'clock' : JSON.stringify(correction);
}
