import type { Asked } from '../../api/operations.ts';
import { cacheAnswer } from '../../base/answer-cache.ts';
import type { Clock } from '../../base/clock.ts';
import { isoTime } from '../../base/units.ts';
import type {
  DueCounts,
  DueSpans,
  Priority,
  QueueCounts,
  QueueItem,
  WorkChoice,
  WorkQueue,
} from '../../engine/queue/work-queue.ts';
import { BY_HAND, CHANGESET_KIND, groupOf, hostOfGroup } from '../../gather/changesets/schedule.ts';
import type { Changesets } from '../../gather/changesets/service.ts';
import { CHURN_KIND, urlOfChurnKey } from '../../gather/repos/churn/schedule.ts';
import { REPOSITORY_KIND, urlOfRepositoryKey } from '../../gather/repos/tracking/schedule.ts';
import type { StoredChangeset } from '../../keep/store/changesets.ts';
import type { Store } from '../../keep/store/store.ts';

/** A place on the schedule as people are shown it. */
export interface ListedItem {
  readonly key: string;
  readonly kind: string;
  /** What it is about: the address of a repository or changeset, otherwise its key. */
  readonly target: string;
  /** The host that it asks; null: none, it is worked on with what is here. */
  readonly host: string | null;
  /** Of a changeset. */
  readonly title: string | null;
  /** ISO 8601. */
  readonly dueAt: string;
  /** Why then, in words. */
  readonly reason: string;
  readonly priority: Priority;
  readonly running: boolean;
  /** Failures in a row. */
  readonly failures: number;
  readonly lastError: { readonly code: string; readonly message: string } | null;
}

/** What happens next: counts, what runs, and what comes, first in line first. */
export interface UpcomingWork {
  readonly counts: QueueCounts;
  readonly running: readonly ListedItem[];
  readonly next: readonly ListedItem[];
}

/** How far ahead is counted, and by what. */
export const DUE_SPANS = {
  hour: { spanMs: 60_000, count: 60 },
  day: { spanMs: 1_800_000, count: 48 },
  week: { spanMs: 3 * 3_600_000, count: 56 },
} as const satisfies Record<string, Omit<DueSpans, 'fromMs'>>;
export type DueAhead = keyof typeof DUE_SPANS;

/** How much of a kind falls due at a host in each span; `host` as in `ListedItem`. */
export interface DueLane {
  readonly host: string | null;
  readonly kind: string;
  readonly amounts: readonly number[];
}

/** How much falls due when, what is due already in the first span. */
export interface DueWork {
  /** ISO 8601. */
  readonly fromAt: string;
  readonly spanMs: number;
  /** Of the hosts with most. */
  readonly lanes: readonly DueLane[];
  /** How many hosts there are beside those, and what falls due there, by kind. */
  readonly others: {
    readonly hosts: number;
    readonly lanes: readonly Omit<DueLane, 'host'>[];
  };
}

/** Which places on the schedule are meant: those that fit all that is given. */
export interface TargetFilter {
  /** Somewhere in the address, without regard to case (ASCII), or the address of a changeset. */
  readonly search?: string | undefined;
  readonly kind?: string | undefined;
  readonly host?: string | undefined;
  /** `held`: at hosts that are held or paused. */
  readonly show?: Asked<'listTargets'>['query']['show'];
  /** Due from then on, and before then. */
  readonly fromMs?: number | undefined;
  readonly beforeMs?: number | undefined;
}

export interface TargetPage {
  readonly targets: readonly ListedItem[];
  /** Of all that fit. */
  readonly total: number;
}

/** What people ask of the schedule. */
export interface ScheduleApi {
  /** Throws `database_*`. */
  upcoming(limit: number): Promise<UpcomingWork>;
  /** Throws `database_*`. */
  due(ahead: DueAhead): Promise<DueWork>;
  /** What waits, first in line first. Throws `database_*`. */
  list(filter: TargetFilter, page: { readonly offset: number; readonly limit: number }): Promise<TargetPage>;
  /** Makes places on the schedule due now, first in line. @returns how many; what is not there is passed over */
  raise(keys: readonly string[]): Promise<number>;
}

/** More lines of time than that nobody reads. */
const MOST_HOSTS = 20;

interface ScheduleOptions {
  readonly stores: () => { readonly store: Store; readonly queue: WorkQueue };
  readonly changesets: Pick<Changesets, 'syncNow' | 'keyOf' | 'holds'>;
  /** Hosts that somebody paused. */
  readonly pausedHosts: () => readonly string[];
  readonly clock: Clock;
}

