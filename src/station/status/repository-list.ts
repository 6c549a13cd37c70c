import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import { repositoryKey } from '../../gather/repos/tracking/schedule.ts';
import { type ScheduledRepository, withNext } from '../../gather/repos/tracking/service.ts';
import type { CloneRecords } from '../../keep/local/clone-records.ts';
import type { RepositoryChoice } from '../../keep/store/repositories.ts';
import type { Store } from '../../keep/store/store.ts';
import type { Repository } from '../../keep/store/types.ts';

export const REPOSITORY_ORDERS = ['change', 'size', 'commits', 'url'] as const;

export interface RepositoryListFilter {
  /** Somewhere in the address, without regard to case (ASCII). */
  readonly text?: string | undefined;
  readonly choice?: RepositoryChoice | undefined;
  /** Latest change, largest clone or most commits first, or by address. */
  readonly order: (typeof REPOSITORY_ORDERS)[number];
  readonly offset: number;
  readonly limit: number;
}

interface Sources {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly clones: CloneRecords;
}

/** A page of the repositories that fit, each with its next time. Throws `database_*`. */
export async function listRepositories(
  { store, queue, clones }: Sources,
  { order, ...filter }: RepositoryListFilter,
): Promise<ScheduledRepository[]> {
  const page =
    order === 'size'
      ? await listBySize(store, clones, filter)
      : await store.repositories.list({ ...filter, order });
  const items = await queue.getMany(page.map(repositoryKey));
  return page.map(repository => withNext(repository, items.get(repositoryKey(repository))));
}

/** Sizes are of clones on this machine's disk, which the store knows nothing of. */
async function listBySize(
  store: Store,
  clones: CloneRecords,
  { offset, limit, ...filter }: Omit<RepositoryListFilter, 'order'>,
): Promise<Repository[]> {
  const [repositories, records] = await Promise.all([store.repositories.list(filter), clones.list()]);
  const sizes = new Map(records.map(({ url, onDisk, bytes }) => [url, onDisk ? bytes : 0]));
  const sizeOf = ({ url }: Repository): number => sizes.get(url) ?? 0;
  return repositories.sort((one, other) => sizeOf(other) - sizeOf(one)).slice(offset, offset + limit);
}
