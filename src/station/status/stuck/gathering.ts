import { isoOrNull, isoTime } from '../../../base/units.ts';
import type { QueueCounts, UnsettledWork } from '../../../engine/queue/work-queue.ts';
import { type HostHold, holdReason } from '../../../gather/changesets/hosts/host-health.ts';
import type { UnseenAtHost } from '../../../gather/changesets/hosts/unseen-at-hosts.ts';
import { CHANGESET_KIND, hostOfGroup, SOURCE_KIND } from '../../../gather/changesets/schedule.ts';
import type { HostRefusal } from '../../../gather/changesets/service.ts';
import { OWNER_KIND, REPOSITORY_KIND } from '../../../gather/repos/tracking/schedule.ts';
import type { StoreTrouble } from '../../../keep/store/questions.ts';
import { refusalReason } from '../changeset-figures.ts';
import { action, remedyOf, type StuckItem } from './item.ts';

/** What is known of gathering. */
export interface GatheringFacts {
  readonly unsettled: readonly UnsettledWork[];
  readonly counts: Pick<QueueCounts, 'size' | 'running'>;
  readonly repositories: readonly StoreTrouble[];
  readonly changesets: readonly StoreTrouble[];
  readonly holds: readonly HostHold[];
  readonly refusals: readonly HostRefusal[];
  readonly unseen: readonly UnseenAtHost[];
}

/** Targets that are not stuck, by what is with them, and those that other counts tell of. */
export interface SettlingTargets {
  readonly running: number;
  readonly due: number;
  readonly resting: number;
  readonly repositories: number;
  readonly changesets: number;
}

/**
 * Every target, repository and changeset that is not well, once: targets of repositories and changesets that fail are
 * told of as these are. Pure.
 */
export function stuckGathering(facts: GatheringFacts): {
  readonly stuck: StuckItem[];
  readonly others: SettlingTargets;
} {
  const { repositories, changesets, refusals, unseen } = facts;
  const { stuck, others } = stuckTargets(facts);
  return {
    stuck: [
      ...stuck,
      ...repositories.map(repositoriesItem),
      ...changesets.map(changesetsItem),
      ...refusals.filter(each => each.others > 0).map(refusalItem),
      ...unseen.map(unseenItem),
    ],
    others,
  };
}

function stuckTargets({ unsettled, counts, holds }: GatheringFacts) {
  const others = { running: counts.running, due: 0, repositories: 0, changesets: 0 };
  const items = new Map<string, StuckItem & { readonly sinceMs: number }>(
    holds.map(hold => [`host ${hold.host}`, { ...hostItem(hold), sinceMs: hold.sinceMs }]),
  );
  let seen = 0;
  for (const group of unsettled) {
    seen += group.count;
    if (group.state === 'failing' && group.kind === REPOSITORY_KIND) others.repositories += group.count;
    else if (group.state === 'failing' && group.kind === CHANGESET_KIND) others.changesets += group.count;
    else {
      const [id, item] = targetItem(group, items);
      if (id === undefined) others.due += group.count;
      else {
        const known = items.get(id);
        items.set(id, {
          ...item,
          example: known?.example ?? item.example,
          count: group.count + (known?.count ?? 0),
          sinceMs: Math.min(known?.sinceMs ?? Number.POSITIVE_INFINITY, group.earliestMs),
        });
      }
    }
  }
  // Counted in different statements: it may be one more or less meanwhile.
  const resting = Math.max(0, counts.size - counts.running - seen);
  const stuck = [...items.values()].map(({ sinceMs, ...item }) => ({
    ...item,
    sinceAt: item.sinceAt ?? isoTime(sinceMs),
  }));
  return { stuck, others: { ...others, resting } };
}

const OF_HOSTS: readonly string[] = [REPOSITORY_KIND, OWNER_KIND, CHANGESET_KIND, SOURCE_KIND];
const OF_CODE_HOSTS: readonly string[] = [CHANGESET_KIND, SOURCE_KIND];

/** Which item targets belong to; no id where they are not stuck. */
function targetItem(
  group: UnsettledWork,
  items: ReadonlyMap<string, StuckItem>,
): readonly [string | undefined, StuckItem] {
  const { kind, state, code, example, message } = group;
  const host = hostOfGroup(group.group);
  const held = items.get(`host ${host}`);
  const waitsForHost =
    held !== undefined &&
    (OF_CODE_HOSTS.includes(kind) || (held.stage === 'paused' && OF_HOSTS.includes(kind)));
  if (state !== 'failing' && waitsForHost) return [`host ${host}`, { ...held, example }];
  const id = state === 'due' ? undefined : `${state} ${kind} ${group.group} ${code}`;
  const isHost = OF_HOSTS.includes(kind);
  return [
    id,
    {
      id: id ?? '',
      kind: 'targets',
      stage: state === 'late' ? 'late' : 'failing',
      place: isHost ? { kind: 'host', name: host } : { kind: 'work', name: kind },
      code,
      cause:
        state === 'late' ? 'more is due than is done: it waits for its turn for longer than usual' : message,
      hint: state === 'late' ? LATE_HINT : remedyOf(code),
      count: 0,
      sinceAt: null,
      example,
      isWaiting: true,
      actions: isHost ? [action('pause', 'pause', { kind: 'host', name: host })] : [],
    },
  ];
}

