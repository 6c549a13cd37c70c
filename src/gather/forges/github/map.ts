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
  GithubRepository,
  GithubRestPull,
  GithubRestRepository,
  GithubSummary,
} from './answers.ts';

export function actorOf(actor: GithubActor): Actor | undefined {
  if (!actor) return undefined;
  return { login: actor.login, isBot: actor.__typename === 'Bot' || actor.login.endsWith('[bot]') };
}

interface StateFacts {
  readonly state?: string;
  readonly isDraft?: boolean;
  readonly mergedAtMs?: number;
  readonly closedAtMs?: number;
}

/** Of a state that is not known, the times speak. */
function stateOf({ state, isDraft, mergedAtMs, closedAtMs }: StateFacts): ChangesetState {
  const word = state?.toLowerCase();
  if (word === 'merged' || (word !== 'open' && mergedAtMs !== undefined)) return 'merged';
  if (word === 'closed' || (word !== 'open' && closedAtMs !== undefined)) return 'closed';
  return isDraft ? 'draft' : 'open';
}

/** @param url of its page */
export function summaryOf(
  pull: GithubSummary,
  url: string,
  host: string,
  repository: string,
): ChangesetSummary {
  const [mergedAtMs, closedAtMs] = [timeMs(pull.mergedAt), timeMs(pull.closedAt)];
  return {
    ref: { host, repository, number: pull.number },
    hostId: pull.id,
    url,
    title: pull.title,
    author: actorOf(pull.author),
    state: stateOf({ state: pull.state, isDraft: pull.isDraft, mergedAtMs, closedAtMs }),
    createdAtMs: timeMs(pull.createdAt),
    updatedAtMs: timeMs(pull.updatedAt),
  };
}

/** @param url of its page */
export function summaryOfRest(
  pull: GithubRestPull,
  url: string,
  host: string,
  repository: string,
): ChangesetSummary {
  const { state, draft: isDraft, merged_at: mergedAt, closed_at: closedAt } = pull;
  return {
    ref: { host, repository, number: pull.number },
    hostId: pull.node_id,
    url,
    title: pull.title,
    author: pull.user && { login: pull.user.login, isBot: pull.user.type === 'Bot' },
    state: stateOf({ state, isDraft, mergedAtMs: timeMs(mergedAt), closedAtMs: timeMs(closedAt) }),
    createdAtMs: timeMs(pull.created_at),
    updatedAtMs: timeMs(pull.updated_at),
  };
}

/**
 * @param url of its page
 * @param checks the state of all checks of its head; undefined where it is not known
 */
export function changesetOf(
  pull: GithubChangeset,
  url: string,
  host: string,
  repository: string,
  checks: CheckState | undefined,
): Changeset {
  const summary = summaryOf(pull, url, host, repository);
  const isOpen = summary.state === 'open' || summary.state === 'draft';
  return {
    ...summary,
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
    labels: pull.labels?.nodes?.entries.map(({ name }) => name).sort(),
    reviewState: reviewStateOf(pull),
    checkState: checks,
    mergeable: isOpen ? MERGEABLE[pull.mergeable ?? ''] : undefined,
  };
}

const MERGEABLE: Readonly<Record<string, boolean>> = { MERGEABLE: true, CONFLICTING: false };

/**
 * `reviewDecision` is there only where branch protection asks for reviews; elsewhere the reviews speak. Undefined where
 * neither could be read.
 */
function reviewStateOf(pull: GithubChangeset): ReviewState | undefined {
  const { reviewDecision, latestOpinionatedReviews, reviewRequests, reviews } = pull;
  const opinions = latestOpinionatedReviews?.nodes?.entries;
  const states = new Set(opinions?.map(({ state }) => state));
  if (reviewDecision === 'CHANGES_REQUESTED' || states.has('CHANGES_REQUESTED')) return 'changes_requested';
  const isEnough = reviewDecision !== 'REVIEW_REQUIRED';
  if (reviewDecision === 'APPROVED' || (isEnough && states.has('APPROVED'))) return 'approved';
  if (isEnough && opinions === undefined) return undefined;
  if (!isEnough || (reviewRequests?.totalCount ?? 0) > 0) return 'requested';
  return (reviews?.totalCount ?? 0) > 0 ? 'commented' : 'none';
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

/** @param url of its page */
export function repositoryOf(node: GithubRepository, url: string): ForgeRepository {
  return {
    hostId: node.id,
    path: node.nameWithOwner,
    url,
    isPrivate: node.isPrivate ?? false,
    isArchived: node.isArchived ?? false,
    isFork: node.isFork ?? false,
    isEmpty: node.isEmpty ?? false,
    defaultBranch: node.defaultBranchRef?.name,
    pushedAtMs: timeMs(node.pushedAt),
    sizeBytes: kibibytes(node.diskUsage),
  };
}

/** @param url of its page */
export function repositoryOfRest(repository: GithubRestRepository, url: string): ForgeRepository {
  return {
    hostId: repository.node_id,
    path: repository.full_name,
    url,
    isPrivate: repository.private ?? false,
    isArchived: repository.archived ?? false,
    isFork: repository.fork ?? false,
    isEmpty: repository.size === 0,
    defaultBranch: repository.default_branch,
    pushedAtMs: timeMs(repository.pushed_at),
    sizeBytes: kibibytes(repository.size),
  };
}

function kibibytes(size: number | undefined): number | undefined {
  return size === undefined ? undefined : size * 1024;
}