export function scheduleApi({ stores, changesets, pausedHosts, clock }: ScheduleOptions): ScheduleApi {
  const countAhead = (ahead: DueAhead) =>
    cacheAnswer(async () => {
      const fromMs = clock.nowMs();
      return { fromMs, counts: await stores().queue.countDue({ fromMs, ...DUE_SPANS[ahead] }) };
    }, clock);
  const ahead = { hour: countAhead('hour'), day: countAhead('day'), week: countAhead('week') };
  const listed = async (items: readonly QueueItem[]): Promise<readonly ListedItem[]> => {
    const keys = items.filter(({ kind }) => kind === CHANGESET_KIND).map(({ key }) => key);
    const known = await stores().store.changesets.byKeys(keys);
    return items.map(item => listedItem(item, known.get(item.key)));
  };
  const choiceOf = ({ search, kind, host, show, fromMs, beforeMs }: TargetFilter): WorkChoice => {
    const held = [...pausedHosts(), ...changesets.holds().map(hold => hold.host)];
    const hosts = host === undefined ? held : held.filter(each => each === host);
    const groups =
      show === 'held' ? hosts.flatMap(groupsOf) : host === undefined ? undefined : groupsOf(host);
    const nowMs = clock.nowMs();
    return {
      kinds: kind === undefined ? undefined : [kind],
      groups,
      text: search === undefined ? undefined : (changesets.keyOf(search) ?? search),
      priority: show === 'raised' ? 'high' : undefined,
      isFailing: show === 'failing',
      dueFromMs: fromMs,
      dueBeforeMs: show === 'due' ? Math.min(beforeMs ?? nowMs + 1, nowMs + 1) : beforeMs,
    };
  };
  return {
    async upcoming(limit) {
      const { queue } = stores();
      const [counts, running, next] = await Promise.all([
        queue.counts(),
        queue.running(limit).then(listed),
        queue.upcoming(limit).then(listed),
      ]);
      return { counts, running, next };
    },
    async due(wanted) {
      const { fromMs, counts } = await ahead[wanted]();
      const { spanMs, count } = DUE_SPANS[wanted];
      return { fromAt: isoTime(fromMs), spanMs, ...lanesOf(counts, count) };
    },
    async list(filter, { offset, limit }) {
      const { queue } = stores();
      const choice = choiceOf(filter);
      const [targets, total] = await Promise.all([
        queue.upcoming(limit, choice, offset).then(listed),
        queue.countUpcoming(choice),
      ]);
      return { targets, total };
    },
    async raise(keys) {
      const { queue } = stores();
      const items = [...(await queue.getMany(keys)).values()];
      const [followed, others] = [true, false].map(isChangeset =>
        items.filter(({ kind }) => (kind === CHANGESET_KIND) === isChangeset),
      ) as [QueueItem[], QueueItem[]];
      const nowMs = clock.nowMs();
      await queue.putAll(
        others.map(({ key, kind, group }) => ({
          key,
          request: { kind, group, runAtMs: nowMs, priority: 'high', reason: BY_HAND },
        })),
      );
      const urls = (await listed(followed)).map(({ target }) => target);
      return others.length + (urls.length === 0 ? 0 : await changesets.syncNow(urls));
    },
  };
}

/** The groups that the work at a host has on the schedule. Pure. */
function groupsOf(host: string): readonly string[] {
  return [host, groupOf(host)];
}

/** The host that work of a kind and group asks. Pure. */
function hostOf({ kind, group }: Pick<QueueItem, 'kind' | 'group'>): string | null {
  return kind === CHURN_KIND ? null : hostOfGroup(group);
}

function sumOf(counted: readonly { readonly amounts: readonly number[] }[], spans: number): number[] {
  return Array.from({ length: spans }, (_, span) =>
    counted.reduce((sum, { amounts }) => sum + (amounts[span] ?? 0), 0),
  );
}

/** Counts by group as lines of time by host, those with most first. Pure. */
function lanesOf(counts: readonly DueCounts[], spans: number): Pick<DueWork, 'lanes' | 'others'> {
  const total = (counted: readonly DueCounts[]): number =>
    counted.reduce((sum, { amounts }) => sum + amounts.reduce((all, one) => all + one, 0), 0);
  const byKind = (counted: readonly DueCounts[]) =>
    [...Map.groupBy(counted, ({ kind }) => kind)].map(([kind, some]) => ({
      kind,
      amounts: sumOf(some, spans),
    }));
  const hosts = [...Map.groupBy(counts, hostOf)].toSorted(([, one], [, other]) => total(other) - total(one));
  const rest = hosts.slice(MOST_HOSTS);
  return {
    lanes: hosts
      .slice(0, MOST_HOSTS)
      .flatMap(([host, counted]) => byKind(counted).map(lane => ({ host, ...lane }))),
    others: { hosts: rest.length, lanes: byKind(rest.flatMap(([, counted]) => counted)) },
  };
}

function listedItem(item: QueueItem, changeset: StoredChangeset | undefined): ListedItem {
  const { key, kind, runAtMs, reason, priority, failures, lastError, claimedBy } = item;
  return {
    key,
    kind,
    target: changeset?.url ?? targetOf(item),
    host: hostOf(item),
    title: changeset?.title ?? null,
    dueAt: isoTime(runAtMs),
    reason,
    priority,
    running: claimedBy !== null,
    failures,
    lastError: lastError && { code: lastError.code, message: lastError.message },
  };
}

function targetOf({ kind, key }: QueueItem): string {
  if (kind === REPOSITORY_KIND) return urlOfRepositoryKey(key);
  return kind === CHURN_KIND ? urlOfChurnKey(key) : key;
}
