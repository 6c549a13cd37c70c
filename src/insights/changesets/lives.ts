import { setImmediate } from 'node:timers/promises';
import type { ChangesetLifeRow, ChangesetScope, Questions } from '../../keep/store/questions.ts';
import { type Life, lifeOf } from './life.ts';

/** Which changesets, and from when to before when, in milliseconds. */
export interface ChangesetWindow extends ChangesetScope {
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface Lived extends Omit<ChangesetLifeRow, 'events'> {
  readonly life: Life;
}

const PAGE = 500;

/**
 * Reads the changesets that were opened, merged or closed in a window, with their lives, in pages; others have their turn
 * between two of them.
 */
export async function livesIn(
  questions: Pick<Questions, 'changesetLives'>,
  query: ChangesetWindow,
  nowMs: number,
): Promise<Lived[]> {
  const { host, repository, sinceMs, untilMs } = query;
  const lives: Lived[] = [];
  const pageAfter = (afterId: number) =>
    questions.changesetLives({ host, repository, sinceMs, untilMs, afterId, limit: PAGE });
  // A database that is a process of its own finds the next page while this one is worked through.
  for (let coming = pageAfter(0); ; ) {
    const [rows] = await Promise.all([coming, setImmediate()]);
    const last = rows.at(-1);
    if (last && rows.length === PAGE) coming = pageAfter(last.id);
    for (const { events, ...row } of rows) lives.push({ ...row, life: lifeOf(row, events, nowMs) });
    if (rows.length < PAGE) return lives;
  }
}
