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
import {
  type GitlabApprovals,
  type GitlabDetail,
  type GitlabMergeRequest,
  type GitlabProject,
  type GitlabUser,
  headPipeline,
} from './answers.ts';

/** Access tokens act as users named project_ID_bot… and group_ID_bot…; service accounts are marked in some answers. */
export function actorOf(user: GitlabUser): Actor | undefined {
  if (!user) return undefined;
  const isBot = user.bot === true || /^(project|group)_\d+_bot|(^|[-_])bot$|\[bot\]$/.test(user.username);
  return { login: user.username, isBot };
}

/** Locked ones are about to be merged, and open until they are. Of a state that is not known, the times speak. */
function stateOf(request: GitlabMergeRequest): ChangesetState {
  const { state, draft, work_in_progress: wip, merged_at: mergedAt, closed_at: closedAt } = request;
  if (state === 'merged' || state === 'closed') return state;
  if (state !== 'opened' && state !== 'locked') {
    if (timeMs(mergedAt) !== undefined) return 'merged';
    if (timeMs(closedAt) !== undefined) return 'closed';
  }
  return (draft ?? wip) ? 'draft' : 'open';
}

/** `references.full` is `group/name!7` whatever path was asked by, so it shows renames. @param asked that path */
export function pathOfRequest({ references }: GitlabMergeRequest, asked: string): string {
  const path = references?.full.replace(/!\d+$/, '');
  return path === undefined || path === '' ? asked : path;
}

/** A merge request as its host describes it, the path of its project and the address of its page. */
export interface RequestAt<T> {
  readonly item: T;
  readonly path: string;
  readonly url: string;
}

export function summaryOf(
  { item, path, url }: RequestAt<GitlabMergeRequest>,
  host: string,
): ChangesetSummary {
  return {
    ref: { host, repository: path, number: item.iid },
    hostId: item.id === undefined ? undefined : String(item.id),
    url,
    title: item.title,
    author: actorOf(item.author),
    state: stateOf(item),
    createdAtMs: timeMs(item.created_at),
    updatedAtMs: timeMs(item.updated_at),
  };
}

/** @param approvals undefined where they could not be read */
export function changesetOf(
  request: RequestAt<GitlabDetail>,
  approvals: GitlabApprovals | undefined,
  host: string,
): Changeset {
  const { item } = request;
  const summary = summaryOf(request, host);
  const isOwn = item.source_project_id !== undefined && item.source_project_id === item.target_project_id;
  const isOpen = summary.state === 'open' || summary.state === 'draft';
  return {
    ...summary,
    head: {
      branch: item.source_branch,
      commit: item.sha,
      repository: isOwn ? summary.ref.repository : undefined,
    },
    base: {
      branch: item.target_branch,
      commit: item.diff_refs?.base_sha,
      repository: summary.ref.repository,
    },
    mergedAtMs: timeMs(item.merged_at),
    closedAtMs: timeMs(item.closed_at) ?? timeMs(item.merged_at),
    additions: undefined,
    deletions: undefined,
    changedFiles: changedFiles(item.changes_count),
    labels: item.labels?.entries.toSorted(),
    reviewState: reviewStateOf(item, approvals),
    checkState: headCheckState(item.head_pipeline),
    mergeable: isOpen ? mergeable(item.detailed_merge_status) : undefined,
  };
}

/** Null: no pipeline has run. */
function headCheckState(pipeline: unknown): CheckState | undefined {
  if (pipeline === null || pipeline === undefined) return 'none';
  const status = headPipeline.parse(pipeline)?.status;
  return status === undefined ? undefined : checkStateOf(status);
}

/** `1000+` is as far as GitLab counts. */
function changedFiles(count: string | undefined): number | undefined {
  return /^\d{1,15}$/.test(count ?? '') ? Number(count) : undefined;
}

/** Undefined where it would take the approvals to know. */
function reviewStateOf(
  request: GitlabDetail,
  approvals: GitlabApprovals | undefined,
): ReviewState | undefined {
  if (request.detailed_merge_status === 'requested_changes') return 'changes_requested';
  if (approvals === undefined) return undefined;
  if (approvals.approved_by.length > 0) return 'approved';
  return request.reviewers.length > 0 ? 'requested' : 'none';
}

/** What keeps a merge from happening is a conflict only in one case; policies are no matter of mergeability. */
function mergeable(status: string | undefined): boolean | undefined {
  switch (status) {
    case undefined:
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

/** @param url of its page */
export function repositoryOf(project: GitlabProject, url: string): ForgeRepository {
  const { visibility } = project;
  return {
    hostId: project.id === undefined ? undefined : String(project.id),
    path: project.path_with_namespace,
    url,
    isPrivate: visibility !== undefined && visibility !== 'public',
    isArchived: project.archived ?? false,
    isFork: project.forked_from_project !== undefined && project.forked_from_project !== null,
    isEmpty: project.empty_repo ?? false,
    defaultBranch: project.default_branch,
    pushedAtMs: timeMs(project.last_activity_at),
    sizeBytes: project.statistics?.repository_size,
  };
}
