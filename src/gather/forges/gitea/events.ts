import type { ChangesetEvent, EventKind } from '../changeset.ts';
import { eventsOf } from '../events.ts';
import type { GiteaCommit, GiteaCommitStatus, GiteaReview, GiteaTimelineItem } from './answers.ts';
import { actorOf, checkStateOf } from './map.ts';

const REVIEWS: Readonly<Record<string, NonNullable<ChangesetEvent['review']>>> = {
  APPROVED: 'approved',
  REQUEST_CHANGES: 'changes_requested',
  COMMENT: 'commented',
};

/** A title that says so makes a draft (Gitea's default prefixes). */
const isDraftTitle = (title: string): boolean => /^(WIP:|\[WIP\])/i.test(title);

/** The common word for a timeline item; undefined for references, time tracking, pins and the like. */
function kindOf(item: GiteaTimelineItem): EventKind | undefined {
  const removed = item.removed_assignee ?? false;
  switch (item.type) {
    case 'comment':
      return 'comment';
    case 'close':
      return 'closed';
    case 'reopen':
      return 'reopened';
    case 'merge_pull':
      return 'merged';
    case 'label':
      // The body is "1" where the label was added and empty where it was removed.
      return item.body === '1' ? 'labeled' : 'unlabeled';
    case 'assignees':
      return removed ? 'unassigned' : 'assigned';
    case 'review_request':
      return removed ? 'review_request_removed' : 'review_requested';
    case 'dismiss_review':
      return 'review_dismissed';
    case 'change_target_branch':
      return 'base_changed';
    case 'change_title':
      return titleKind(item.old_title ?? '', item.new_title ?? '');
    case 'pull_push':
      return /"is_force_push":\s*true/.test(item.body ?? '') ? 'force_push' : undefined;
    default:
      return undefined;
  }
}

function titleKind(before: string, after: string): EventKind {
  if (isDraftTitle(after) && !isDraftTitle(before)) return 'converted_to_draft';
  if (isDraftTitle(before) && !isDraftTitle(after)) return 'ready_for_review';
  return 'renamed';
}

/** Events of the timeline, less reviews (`reviewEvents`) and commits (`commitEvents`). */
export function timelineEvents(items: readonly GiteaTimelineItem[]): ChangesetEvent[] {
  return eventsOf(items, item => {
    const kind = kindOf(item);
    return (
      kind && {
        id: `timeline:${item.id}`,
        kind,
        hostKind: item.type,
        at: item.created_at,
        actor: actorOf(item.user),
        subject: subjectOf(item),
      }
    );
  });
}

function subjectOf(item: GiteaTimelineItem): string | undefined {
  if (item.type === 'change_title') return item.new_title;
  if (item.type === 'change_target_branch') return item.new_ref;
  return item.label?.name ?? item.assignee?.login ?? item.assignee_team?.name;
}

/** Requests for a review stand among the reviews, too; they are the timeline's to report. */
export function reviewEvents(reviews: readonly GiteaReview[]): ChangesetEvent[] {
  return eventsOf(reviews, ({ id, state, submitted_at: at, user, commit_id: commit }) => {
    const review = REVIEWS[state ?? ''];
    return (
      review && {
        id: `review:${id}`,
        kind: 'review',
        hostKind: state ?? '',
        at,
        actor: actorOf(user),
        review,
        commit,
      }
    );
  });
}

/** @param commits newest first, as Gitea lists them */
export function commitEvents(commits: readonly GiteaCommit[]): ChangesetEvent[] {
  return eventsOf(commits.toReversed(), ({ sha, commit, author }) => ({
    id: `commit:${sha}`,
    kind: 'commit',
    hostKind: 'commit',
    at: commit?.committer?.date,
    actor: actorOf(author),
    commit: sha,
  }));
}

/** Statuses of the head commit: the latest of each context; every change of one is a status with an id of its own. */
export function checkEvents(statuses: readonly GiteaCommitStatus[], commit: string): ChangesetEvent[] {
  return eventsOf(statuses, ({ id, status, context, updated_at: at, created_at: createdAt, creator }) =>
    status === undefined
      ? undefined
      : {
          id: `check:${id}:${status}`,
          kind: 'check',
          hostKind: 'commit status',
          at: at ?? createdAt,
          actor: actorOf(creator),
          commit,
          check: { name: context ?? '', state: checkStateOf(status) },
        },
  );
}
