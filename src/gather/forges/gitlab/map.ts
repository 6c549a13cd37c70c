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
export function summaryOf(request: GitlabMergeRequest, host: string, repository: string): ChangesetSummary {
  const path = request.references?.full.replace(/!\d+$/, '') ?? repository;
  return {
    ref: { host, repository: path, number: request.iid },
    hostId: String(request.id),
    url: request.web_url,
    title: request.title,
    author: actorOf(request.author),
    state: stateOf(request),
    createdAtMs: timeMs(request.created_at) ?? 0,
    updatedAtMs: timeMs(request.updated_at) ?? 0,
  };
}

export function changesetOf(
  request: GitlabDetail,
  approvals: GitlabApprovals,
  host: string,
  repository: string,
): Changeset {
  const summary = summaryOf(request, host, repository);
  const isOwn = request.source_project_id === request.target_project_id;
  const isOpen = request.state !== 'merged' && request.state !== 'closed';
  return {
    ...summary,
    head: {
      branch: request.source_branch,
      commit: request.sha ?? undefined,
      repository: isOwn ? summary.ref.repository : undefined,
    },
    base: {
      branch: request.target_branch,
      commit: request.diff_refs?.base_sha ?? undefined,
      repository: summary.ref.repository,
    },
    mergedAtMs: timeMs(request.merged_at),
    closedAtMs: timeMs(request.closed_at) ?? timeMs(request.merged_at),
    additions: undefined,
    deletions: undefined,
    changedFiles: changedFiles(request.changes_count),
    labels: request.labels.toSorted(),
    reviewState: reviewStateOf(request, approvals),
    checkState: request.head_pipeline ? checkStateOf(request.head_pipeline.status) : 'none',
    mergeable: isOpen ? mergeable(request.detailed_merge_status) : undefined,
  };
}

/** `1000+` is as far as GitLab counts. */
function changedFiles(count: string | null | undefined): number | undefined {
  return /^\d+$/.test(count ?? '') ? Number(count) : undefined;
}

function reviewStateOf(request: GitlabDetail, approvals: GitlabApprovals): ReviewState {
  if (request.detailed_merge_status === 'requested_changes') return 'changes_requested';
  if (approvals.approved_by.length > 0) return 'approved';
  return (request.reviewers ?? []).length > 0 ? 'requested' : 'none';
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

export function repositoryOf(project: GitlabProject): ForgeRepository {
  return {
    hostId: String(project.id),
    path: project.path_with_namespace,
    url: project.web_url,
    isPrivate: project.visibility !== undefined && project.visibility !== 'public',
    isArchived: project.archived ?? false,
    isFork: project.forked_from_project !== undefined && project.forked_from_project !== null,
    isEmpty: project.empty_repo ?? false,
    defaultBranch: project.default_branch ?? undefined,
    pushedAtMs: timeMs(project.last_activity_at),
    sizeBytes: project.statistics?.repository_size,
  };
}
