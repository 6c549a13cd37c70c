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
  GitlabApprovals,
  GitlabDetail,
  GitlabMergeRequest,
  GitlabProject,
  GitlabUser,
} from './answers.ts';

/** Access tokens act as users named project_ID_bot… and group_ID_bot…; service accounts are marked in some answers. */
export function actorOf(user: GitlabUser): Actor | undefined {
  if (!user) return undefined;
  const isBot = user.bot === true || /^(project|group)_\d+_bot|(^|[-_])bot$|\[bot\]$/.test(user.username);
  return { login: user.username, isBot };
}

function stateOf({ state, draft }: GitlabMergeRequest): ChangesetState {
  if (state === 'merged' || state === 'closed') return state;
  return draft ? 'draft' : 'open';
}

/** `references.full` is `group/name!7` whatever path was asked by, so it shows renames. */
export function summaryOf(told: GitlabMergeRequest, host: string, repository: string): ChangesetSummary {
  const path = told.references?.full.replace(/!\d+$/, '') ?? repository;
  return {
    ref: { host, repository: path, number: told.iid },
    hostId: String(told.id),
    url: told.web_url,
    title: told.title,
    author: actorOf(told.author),
    state: stateOf(told),
    createdAtMs: timeMs(told.created_at) ?? 0,
    updatedAtMs: timeMs(told.updated_at) ?? 0,
  };
}

export function changesetOf(
  told: GitlabDetail,
  approvals: GitlabApprovals,
  host: string,
  repository: string,
): Changeset {
  const summary = summaryOf(told, host, repository);
  const isOwn = told.source_project_id === told.target_project_id;
  const isOpen = told.state !== 'merged' && told.state !== 'closed';
  return {
    ...summary,
    head: {
      branch: told.source_branch,
      commit: told.sha ?? undefined,
      repository: isOwn ? summary.ref.repository : undefined,
    },
    base: {
      branch: told.target_branch,
      commit: told.diff_refs?.base_sha ?? undefined,
      repository: summary.ref.repository,
    },
    mergedAtMs: timeMs(told.merged_at),
    closedAtMs: timeMs(told.closed_at) ?? timeMs(told.merged_at),
    additions: undefined,
    deletions: undefined,
    changedFiles: changedFiles(told.changes_count),
    labels: told.labels.toSorted(),
    reviewState: reviewStateOf(told, approvals),
    checkState: told.head_pipeline ? checkStateOf(told.head_pipeline.status) : 'none',
    mergeable: isOpen ? mergeable(told.detailed_merge_status) : undefined,
  };
}

/** `1000+` is as far as GitLab counts. */
function changedFiles(count: string | null | undefined): number | undefined {
  return /^\d+$/.test(count ?? '') ? Number(count) : undefined;
}

function reviewStateOf(told: GitlabDetail, approvals: GitlabApprovals): ReviewState {
  if (told.detailed_merge_status === 'requested_changes') return 'changes_requested';
  if (approvals.approved_by.length > 0) return 'approved';
  return (told.reviewers ?? []).length > 0 ? 'requested' : 'none';
}

/** What keeps a merge from happening is a conflict only in one case; policies are no matter of mergeability. */
function mergeable(status: string | null | undefined): boolean | undefined {
  switch (status) {
    case undefined:
    case null:
    case 'unchecked':
    case 'checking':
    case 'preparing':
    case 'approvals_syncing':
      return undefined;
    default:
      return status !== 'conflict' && status !== 'broken_status' && status !== 'need_rebase';
  }
}

/** What is not among them has not finished. */
const CHECK_STATES: Readonly<Record<string, CheckState>> = {
  success: 'success',
  skipped: 'success',
  manual: 'success',
  failed: 'failure',
  canceled: 'failure',
};

export function checkStateOf(state: string): CheckState {
  return CHECK_STATES[state] ?? 'pending';
}

export function repositoryOf(told: GitlabProject): ForgeRepository {
  return {
    hostId: String(told.id),
    path: told.path_with_namespace,
    url: told.web_url,
    isPrivate: told.visibility !== undefined && told.visibility !== 'public',
    isArchived: told.archived ?? false,
    isFork: told.forked_from_project !== undefined && told.forked_from_project !== null,
    isEmpty: told.empty_repo ?? false,
    defaultBranch: told.default_branch ?? undefined,
    pushedAtMs: timeMs(told.last_activity_at),
    sizeBytes: told.statistics?.repository_size,
  };
}
