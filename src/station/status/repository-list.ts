import type { WorkQueue } from '../../engine/queue/work-queue.ts';
import { repositoryKey } from '../../gather/repos/tracking/schedule.ts';
import { type ScheduledRepository, withNext } from '../../gather/repos/tracking/service.ts';
import type { CloneRecords } from '../../keep/local/clone-records.ts';
import {
  placeInList,
  type RepositoryChoice,
  type RepositoryListPlace,
  type RepositoryOrder,
} from '../../keep/store/repositories.ts';
import type { Store } from '../../keep/store/store.ts';

export interface RepositoryListFilter {
  /** Somewhere in the address, without regard to case (ASCII). */
  readonly text?: string | undefined;
  readonly choice?: RepositoryChoice | undefined;
  /** Latest change, largest clone or most commits first, or by address. */
  readonly order: RepositoryOrder;
  /** From the other end. */
  readonly reverse?: boolean | undefined;
  /** Goes on behind this place of the same order. */
  readonly after?: RepositoryListPlace | undefined;
  /** So many are left out first. */
  readonly offset?: number | undefined;
  readonly limit: number;
}

/** A page of repositories, where the next one begins (undefined: nowhere), and how many there are on all pages. */
export interface PageOfRepositories {
  readonly page: readonly ScheduledRepository[];
  readonly next: RepositoryListPlace | undefined;
  readonly total: number;
}

interface Sources {
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly clones: CloneRecords;
}

/** A page of the repositories that fit, each with its next time. Throws `database_*`. */
export async function listRepositories(
  { store, queue, clones }: Sources,
  filter: RepositoryListFilter,
): Promise<PageOfRepositories> {
  const { order, limit } = filter;
  const sizes = order === 'size' ? await cloneSizes(clones) : undefined;
  const [page, total] = await Promise.all([
    store.repositories.list({ ...filter, sizes }),
    store.repositories.count(filter),
  ]);
  const items = await queue.getMany(page.map(repositoryKey));
  const last = page.at(-1);
  return {
    page: page.map(repository => withNext(repository, items.get(repositoryKey(repository)))),
    next: last && page.length === limit ? placeInList(last, { order, sizes }) : undefined,
    total,
  };
}

/** What clones take on this machine's disk, by URL: of sizes the store knows nothing. */
async function cloneSizes(clones: CloneRecords): Promise<ReadonlyMap<string, number>> {
  const onDisk = (await clones.list()).filter(record => record.onDisk && record.bytes > 0);
  return new Map(onDisk.map(({ url, bytes }) => [url, bytes]));
}
