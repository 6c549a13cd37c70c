import type { z } from 'zod';
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
  GithubActor,
  GithubChangeset,
  GithubSummary,
  repositoryPage,
  restPull,
  restRepository,
} from './answers.ts';

export function actorOf(actor: GithubActor): Actor | undefined {
  if (!actor) return undefined;
  return { login: actor.login, isBot: actor.__typename === 'Bot' || actor.login.endsWith('[bot]') };
}

function stateOf(pull: GithubSummary): ChangesetState {
  if (pull.state === 'MERGED') return 'merged';
  if (pull.state === 'CLOSED') return 'closed';
  return pull.isDraft ? 'draft' : 'open';
}

export function summaryOf(pull: GithubSummary, host: string, repository: string): ChangesetSummary {
  return {
    ref: { host, repository, number: pull.number },
    hostId: pull.id,
    url: pull.url,
    title: pull.title,
    author: actorOf(pull.author),
    state: stateOf(pull),
    createdAtMs: timeMs(pull.createdAt) ?? 0,
    updatedAtMs: timeMs(pull.updatedAt) ?? 0,
  };
}

export function summaryOfRest(pull: z.output<typeof restPull>, host: string): ChangesetSummary {
  const open = pull.draft ? 'draft' : 'open';
  const ended = pull.merged_at ? 'merged' : 'closed';
  return {
    ref: { host, repository: pull.base.repo.full_name, number: pull.number },
    hostId: pull.node_id,
    url: pull.html_url,
    title: pull.title,
    author: pull.user ? { login: pull.user.login, isBot: pull.user.type === 'Bot' } : undefined,
    state: pull.state === 'open' ? open : ended,
    createdAtMs: timeMs(pull.created_at) ?? 0,
    updatedAtMs: timeMs(pull.updated_at) ?? 0,
  };
}

export function changesetOf(pull: GithubChangeset, host: string, repository: string): Changeset {
  const rollup = pull.lastCommit?.nodes?.at(-1)?.commit.statusCheckRollup;
  return {
    ...summaryOf(pull, host, repository),
    head: {
      branch: pull.headRefName,
      commit: pull.headRefOid,
      repository: pull.headRepository?.nameWithOwner,
    },
    base: { branch: pull.baseRefName, commit: pull.baseRefOid, repository },
    mergedAtMs: timeMs(pull.mergedAt),
    closedAtMs: timeMs(pull.closedAt),
    additions: pull.additions,
    deletions: pull.deletions,
    changedFiles: pull.changedFiles,
    labels: (pull.labels?.nodes ?? []).flatMap(label => (label ? [label.name] : [])).sort(),
    reviewState: reviewStateOf(pull),
    checkState: pull.lastCommit ? (rollup ? checkStateOf(rollup.state) : 'none') : undefined,
    mergeable:
      pull.mergeable === 'UNKNOWN' || pull.state !== 'OPEN' ? undefined : pull.mergeable === 'MERGEABLE',
  };
}

/** `reviewDecision` is there only where branch protection asks for reviews; elsewhere the reviews speak. */
function reviewStateOf(pull: GithubChangeset): ReviewState {
  const states = new Set((pull.latestOpinionatedReviews?.nodes ?? []).map(review => review?.state));
  if (pull.reviewDecision === 'CHANGES_REQUESTED' || states.has('CHANGES_REQUESTED')) {
    return 'changes_requested';
  }
  const isEnough = pull.reviewDecision !== 'REVIEW_REQUIRED';
  if (pull.reviewDecision === 'APPROVED' || (isEnough && states.has('APPROVED'))) return 'approved';
  if (!isEnough || (pull.reviewRequests?.totalCount ?? 0) > 0) return 'requested';
  return (pull.reviews?.totalCount ?? 0) > 0 ? 'commented' : 'none';
}

/**
 * Of a rollup, a status or a conclusion; neutral, skipped and stale ones block nothing. What is not among them has not
 * finished.
 */
const CHECK_STATES: Readonly<Record<string, CheckState>> = {
  SUCCESS: 'success',
  NEUTRAL: 'success',
  SKIPPED: 'success',
  STALE: 'success',
  FAILURE: 'failure',
  ERROR: 'failure',
  CANCELLED: 'failure',
  TIMED_OUT: 'failure',
  ACTION_REQUIRED: 'failure',
  STARTUP_FAILURE: 'failure',
};

export function checkStateOf(state: string): CheckState {
  return CHECK_STATES[state] ?? 'pending';
}

type RepositoryNode = NonNullable<
  NonNullable<z.output<typeof repositoryPage>['repositoryOwner']>['repositories']['nodes'][number]
>;

export function repositoryOf(node: RepositoryNode): ForgeRepository {
  return {
    hostId: node.id,
    path: node.nameWithOwner,
    url: node.url,
    isPrivate: node.isPrivate,
    isArchived: node.isArchived,
    isFork: node.isFork,
    isEmpty: node.isEmpty,
    defaultBranch: node.defaultBranchRef?.name,
    pushedAtMs: timeMs(node.pushedAt),
    sizeBytes: kibibytes(node.diskUsage),
  };
}

export function repositoryOfRest(repository: z.output<typeof restRepository>): ForgeRepository {
  return {
    hostId: repository.node_id,
    path: repository.full_name,
    url: repository.html_url,
    isPrivate: repository.private,
    isArchived: repository.archived ?? false,
    isFork: repository.fork,
    isEmpty: repository.size === 0,
    defaultBranch: repository.default_branch ?? undefined,
    pushedAtMs: timeMs(repository.pushed_at),
    sizeBytes: kibibytes(repository.size),
  };
}

function kibibytes(size: number | null | undefined): number | undefined {
  return size === null || size === undefined ? undefined : size * 1024;
}
