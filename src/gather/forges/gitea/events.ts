import type { ChangesetEvent, EventKind } from '../changeset.ts';
import { placed, type UnplacedEvent } from '../events.ts';
import { timeMs } from '../http/read.ts';
import type { GiteaCommit, GiteaReview, GiteaStatus, GiteaTimelineItem } from './answers.ts';
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

/** Events of the timeline. Reviews are told by `reviewEvents`, commits by `commitEvents`. */
export function timelineEvents(items: readonly GiteaTimelineItem[]): ChangesetEvent[] {
  return placed(
    items.flatMap(item => {
      const kind = kindOf(item);
      const atMs = timeMs(item.created_at);
      if (kind === undefined || atMs === undefined) return [];
      const subject =
        item.label?.name ??
        item.assignee?.login ??
        item.assignee_team?.name ??
        (item.type === 'change_title' ? item.new_title : undefined) ??
        (item.type === 'change_target_branch' ? item.new_ref : undefined);
      const event: UnplacedEvent = {
        id: `timeline:${item.id}`,
        kind,
        hostKind: item.type,
        atMs,
        actor: actorOf(item.user),
        ...(subject === undefined ? {} : { subject }),
      };
      return [event];
    }),
  );
}

/** Requests for a review stand among the reviews, too; they are the timeline's to tell. */
export function reviewEvents(reviews: readonly GiteaReview[]): ChangesetEvent[] {
  return placed(
    reviews.flatMap(review => {
      const said = REVIEWS[review.state];
      const atMs = timeMs(review.submitted_at);
      if (said === undefined || atMs === undefined) return [];
      const event: UnplacedEvent = {
        id: `review:${review.id}`,
        kind: 'review',
        hostKind: review.state,
        atMs,
        actor: actorOf(review.user),
        review: said,
        ...(review.commit_id ? { commit: review.commit_id } : {}),
      };
      return [event];
    }),
  );
}

/** @param commits newest first, as Gitea lists them */
export function commitEvents(commits: readonly GiteaCommit[]): ChangesetEvent[] {
  return placed(
    commits.toReversed().flatMap(({ sha, commit, author }) => {
      const atMs = timeMs(commit.committer?.date);
      if (atMs === undefined) return [];
      const event: UnplacedEvent = {
        id: `commit:${sha}`,
        kind: 'commit',
        hostKind: 'commit',
        atMs,
        actor: actorOf(author),
        commit: sha,
      };
      return [event];
    }),
  );
}

/** Statuses of the head commit: the latest of each context; every change of one is a status with an id of its own. */
export function checkEvents(status: GiteaStatus, commit: string): ChangesetEvent[] {
  return placed(
    (status.statuses ?? []).flatMap(each => {
      const atMs = timeMs(each.updated_at);
      if (atMs === undefined) return [];
      const event: UnplacedEvent = {
        id: `check:${each.id}:${each.status}`,
        kind: 'check',
        hostKind: 'commit status',
        atMs,
        actor: actorOf(each.creator),
        commit,
        check: { name: each.context, state: checkStateOf(each.status) },
      };
      return [event];
    }),
  );
}
