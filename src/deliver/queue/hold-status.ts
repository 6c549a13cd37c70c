import { keepAnswers } from '../../base/answer-cache.ts';
import type { Clock } from '../../base/clock.ts';
import type { ErrorCode, HeldPlace } from '../../base/errors.ts';
import { CATALOGUE } from '../../base/errors.ts';
import type { PlaceHold } from '../../engine/place-hold.ts';
import type { Journal, WaitingFiles } from '../../keep/local/journal.ts';
import type { DeliveryContext } from '../context.ts';

/** A place that cannot be used just now, and what waits for it. */
export interface HoldStatus {
  readonly kind: HeldPlace;
  /** The address of an endpoint, the name of a profile, `profile/bucket`, or a path. */
  readonly place: string;
  /** Null: held since before this run. */
  readonly sinceMs: number | null;
  readonly code: ErrorCode;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** Files that wait for it. */
  readonly files: number;
}

/** How many files wait, as the journal has it: counting looks at every one of them. */
export type WaitingCounts = Pick<Journal, 'waitingFiles' | 'waitingBelow'>;

/** The journal's counts for who asks again and again: where many files wait, they are some seconds old. */
export function cachedCounts(journal: WaitingCounts, clock: Pick<Clock, 'monotonicMs'>): WaitingCounts {
  const all = keepAnswers(() => journal.waitingFiles(), clock);
  return {
    waitingFiles: () => all(''),
    waitingBelow: keepAnswers(folder => journal.waitingBelow(folder), clock),
  };
}

/** What a journal says that may be what is held. */
function orNone<Row>(read: () => readonly Row[]): readonly Row[] {
  try {
    return read();
  } catch {
    return [];
  }
}

/** A question for a key that takes no longer is none to speak of. */
const KEY_PATIENCE_MS = 2000;

/** Profiles whose files wait for a key that somebody was asked for and has not given out yet. */
function keysAwaited({
  destinations,
  holds,
  clock,
}: Pick<DeliveryContext, 'destinations' | 'holds' | 'clock'>): Pick<
  PlaceHold,
  'place' | 'sinceMs' | 'reason'
>[] {
  return [...destinations.values()].flatMap(({ profile, store }) => {
    const place = { kind: 'profile', name: profile } as const;
    const awaited = holds.isHeld(place) ? undefined : store.key?.awaited();
    if (!awaited || clock.nowMs() - awaited.sinceMs < KEY_PATIENCE_MS) return [];
    const { sinceMs, from, hint } = awaited;
    return [
      {
        place,
        sinceMs,
        reason: { code: 'bucket_auth_failed', message: `waiting for a key from ${from}`, hint },
      },
    ];
  });
}

/** Every place that is held now: endpoints that are offline, profiles, buckets and disks, and buckets that are missing. */
export function holdStatuses(
  context: Pick<
    DeliveryContext,
    'endpoints' | 'holds' | 'shortage' | 'journal' | 'destinations' | 'spool' | 'clock'
  >,
  options: {
    /** How many files wait. */
    readonly counts: WaitingCounts;
    /** Files that are not on record yet: they wait for the journal. */
    readonly unentered: number;
    /** Files in the spool or a folder that are not on record either, since its disk fails. */
    readonly waitingIn: (place: string) => number;
    /** Endpoints that count as well, offline or not. */
    readonly isMeant?: (endpoint: string) => boolean;
  },
): HoldStatus[] {
  const { endpoints, holds, shortage, journal, destinations, spool } = context;
  const offline = endpoints
    .status()
    .filter(({ endpoint, state }) => state === 'offline' || options.isMeant?.(endpoint));
  const held = [...holds.all(), ...keysAwaited(context)];
  const short = shortage.status(options.unentered);
  const missing = orNone(() => journal.heldFiles()).filter(({ hold }) => hold === 'bucket');
  // Counting looks at every file that waits: only where there is something to say.
  const waiting = offline.length > 0 || held.length > 0 ? orNone(() => options.counts.waitingFiles()) : [];
  const count = (isMeant: (files: WaitingFiles) => boolean): number =>
    waiting.filter(isMeant).reduce((sum, { files }) => sum + files, 0);
  const countAt = (endpoint: string): number =>
    count(({ profile }) => destinations.get(profile)?.endpoint === endpoint);
  const filesOf = (kind: HeldPlace, name: string): number => {
    if (kind === 'profile') return count(({ profile }) => profile === name);
    if (kind === 'bucket') return count(({ profile, bucket }) => `${profile}/${bucket}` === name);
    if (name === spool.root || name === 'journal')
      return count(() => true) + options.unentered + options.waitingIn(name);
    return countAt(name) || options.counts.waitingBelow(name) + options.waitingIn(name);
  };
  return [
    ...offline.map(({ endpoint, sinceMs, reason }) => ({
      kind: 'endpoint' as const,
      place: endpoint,
      sinceMs,
      code: reason?.code ?? ('host_unreachable' as const),
      message: reason?.message ?? CATALOGUE.host_unreachable.meaning,
      hint: reason?.hint ?? CATALOGUE.host_unreachable.remedy,
      files: countAt(endpoint),
    })),
    ...held.map(({ place, sinceMs, reason }) => ({
      kind: place.kind,
      place: place.name,
      sinceMs,
      ...reason,
      files: filesOf(place.kind, place.name),
    })),
    ...(short
      ? [
          {
            kind: short.place.kind,
            place: short.place.name,
            sinceMs: short.sinceMs,
            ...short.reason,
            files: short.files,
          },
        ]
      : []),
    ...missing.map(({ profile, bucket, files }) => ({
      kind: 'bucket' as const,
      place: `${profile}/${bucket}`,
      sinceMs: null,
      code: 'bucket_missing' as const,
      message: `bucket ${bucket} of profile ${profile} does not exist`,
      hint: CATALOGUE.bucket_missing.remedy,
      files,
    })),
  ];
}
