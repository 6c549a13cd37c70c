import type { ErrorAnswer } from './answer.ts';
import type { ChecksumMode } from './presets.ts';
import { type Route, routeAfterRedirect } from './route.ts';

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
  /** The server refuses this way of protecting the body; the next one down. */
  | { readonly kind: 'checksum'; readonly mode: ChecksumMode }
  /** HEAD is refused for asking for the checksum, as B2 does; it is asked without. */
  | { readonly kind: 'checksum-mode' }
  /** 417: the server does not know Expect. */
  | { readonly kind: 'expect' };

/** How the refused request was sent. */
export interface SentRequest {
  readonly method: string;
  readonly bucket: string | undefined;
  readonly route: Route;
  /** How its body was protected; undefined for requests without one. */
  readonly checksum: ChecksumMode | undefined;
  /** A HEAD that asked for the checksum. */
  readonly asksChecksum: boolean;
  /** This machine's time then, without correction, and the correction used. */
  readonly nowMs: number;
  readonly clockOffsetMs: number;
}

/**
 * Amazon's limit is 15 minutes. A HEAD refused for its time says nothing but 403, and servers have other words for it
 * (RequestExpired, AccessDenied), so a difference well below is put right at any refusal.
 */
const SUSPICIOUS_SKEW_MS = 4 * 60_000;

/** What to change before sending once more, or undefined where the answer stands. */
export function correctionFor(answer: ErrorAnswer, sent: SentRequest): Correction | undefined {
  return clockCorrection(answer, sent) ?? routeCorrection(answer, sent) ?? bodyCorrection(answer, sent);
}

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

const BODY_CODES = [
  'NotImplemented',
  'InvalidArgument',
  'InvalidRequest',
  'MissingContentLength',
  'MissingTrailer',
  'MalformedTrailerError',
  'UnsupportedHeader',
];
const ABOUT_BODY =
  /chunk|trailer|checksum|content-sha256|streaming|content-length|transfer|encoding|unsupported header|header .*not implemented/i;

function bodyCorrection(answer: ErrorAnswer, sent: SentRequest): Correction | undefined {
  if (answer.status === 417) return { kind: 'expect' };
  // HEAD's refusal has no body to say what it is about; nothing else in that request can be wrong in this way.
  if (sent.asksChecksum && answer.status === 400) return { kind: 'checksum-mode' };
  if (sent.checksum === undefined || sent.checksum === 'sha256') return undefined;
  const isRefusal =
    answer.status === 411 ||
    answer.status === 501 ||
    // A server that does not know streaming takes its name for a hash (Ceph 16).
    (answer.code === 'XAmzContentSHA256Mismatch' && sent.checksum === 'trailer') ||
    (BODY_CODES.includes(answer.code ?? '') && ABOUT_BODY.test(answer.message ?? ''));
  if (!isRefusal) return undefined;
  return { kind: 'checksum', mode: sent.checksum === 'trailer' ? 'header' : 'sha256' };
}

const DOWNWARD: readonly ChecksumMode[] = ['trailer', 'header', 'sha256'];

/** The lesser of two modes: what both a preset and an experience allow. */
export function lesserChecksum(left: ChecksumMode, right: ChecksumMode): ChecksumMode {
  return DOWNWARD[Math.max(DOWNWARD.indexOf(left), DOWNWARD.indexOf(right))] as ChecksumMode;
}
