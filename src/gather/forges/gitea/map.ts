import type {
  Actor,
  Changeset,
  ChangesetState,
  ChangesetSummary,
  CheckState,
  ReviewState,
} from '../changeset.ts';
import type { ForgeRepository } from '../forge.ts';
import { timeMs } from '../http/read.ts';
import type {
  GiteaIssue,
  GiteaPull,
  GiteaRepository,
  GiteaReview,
  GiteaStatus,
  GiteaUser,
} from './answers.ts';

/** Gitea marks no bots in general; its own Actions user and names ending in "[bot]" or "-bot" are taken for such. */
export function actorOf(user: GiteaUser): Actor | undefined {
  if (!user) return undefined;
  return { login: user.login, isBot: /(\[bot\]|-bot|^gitea-actions)$/.test(user.login) };
}

/** As its host describes one, and the address of its page. */
export interface PullAt<T> {
  readonly item: T;
  readonly url: string;
}

/** Pull requests and issues have ids of different sorts; repository and number are the same in both, and stay. */
function summaryOf(
  { item, url }: PullAt<GiteaPull | GiteaIssue>,
  host: string,
  repository: { readonly path: string; readonly id: number | undefined },
  pull: { readonly merged?: boolean; readonly draft?: boolean; readonly merged_at?: string },
): ChangesetSummary {
  return {
    ref: { host, repository: repository.path, number: item.number },
    hostId: repository.id === undefined ? undefined : `${repository.id}/${item.number}`,
    url,
    title: item.title,
    author: actorOf(item.user),
    state: stateOf(item, pull),
    createdAtMs: timeMs(item.created_at),
    updatedAtMs: timeMs(item.updated_at),
  };
}

/** Of a state that is not known, the times speak. */
function stateOf(
  { state, closed_at: closedAt }: Pick<GiteaPull, 'state' | 'closed_at'>,
  { merged, draft, merged_at: mergedAt }: Parameters<typeof summaryOf>[3],
): ChangesetState {
  if (merged || state === 'merged' || (merged === undefined && timeMs(mergedAt) !== undefined))
    return 'merged';
  if (state === 'closed' || (state !== 'open' && timeMs(closedAt) !== undefined)) return 'closed';
  return draft ? 'draft' : 'open';
}

/** The repository that a pull request is in. @param path that it was asked for by; its own differs after a rename */
export function repositoryOfPull(pull: GiteaPull, path: string): string {
  return pull.base?.repo?.full_name ?? path;
}

export function summaryOfPull(pull: PullAt<GiteaPull>, host: string, path: string): ChangesetSummary {
  const { item } = pull;
  return summaryOf(pull, host, { path: repositoryOfPull(item, path), id: item.base?.repo_id }, item);
}

/** Undefined for an issue that is no pull request. */
export function summaryOfIssue(issue: PullAt<GiteaIssue>, host: string): ChangesetSummary | undefined {
  const { pull_request: pull, repository } = issue.item;
  if (!pull || !repository) return undefined;
  return summaryOf(issue, host, { path: repository.full_name, id: repository.id }, pull);
}

/**
 * @param reviews undefined where they could not be read
 * @param status likewise
 */
export function changesetOf(
  pull: PullAt<GiteaPull>,
  reviews: readonly GiteaReview[] | undefined,
  status: GiteaStatus | undefined,
  host: string,
  repository: string,
): Changeset {
  const { item } = pull;
  const { head, base } = item;
  const summary = summaryOfPull(pull, host, repository);
  const isOpen = summary.state === 'open' || summary.state === 'draft';
  return {
    ...summary,
    head: { branch: head?.ref, commit: head?.sha, repository: head?.repo?.full_name },
    base: { branch: base?.ref, commit: base?.sha, repository: summary.ref.repository },
    mergedAtMs: timeMs(item.merged_at),
    closedAtMs: timeMs(item.closed_at) ?? timeMs(item.merged_at),
    additions: item.additions,
    deletions: item.deletions,
    changedFiles: item.changed_files,
    labels: item.labels?.entries.map(({ name }) => name).sort(),
    reviewState: reviews && reviewStateOf(item, reviews),
    checkState: status && headCheckState(status),
    mergeable: isOpen ? item.mergeable : undefined,
  };
}

/** Some hosts leave out the number of statuses, or their state where there is none. */
function headCheckState({ total_count: total, statuses, state }: GiteaStatus): CheckState | undefined {
  if ((total ?? statuses?.length ?? 0) === 0) return 'none';
  return state === undefined || state === '' ? undefined : checkStateOf(state);
}

/** The last opinion of each reviewer counts, unless it was dismissed. */
function reviewStateOf(pull: GiteaPull, reviews: readonly GiteaReview[]): ReviewState {
  const opinions = new Map<string, string>();
  for (const { user, state, dismissed } of reviews) {
    if (dismissed || !user) continue;
    if (state === 'APPROVED' || state === 'REQUEST_CHANGES') opinions.set(user.login, state);
  }
  const states = new Set(opinions.values());
  if (states.has('REQUEST_CHANGES')) return 'changes_requested';
  if (states.has('APPROVED')) return 'approved';
  const isAsked = reviews.some(({ state }) => state === 'REQUEST_REVIEW');
  if (isAsked || pull.requested_reviewers.length > 0) return 'requested';
  return reviews.some(({ state }) => state === 'COMMENT') ? 'commented' : 'none';
}

/** What is not among them has not finished. */
const CHECK_STATES: Readonly<Record<string, CheckState>> = {
  success: 'success',
  warning: 'success',
  skipped: 'success',
  failure: 'failure',
  error: 'failure',
};

export function checkStateOf(state: string): CheckState {
  return CHECK_STATES[state] ?? 'pending';
}

/** @param url of its page */
export function repositoryOf({ item, url }: PullAt<GiteaRepository>): ForgeRepository {
  return {
    hostId: item.id === undefined ? undefined : String(item.id),
    path: item.full_name,
    url,
    isPrivate: item.private ?? false,
    isArchived: item.archived ?? false,
    isFork: item.fork ?? false,
    isEmpty: item.empty ?? false,
    defaultBranch: item.default_branch,
    pushedAtMs: timeMs(item.updated_at),
    sizeBytes: item.size === undefined ? undefined : item.size * 1024,
  };
}
