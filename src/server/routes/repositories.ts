import type { Hono } from 'hono';
import type { Repository } from '../../keep/store/types.ts';
import type { AppOptions } from '../app-options.ts';

/** Repositories that are known. */
export function repositoryRoutes(app: Hono, { station }: AppOptions): void {
  app.get('/api/v1/repos', async context =>
    context.json({ repositories: (await station.repositories.list()).map(repositoryAnswer) }),
  );
}

/** A repository as the API shows it. */
export function repositoryAnswer(repository: Repository): Record<string, unknown> {
  const { url, state, tracked, trackedBy, headRef, shallow, totals, lastBakedAtMs, lastError, movedTo } =
    repository;
  return {
    url,
    state,
    tracked,
    trackedBy,
    movedTo,
    headRef,
    shallow,
    commits: totals.commits,
    authors: totals.authors,
    firstCommitAt: isoTime(totals.firstCommitAt),
    lastCommitAt: isoTime(totals.lastCommitAt),
    lastBakedAt: lastBakedAtMs === null ? null : new Date(lastBakedAtMs).toISOString(),
    lastError,
  };
}

function isoTime(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}
