import type { Hono } from 'hono';
import { z } from 'zod';
import { topAuthors } from '../../insights/authors.ts';
import { isoDate, PERIODS } from '../../insights/calendar.ts';
import { commitsByPeriod } from '../../insights/commits.ts';
import type { Repository } from '../../keep/store/types.ts';
import type { StationApi } from '../../station/station-api.ts';
import { readQuery } from '../body.ts';

const RepositoryQuery = z.object({ repo: z.string().min(1).optional() });
const CommitsQuery = RepositoryQuery.extend({ by: z.enum(PERIODS).default('week') }).strict();
const AuthorsQuery = RepositoryQuery.extend({
  limit: z.coerce.number().int().min(1).max(1000).default(20),
}).strict();

/** Repositories and the insights about one of them, or about all. */
export function repositoryRoutes(app: Hono, station: StationApi): void {
  const idsOf = async (url: string | undefined): Promise<number[]> =>
    (url === undefined ? await station.repositories() : [await station.repository(url)]).map(({ id }) => id);

  app.get('/api/v1/repos', async context =>
    context.json({ repositories: (await station.repositories()).map(repositoryAnswer) }),
  );
  app.get('/api/v1/insights/commits', async context => {
    const { repo, by } = readQuery(context, CommitsQuery);
    const periods = await commitsByPeriod(station.source, { repositoryIds: await idsOf(repo) }, by);
    return context.json({
      by,
      periods: periods.map(({ start, commits }) => ({ start: isoDate(start), commits })),
    });
  });
  app.get('/api/v1/insights/authors', async context => {
    const { repo, limit } = readQuery(context, AuthorsQuery);
    const authors = await topAuthors(station.source, { repositoryIds: await idsOf(repo) }, limit);
    return context.json({
      authors: authors.map(({ firstCommitAt, lastCommitAt, ...author }) => ({
        ...author,
        firstCommitAt: isoTime(firstCommitAt),
        lastCommitAt: isoTime(lastCommitAt),
      })),
    });
  });
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
