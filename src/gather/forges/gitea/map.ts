import type { Actor, Changeset, ChangesetSummary, CheckState, ReviewState } from '../changeset.ts';
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
  if (!user || user.login === '') return undefined;
  return { login: user.login, isBot: /(\[bot\]|-bot|^gitea-actions)$/.test(user.login) };
}

/** Pull requests and issues have ids of different sorts; repository and number are the same in both, and stay. */
function summaryOf(
  item: GiteaPull | GiteaIssue,
  host: string,
  repository: { readonly path: string; readonly id: number | undefined },
  { merged, draft }: Pick<GiteaPull, 'merged' | 'draft'>,
): ChangesetSummary {
  const open = draft ? 'draft' : 'open';
  return {
    ref: { host, repository: repository.path, number: item.number },
    hostId: `${repository.id ?? 0}/${item.number}`,
    url: item.html_url,
    title: item.title,
    author: actorOf(item.user),
    state: merged ? 'merged' : item.state === 'open' ? open : 'closed',
    createdAtMs: timeMs(item.created_at) ?? 0,
    updatedAtMs: timeMs(item.updated_at) ?? 0,
  };
}

/** @param path that it was asked for by; its own differs after a rename */
export function summaryOfPull(pull: GiteaPull, host: string, path: string): ChangesetSummary {
  const repository = { path: pull.base.repo?.full_name ?? path, id: pull.base.repo_id };
  return summaryOf(pull, host, repository, pull);
}

/** Undefined for an issue that is no pull request. */
export function summaryOfIssue(issue: GiteaIssue, host: string): ChangesetSummary | undefined {
  if (!issue.pull_request || !issue.repository) return undefined;
  const { id, full_name: path } = issue.repository;
  return summaryOf(issue, host, { path, id }, issue.pull_request);
}

export function changesetOf(
  pull: GiteaPull,
  reviews: readonly GiteaReview[],
  status: GiteaStatus,
  host: string,
  repository: string,
): Changeset {
  const summary = summaryOfPull(pull, host, repository);
  return {
    ...summary,
    head: {
      branch: pull.head.ref,
      commit: pull.head.sha || undefined,
      repository: pull.head.repo?.full_name,
    },
    base: { branch: pull.base.ref, commit: pull.base.sha || undefined, repository: summary.ref.repository },
    mergedAtMs: timeMs(pull.merged_at),
    closedAtMs: timeMs(pull.closed_at) ?? timeMs(pull.merged_at),
    additions: pull.additions ?? undefined,
    deletions: pull.deletions ?? undefined,
    changedFiles: pull.changed_files ?? undefined,
    labels: (pull.labels ?? []).map(({ name }) => name).sort(),
    reviewState: reviewStateOf(pull, reviews),
    checkState: status.total_count === 0 ? 'none' : checkStateOf(status.state),
    mergeable: pull.state === 'open' ? pull.mergeable : undefined,
  };
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
  if (isAsked || (pull.requested_reviewers ?? []).length > 0) return 'requested';
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

export function repositoryOf(repository: GiteaRepository): ForgeRepository {
  return {
    hostId: String(repository.id),
    path: repository.full_name,
    url: repository.html_url,
    isPrivate: repository.private,
    isArchived: repository.archived,
    isFork: repository.fork,
    isEmpty: repository.empty,
    defaultBranch: repository.default_branch || undefined,
    pushedAtMs: timeMs(repository.updated_at),
    sizeBytes: repository.size * 1024,
  };
}
