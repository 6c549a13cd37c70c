import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import { repositoryKey } from '../../gather/repos/tracking/schedule.ts';
import { type ScheduledRepository, withNext } from '../../gather/repos/tracking/service.ts';
import type { CloneRecords } from '../../keep/local/clone-records.ts';
import type { RepositoryChoice } from '../../keep/store/repositories.ts';
import type { Store } from '../../keep/store/store.ts';

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
      ? await store.repositories.list({ ...filter, leading: await largestClones(clones) })
      : await store.repositories.list({ ...filter, order });
  const items = await queue.getMany(page.map(repositoryKey));
  return page.map(repository => withNext(repository, items.get(repositoryKey(repository))));
}

/** Those with a clone on this machine's disk, largest first: of sizes the store knows nothing. */
async function largestClones(clones: CloneRecords): Promise<readonly string[]> {
  const onDisk = (await clones.list()).filter(record => record.onDisk && record.bytes > 0);
  onDisk.sort((one, other) => other.bytes - one.bytes || (one.url < other.url ? -1 : 1));
  return onDisk.map(({ url }) => url);
}
