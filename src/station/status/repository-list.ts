import type { InsightDatabase } from '../../insights/insight-database.ts';

export const REPOSITORY_ORDERS = ['change', 'size', 'commits', 'url'] as const;
/** `failing`: every state but `ok` and `new`. */
export const REPOSITORY_CHOICES = ['tracked', 'untracked', 'failing'] as const;

export interface RepositoryListFilter {
  /** Somewhere in the address, without regard to case (ASCII). */
  readonly text?: string | undefined;
  readonly choice?: (typeof REPOSITORY_CHOICES)[number] | undefined;
  /** Latest change, largest clone or most commits first, or by address. */
  readonly order: (typeof REPOSITORY_ORDERS)[number];
  readonly offset: number;
  readonly limit: number;
}

const ORDERS: Readonly<Record<RepositoryListFilter['order'], string>> = {
  change: 'coalesce(last_commit_at, 0) DESC',
  size: 'CASE on_disk WHEN 1 THEN bytes ELSE 0 END DESC',
  commits: 'commits DESC',
  url: 'repositories.url',
};

const CHOICES: Readonly<Record<(typeof REPOSITORY_CHOICES)[number], string>> = {
  tracked: 'tracked = 1',
  untracked: 'tracked = 0',
  failing: "state NOT IN ('ok', 'new')",
};

/** Addresses of the repositories that fit, a page of them. Throws `database_*`. */
export async function listRepositories(
  source: InsightDatabase,
  filter: RepositoryListFilter,
): Promise<string[]> {
  const { text, choice, order, offset, limit } = filter;
  const conditions = ['1', ...(choice === undefined ? [] : [CHOICES[choice]])];
  if (text !== undefined) conditions.push('instr(lower(repositories.url), lower(?)) > 0');
  const rows = await source.query(
    `SELECT repositories.url FROM repositories LEFT JOIN clones ON clones.url = repositories.url
     WHERE ${conditions.join(' AND ')} ORDER BY ${ORDERS[order]}, repositories.url LIMIT ? OFFSET ?`,
    [...(text === undefined ? [] : [text]), limit, offset],
  );
  return rows.map(({ url }) => String(url));
}
