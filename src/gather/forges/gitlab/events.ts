import type { ChangesetEvent, EventKind } from '../changeset.ts';
import { placed, type UnplacedEvent } from '../events.ts';
import { timeMs } from '../http/read.ts';
import type {
  GitlabCommit,
  GitlabLabelEvent,
  GitlabNote,
  GitlabPipeline,
  GitlabStateEvent,
  GitlabUser,
} from './answers.ts';
import { actorOf, checkStateOf } from './map.ts';

/**
 * System notes are GitLab's record of what happened, in English whatever the language of the pages. Labels and
 * states have resource events of their own, so their notes are left out.
 */
const SYSTEM_NOTES: readonly (readonly [RegExp, EventKind])[] = [
  [/^approved this merge request/, 'review'],
  [/^requested changes/, 'review'],
  [/^unapproved this merge request/, 'review_dismissed'],
  [/^requested review from /, 'review_requested'],
  [/^removed review request for /, 'review_request_removed'],
  [/^assigned to /, 'assigned'],
  [/^unassigned /, 'unassigned'],
  [/^marked this merge request as \*\*draft\*\*/, 'converted_to_draft'],
  [/^marked this merge request as \*\*ready\*\*/, 'ready_for_review'],
  [/^changed title from /, 'renamed'],
  [/^changed target branch from /, 'base_changed'],
];

/** A place of its kind in the answer, with what every event has. */
function base(
  id: string,
  hostKind: string,
  at: string,
  user: GitlabUser,
): Omit<UnplacedEvent, 'kind'> | undefined {
  const atMs = timeMs(at);
  return atMs === undefined ? undefined : { id, hostKind, atMs, actor: actorOf(user) };
}

/** @param notes oldest first */
export function noteEvents(notes: readonly GitlabNote[]): ChangesetEvent[] {
  return placed(
    notes.flatMap(({ id, body, system, author, created_at }) => {
      const common = base(`note:${id}`, system ? 'system note' : 'note', created_at, author);
      if (common === undefined) return [];
      if (!system) return [{ ...common, kind: 'comment' } satisfies UnplacedEvent];
      const kind = SYSTEM_NOTES.find(([pattern]) => pattern.test(body))?.[1];
      if (kind === undefined) return [];
      const subject = /(?:from|for|to|unassigned) @([\w.-]+)/.exec(body)?.[1];
      const review = body.startsWith('approved') ? ('approved' as const) : ('changes_requested' as const);
      const event: UnplacedEvent = {
        ...common,
        kind,
        ...(kind === 'review' ? { review } : {}),
        ...(subject === undefined ? {} : { subject }),
      };
      return [event];
    }),
  );
}

export function labelEvents(events: readonly GitlabLabelEvent[]): ChangesetEvent[] {
  return placed(
    events.flatMap(({ id, action, created_at, user, label }) => {
      const common = base(`label:${id}`, 'resource label event', created_at, user);
      if (common === undefined) return [];
      const kind: EventKind = action === 'add' ? 'labeled' : 'unlabeled';
      return [{ ...common, kind, ...(label ? { subject: label.name } : {}) } satisfies UnplacedEvent];
    }),
  );
}

const STATES: Readonly<Record<string, EventKind>> = {
  closed: 'closed',
  reopened: 'reopened',
  merged: 'merged',
};

export function stateEvents(events: readonly GitlabStateEvent[]): ChangesetEvent[] {
  return placed(
    events.flatMap(({ id, state, created_at, user }) => {
      const common = base(`state:${id}`, 'resource state event', created_at, user);
      return common === undefined
        ? []
        : [{ ...common, kind: STATES[state] ?? 'other' } satisfies UnplacedEvent];
    }),
  );
}

/** @param commits newest first, as GitLab lists them */
export function commitEvents(commits: readonly GitlabCommit[]): ChangesetEvent[] {
  return placed(
    commits.toReversed().flatMap(({ id, committed_date }) => {
      const common = base(`commit:${id}`, 'commit', committed_date, undefined);
      return common === undefined ? [] : [{ ...common, kind: 'commit', commit: id } satisfies UnplacedEvent];
    }),
  );
}

/** A pipeline is one check; every state that it was seen in is an event. */
export function pipelineEvents(pipelines: readonly GitlabPipeline[]): ChangesetEvent[] {
  return placed(
    pipelines.toReversed().flatMap(({ id, sha, status, created_at, updated_at }) => {
      const common = base(`check:${id}:${status}`, 'pipeline', updated_at ?? created_at ?? '', undefined);
      if (common === undefined) return [];
      const check = { name: 'pipeline', state: checkStateOf(status) };
      return [{ ...common, kind: 'check', commit: sha, check } satisfies UnplacedEvent];
    }),
  );
}