const LATE_HINT =
  'More at once (git.concurrency, changesets.concurrency), or longer intervals, bring it up to date.';

/** A host whose targets wait together. */
function hostItem(hold: HostHold): StuckItem {
  const { host, kind, hint, code, sinceMs } = hold;
  const isPaused = kind === 'paused';
  return {
    id: `host ${host}`,
    kind: 'targets',
    stage: isPaused ? 'paused' : kind === 'refused' ? 'refused' : 'held',
    place: { kind: 'host', name: host },
    code,
    cause: holdReason(hold),
    hint,
    count: 0,
    sinceAt: isoTime(sinceMs),
    example: null,
    isWaiting: kind === 'limited' || kind === 'down',
    actions: isPaused
      ? [action('resume', 'resume', { kind: 'host', name: host })]
      : [
          ...(kind === 'limited' ? [] : [action('probe', 'probePlace', { kind: 'host', name: host })]),
          action('pause', 'pause', { kind: 'host', name: host }),
        ],
  };
}

const REPOSITORY_STAGES = ['failing', 'unreachable', 'gone', 'private', 'moved'] as const;
type RepositoryStage = (typeof REPOSITORY_STAGES)[number];

function repositoriesItem({ stage, count, subject, example, lastAtMs }: StoreTrouble): StuckItem {
  const state: RepositoryStage = REPOSITORY_STAGES.find(one => one === stage) ?? 'failing';
  return {
    id: `repositories ${state}`,
    kind: 'repositories',
    stage: state,
    place: null,
    code: null,
    cause: example,
    hint: REPOSITORY_HINTS[state],
    count,
    sinceAt: isoOrNull(lastAtMs),
    example: subject,
    isWaiting: state === 'unreachable' || state === 'failing',
    actions: [
      action('sync', 'syncRepositories', { state }),
      ...(count === 1 && subject !== null ? [action('forget', 'untrackRepository', { url: subject })] : []),
    ],
  };
}

const REPOSITORY_HINTS: Readonly<Record<RepositoryStage, string>> = {
  failing: 'The repository says what it failed with.',
  unreachable: 'Nothing to do where the host comes back; otherwise mend its address.',
  gone: 'Nothing is there any more: keep it fresh no longer, or track its new address.',
  private: 'Give git access to it, or keep it fresh no longer.',
  moved: 'Track its new address instead; until then it is followed there.',
};

function changesetsItem({ code, count, subject, example, lastAtMs }: StoreTrouble): StuckItem {
  return {
    id: `changesets ${code}`,
    kind: 'changesets',
    stage: 'failing',
    place: null,
    code,
    cause: example,
    hint: remedyOf(code),
    count,
    sinceAt: isoOrNull(lastAtMs),
    example: subject,
    isWaiting: true,
    actions: [
      action('sync', 'syncChangesets', { filter: { failing: true } }),
      ...(count === 1 && subject !== null ? [action('forget', 'untrackChangeset', { url: subject })] : []),
    ],
  };
}

/** A token among several; where none is left, the host is on hold. */
function refusalItem(refusal: HostRefusal): StuckItem {
  const { host, credentials } = refusal;
  return {
    id: `tokens ${host}`,
    kind: 'code host',
    stage: 'refused',
    place: { kind: 'host', name: host },
    code: 'token_refused',
    cause: `${host} ${refusalReason(refusal)}`,
    hint: remedyOf('token_refused'),
    count: credentials.length,
    sinceAt: null,
    example: credentials[0] ?? null,
    isWaiting: false,
    actions: [],
  };
}

/** What of a host's answers cannot be read; the rest goes on. */
function unseenItem({ host, part, code, count, example, message, hint, sinceMs }: UnseenAtHost): StuckItem {
  return {
    id: `unseen ${host} ${part} ${code}`,
    kind: 'code host',
    stage: 'not seen',
    place: { kind: 'host', name: host },
    code,
    cause: `${part} not seen: ${message}`,
    hint,
    count,
    sinceAt: isoTime(sinceMs),
    example,
    isWaiting: true,
    actions: [],
  };
}
