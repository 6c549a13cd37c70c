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
  if (!user || user.login === '') return undefined;
  return { login: user.login, isBot: /(\[bot\]|-bot|^gitea-actions)$/.test(user.login) };
}

function stateOf(open: boolean, merged: boolean, draft: boolean): ChangesetState {
  if (merged) return 'merged';
  if (!open) return 'closed';
  return draft ? 'draft' : 'open';
}

/** Pull requests and issues have ids of different sorts; repository and number are the same in both, and stay. */
function hostId(repositoryId: number | undefined, number: number): string {
  return `${repositoryId ?? 0}/${number}`;
}

export function summaryOfPull(pull: GiteaPull, host: string, repository: string): ChangesetSummary {
  return {
    ref: { host, repository: pull.base.repo?.full_name ?? repository, number: pull.number },
    hostId: hostId(pull.base.repo_id, pull.number),
    url: pull.html_url,
    title: pull.title,
    author: actorOf(pull.user),
    state: stateOf(pull.state === 'open', pull.merged, pull.draft ?? false),
    createdAtMs: timeMs(pull.created_at) ?? 0,
    updatedAtMs: timeMs(pull.updated_at) ?? 0,
  };
}

export function summaryOfIssue(issue: GiteaIssue, host: string): ChangesetSummary | undefined {
  if (!issue.pull_request || !issue.repository) return undefined;
  const { merged, draft } = issue.pull_request;
  return {
    ref: { host, repository: issue.repository.full_name, number: issue.number },
    hostId: hostId(issue.repository.id, issue.number),
    url: issue.html_url,
    title: issue.title,
    author: actorOf(issue.user),
    state: stateOf(issue.state === 'open', merged, draft ?? false),
    createdAtMs: timeMs(issue.created_at) ?? 0,
    updatedAtMs: timeMs(issue.updated_at) ?? 0,
  };
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

export function checkStateOf(state: string): CheckState {
  switch (state) {
    case 'success':
    case 'warning':
    case 'skipped':
      return 'success';
    case 'failure':
    case 'error':
      return 'failure';
    default:
      return 'pending';
  }
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
