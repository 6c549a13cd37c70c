import { seededRandom } from '../../src/base/random.ts';
import type { Database } from '../../src/keep/sqlite/database.ts';

const HOST = 'example.org';
const REPOSITORIES = 20;
const SPAN_MS = 5 * 365 * 86_400_000;
const HOUR_MS = 3_600_000;
const AT_ONCE = 5_000;
/** In this order, some hours from one to the next. */
const EVENTS = [
  'commit',
  'review_requested',
  'review',
  'commit',
  'comment',
  'review',
  'comment',
  'merged',
] as const;

const INSERT = `
  INSERT INTO changesets (id, host, repository, number, target_key, url, title, author, followed_by, state,
    created_at_ms, updated_at_ms, merged_at_ms, closed_at_ms, additions, deletions, first_seen_at_ms, last_sync_at_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'bench', ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const INSERT_EVENT = `
  INSERT INTO changeset_events (changeset_id, host_id, kind, host_kind, at_ms, place, actor, review)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

/**
 * Adds changesets with eight events each over the five years before `nowMs`: nine in ten merged, most of the others
 * still open. The same for the same number.
 */
export async function seedChangesets(database: Database, count: number, nowMs: number): Promise<void> {
  const random = seededRandom(2);
  for (let from = 0; from < count; from += AT_ONCE) {
    await database.write(() => {
      const insert = database.statement(INSERT);
      const insertEvent = database.statement(INSERT_EVENT);
      for (let id = from + 1; id <= Math.min(count, from + AT_ONCE); id += 1) {
        const createdMs = nowMs - Math.floor((1 - id / count) * SPAN_MS);
        const stepMs = Math.floor((0.2 + random() ** 3 * 40) * HOUR_MS);
        const endMs = createdMs + EVENTS.length * stepMs;
        const merged = random() < 0.9 && endMs < nowMs;
        const repository = `owner/repository${id % REPOSITORIES}`;
        const url = `https://${HOST}/${repository}/pull/${id}`;
        const state = merged ? 'merged' : 'open';
        const times = [createdMs, Math.min(endMs, nowMs), merged ? endMs : null, merged ? endMs : null];
        const lines = [Math.floor(random() ** 3 * 2_000), Math.floor(random() ** 3 * 500)];
        const author = `author${Math.floor(random() ** 2 * 500)}`;
        insert.run(
          ...[id, HOST, repository, id, `bench:${id}`, url, `A change number ${id}`, author, state],
          ...[...times, ...lines, createdMs, nowMs],
        );
        for (const [place, kind] of EVENTS.entries()) {
          const atMs = createdMs + (place + 1) * stepMs;
          if (atMs >= nowMs || (kind === 'merged' && !merged)) break;
          const review = kind !== 'review' ? null : place === 2 ? 'changes_requested' : 'approved';
          const actor = kind === 'commit' ? author : `reviewer${id % 50}`;
          insertEvent.run(id, `e${place}`, kind, kind, atMs, place, actor, review);
        }
      }
    });
  }
}
