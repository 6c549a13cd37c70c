import { isoOrNull, isoTime } from '../../../base/units.ts';
import type { HoldStatus } from '../../../deliver/queue/hold-status.ts';
import type { FileRecord, UnsettledFiles } from '../../../keep/local/journal.ts';
import { action, meaningOf, remedyOf, type StuckItem } from './item.ts';

/** What is known of files that have not arrived. */
export interface FileFacts {
  readonly unsettled: readonly UnsettledFiles[];
  /** Records that are being tried this moment. */
  readonly underWay: readonly FileRecord[];
  readonly holds: readonly HoldStatus[];
  /** Endpoints by profile: all profiles that there are. */
  readonly endpoints: ReadonlyMap<string, string>;
  /** The folder of the spool: its disk holds everything. */
  readonly root: string;
  /** Whether files go by themselves now. */
  readonly isSyncing: boolean;
  readonly nowMs: number;
  readonly lateMs: number;
}

/** Files that are not stuck, by what is with them. */
export interface SettlingFiles {
  readonly uploading: number;
  readonly due: number;
  readonly resting: number;
  readonly copying: number;
  readonly empty: number;
}

/** How a group of files is: stuck for a reason, or none of that. */
type Verdict =
  | { readonly settling: Exclude<keyof SettlingFiles, 'uploading'> }
  | { readonly stuck: string; readonly item: Omit<StuckItem, 'count' | 'sinceAt'> };

/**
 * Every file that has not arrived, either among what is stuck, once, or among what is not. A place that is held is there
 * whether files wait for it or not. Pure.
 */
export function stuckFiles(facts: FileFacts): {
  readonly stuck: StuckItem[];
  readonly others: SettlingFiles;
} {
  const others = { uploading: 0, due: 0, resting: 0, copying: 0, empty: 0 };
  const items = new Map<string, StuckItem & { sinceMs: number | null }>();
  for (const hold of facts.holds)
    items.set(keyOfHold(hold), {
      ...heldItem(hold),
      count: 0,
      sinceAt: isoOrNull(hold.sinceMs),
      sinceMs: hold.sinceMs,
    });
  for (const [group, files, tried] of withoutTried(facts)) {
    others.uploading += tried;
    if (files === 0) continue;
    const verdict = judge(group, facts);
    if ('settling' in verdict) {
      others[verdict.settling] += files;
      continue;
    }
    const known = items.get(verdict.stuck);
    const sinceMs = Math.min(known?.sinceMs ?? Number.POSITIVE_INFINITY, group.sinceMs);
    const item = known ?? verdict.item;
    items.set(verdict.stuck, {
      ...item,
      example: item.example ?? verdict.item.example,
      count: files + (known?.count ?? 0),
      sinceMs,
      // Since when a place is held is known better than by its files.
      sinceAt: known && known.stage === 'held' ? (known.sinceAt ?? isoTime(sinceMs)) : isoTime(sinceMs),
    });
  }
  return { stuck: [...items.values()].map(({ sinceMs: _sinceMs, ...item }) => item), others };
}

/** Each group with how many of it are not being tried, and how many are. */
function withoutTried({ unsettled, underWay, nowMs, lateMs }: FileFacts) {
  const tried = Map.groupBy(underWay, record =>
    keyOfGroup({ ...record, next: nextOf(record, nowMs, lateMs), isGone: record.removedAtMs !== null }),
  );
  return unsettled.map(group => {
    const ofGroup = Math.min(tried.get(keyOfGroup(group))?.length ?? 0, group.files);
    return [group, group.files - ofGroup, ofGroup] as const;
  });
}

function keyOfGroup(
  group: Pick<UnsettledFiles, 'profile' | 'bucket' | 'hold' | 'errorCode' | 'next' | 'isGone'> & {
    readonly state: string;
  },
): string {
  const { state, profile, bucket, hold, errorCode, next, isGone } = group;
  return JSON.stringify([state, profile, bucket, hold, errorCode, next, isGone]);
}

function nextOf(
  { nextAttemptAtMs: atMs }: FileRecord,
  nowMs: number,
  lateMs: number,
): UnsettledFiles['next'] {
  if (atMs === null) return 'never';
  if (atMs > nowMs) return 'later';
  return atMs < nowMs - lateMs ? 'late' : 'due';
}

function judge(group: UnsettledFiles, facts: FileFacts): Verdict {
  const { state, hold, errorCode, next } = group;
  if (state === 'incoming_tmp') return { settling: 'copying' };
  if (state === 'failed') return failed(group);
  const place = placeOf(group, facts);
  if (place) {
    const item = heldItem(place);
    return { stuck: keyOfHold(place), item: { ...item, example: item.example ?? exampleOf(group) } };
  }
  if (hold === 'empty') return { settling: 'empty' };
  if (!facts.endpoints.has(group.profile)) return unknownProfile(group);
  if (hold !== null) return unplaced(group);
  if (errorCode !== null) return retrying(group, errorCode);
  if (next === 'later') return { settling: 'resting' };
  if (next === 'never') return waiting('without a time', group, 'They have no time for a next try.');
  if (!facts.isSyncing) return waiting('not syncing', group, NOT_SYNCING);
  return next === 'late' ? waiting('late', group, LATE) : { settling: 'due' };
}

const NOT_SYNCING = 'Files do not go by themselves now: the gate is shut, or sync.automatic is off.';
const LATE = 'They wait for their turn for longer than usual: more is to be sent than goes.';

