import type { ScheduleEntry } from '../../../engine/queue/work-queue.ts';
import { announceEvent, followChangesets, type StoreChange } from '../../../keep/store/change.ts';
import type { ChangesetStore, StoredChangeset } from '../../../keep/store/changesets.ts';
import type { ChangesetSummary } from '../../forges/changeset.ts';
import type { ChangesetContext } from '../context.ts';
import { changeTimeMs, planNextSync, planningOf, possibleMs } from '../next-sync.ts';
import { atPlannedTime, CHANGESET_KIND, changesetKey, groupOf } from '../schedule.ts';
import { countIfUnannounced } from '../webhooks.ts';

/**
 * Takes a page of a source's listing in, with its places on the schedule, in one transaction: new ones are followed and
 * due at once; known ones that have changed since their last sync are placed by that. May be repeated.
 */
export async function followListed(
  summaries: readonly ChangesetSummary[],
  source: string,
  context: ChangesetContext,
): Promise<void> {
  const { changesets, queue, clock } = context;
  const nowMs = clock.nowMs();
  const known = await changesets.byAddresses(summaries.map(({ ref }) => ref));
  const byKey = new Map(known.map(changeset => [changesetKey(changeset), changeset]));
  const taken = await changesets.byKeys(
    summaries.map(({ ref }) => changesetKey(ref)).filter(key => !byKey.has(key)),
  );
  const entries: ScheduleEntry[] = [];
  const changes: StoreChange[] = [];
  for (const summary of summaries) {
    const before = byKey.get(changesetKey(summary.ref));
    if (!before?.followed) {
      const key = before?.key ?? (await freeKey(changesetKey(summary.ref), taken, changesets));
      const { ref, url, title, author } = summary;
      changes.push(followChangesets([{ ...ref, key, url, title, author: author?.login }], source, nowMs));
      entries.push({
        key,
        request: {
          kind: CHANGESET_KIND,
          group: groupOf(ref.host),
          runAtMs: nowMs,
          reason: 'newly opened',
        },
      });
      continue;
    }
    const changedAtMs = newChangeMs(before, summary, nowMs, context);
    if (changedAtMs === undefined) continue;
    await countIfUnannounced(before, changedAtMs, nowMs, context);
    changes.push(announceEvent([before.id], changedAtMs));
    entries.push(entryAfterChange(before, changedAtMs, nowMs, context));
  }
  if (entries.length > 0) await queue.putAll(entries, changes);
}

/** A key is kept when its repository is renamed; what has come to stand at the old name since gets another. */
async function freeKey(
  key: string,
  taken: ReadonlyMap<string, unknown>,
  changesets: ChangesetStore,
): Promise<string> {
  if (!taken.has(key)) return key;
  let free = `${key} (2)`;
  for (let next = 3; await changesets.byKey(free); next += 1) free = `${key} (${next})`;
  return free;
}

/** When a followed one changed, where a listing shows a change that is not known yet; otherwise undefined. */
function newChangeMs(
  before: StoredChangeset,
  { updatedAtMs }: ChangesetSummary,
  nowMs: number,
  { clockSkewMs }: ChangesetContext,
): number | undefined {
  if (updatedAtMs === undefined || before.updatedAtMs === null) return undefined;
  // Of a time that cannot be, any other one is news.
  const knownMs = possibleMs(before.updatedAtMs, nowMs + Math.max(0, clockSkewMs(before.host)));
  if (updatedAtMs === before.updatedAtMs || updatedAtMs <= (knownMs ?? 0)) return undefined;
  const changedAtMs = changeTimeMs(before, updatedAtMs, clockSkewMs(before.host), nowMs);
  return changedAtMs > (before.latestEventAtMs ?? 0) ? changedAtMs : undefined;
}

function entryAfterChange(
  before: StoredChangeset,
  changedAtMs: number,
  nowMs: number,
  context: ChangesetContext,
): ScheduleEntry {
  const { key, host, lastSyncAtMs } = before;
  // The change lies before the last sync where the host was slow to show it: then it counts as of now.
  const latestEventAtMs = Math.max(changedAtMs, (lastSyncAtMs ?? 0) + 1);
  const plan = planNextSync({ ...before, latestEventAtMs }, planningOf(host, nowMs, context));
  return { key, request: atPlannedTime(host, { ...plan, reason: 'a listing shows a change' }, nowMs) };
}