/** The place that a group of files waits for, the one nearest to a person's hand first; undefined where it waits for none. */
function placeOf(group: UnsettledFiles, { holds, endpoints, root }: FileFacts): HoldStatus | undefined {
  const { profile, bucket, hold, example } = group;
  const bucketName = `${profile}/${bucket}`;
  const endpoint = endpoints.get(profile);
  const source = example.source;
  const find = (isIt: (one: HoldStatus) => boolean): HoldStatus | undefined => holds.find(isIt);
  const isBucket = (one: HoldStatus): boolean => one.kind === 'bucket' && one.place === bucketName;
  const isProfile = (one: HoldStatus): boolean => one.kind === 'profile' && one.place === profile;
  if (hold === 'empty') return undefined;
  return (
    find(one => one.code === 'paused' && (isBucket(one) || isProfile(one))) ??
    find(one => one.kind === 'disk' && (one.place === 'journal' || one.place === root)) ??
    (hold === 'folder_held' && source !== null
      ? find(one => one.kind === 'disk' && source.startsWith(`${one.place}/`))
      : undefined) ??
    (hold === 'bucket' || hold === 'bucket_held' ? find(isBucket) : undefined) ??
    find(isProfile) ??
    find(one => (one.kind === 'endpoint' || one.kind === 'disk') && one.place === endpoint) ??
    find(isBucket)
  );
}

function keyOfHold({ kind, place, code }: HoldStatus): string {
  return `held ${kind} ${place} ${code}`;
}

/** A place that is held, with what a person can do there. */
function heldItem(hold: HoldStatus): Omit<StuckItem, 'count' | 'sinceAt'> {
  const { kind, place, code, message, hint } = hold;
  const isPaused = code === 'paused';
  const isPausable = kind === 'profile' || kind === 'bucket';
  const named = { kind, name: place };
  return {
    id: keyOfHold(hold),
    kind: 'files',
    stage: isPaused ? 'paused' : 'held',
    place: named,
    code,
    cause: message,
    hint,
    example: null,
    // An endpoint comes back by itself; whatever else is held mostly needs a person.
    isWaiting: kind === 'endpoint',
    actions: isPaused
      ? [action('resume', 'resume', { kind: kind === 'bucket' ? 'bucket' : 'profile', name: place })]
      : [
          action('probe', 'probePlace', named),
          ...(isPausable ? [action('pause', 'pause', { kind, name: place })] : []),
        ],
  };
}

function failed(group: UnsettledFiles): Verdict {
  const { profile, errorCode, isGone } = group;
  const code = errorCode ?? 'unknown';
  const selection = { cause: code, profile, gone: isGone };
  const stage = isGone ? 'gone' : 'failed';
  const id = `${stage} ${profile} ${code}`;
  return {
    stuck: id,
    item: {
      ...filesItem(id, stage, group),
      code: errorCode,
      hint: isGone
        ? 'The files are no longer there: drop them, or put them back under their names.'
        : remedyOf(errorCode),
      isWaiting: false,
      actions: [
        ...(isGone ? [] : [action('retry', 'retryFailed', selection)]),
        action('drop', 'dropFailed', selection),
      ],
    },
  };
}

function retrying(group: UnsettledFiles, code: string): Verdict {
  const id = `retrying ${group.profile} ${code}`;
  return {
    stuck: id,
    item: {
      ...filesItem(id, 'retrying', group),
      code,
      hint: remedyOf(code),
      isWaiting: true,
      actions: [
        action('sync', 'syncDeliveries', {}),
        action('pause', 'pause', { kind: 'profile', name: group.profile }),
      ],
    },
  };
}

/** On record as held, and the place that it waits for is none that is held now: it is looked at within seconds. */
function unplaced(group: UnsettledFiles): Verdict {
  const id = `waiting ${group.profile}/${group.bucket} ${group.hold}`;
  return {
    stuck: id,
    item: {
      ...filesItem(id, 'held', group),
      code: group.errorCode,
      hint: remedyOf(group.errorCode),
      isWaiting: true,
      actions: [action('sync', 'syncDeliveries', {})],
    },
  };
}

function unknownProfile(group: UnsettledFiles): Verdict {
  const id = `unknown profile ${group.profile}`;
  return {
    stuck: id,
    item: {
      ...filesItem(id, 'unknown profile', group),
      code: null,
      cause: `there is no profile ${group.profile} any more`,
      hint: 'Put the profile back into the credentials file, or take its files out of the spool.',
      isWaiting: false,
      actions: [],
    },
  };
}

function waiting(stage: StuckItem['stage'], group: UnsettledFiles, words: string): Verdict {
  const id = `${stage} ${group.profile}`;
  return {
    stuck: id,
    item: {
      ...filesItem(id, stage, group),
      code: null,
      cause: words,
      hint: stage === 'not syncing' ? '"Sync now" sends them whatever the gate says.' : null,
      isWaiting: stage === 'late',
      actions: [action('sync', 'syncDeliveries', {})],
    },
  };
}

function filesItem(id: string, stage: StuckItem['stage'], group: UnsettledFiles) {
  const { profile, errorCode, example } = group;
  return {
    id,
    kind: 'files' as const,
    stage,
    place: { kind: 'profile' as const, name: profile },
    cause: example.message ?? (errorCode === null ? null : meaningOf(errorCode)),
    example: exampleOf(group),
  };
}

function exampleOf({ profile, bucket, example }: UnsettledFiles): string {
  return example.source ?? `${profile}/${bucket}/${example.filepath}`;
}
