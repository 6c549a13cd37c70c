import type { ChangesetEvent, EventKind } from '../changeset.ts';
import { eventsOf } from '../events.ts';
import type {
  GitlabCommit,
  GitlabLabelEvent,
  GitlabNote,
  GitlabPipeline,
  GitlabStateEvent,
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

/** @param notes oldest first */
export function noteEvents(notes: readonly GitlabNote[]): ChangesetEvent[] {
  return eventsOf(notes, ({ id, body, system, author, created_at: at }) => {
    const hostKind = system ? 'system note' : 'note';
    const common = { id: `note:${id}`, hostKind, at, actor: actorOf(author) };
    if (system === false) return { ...common, kind: 'comment' };
    if (system === undefined || body === undefined) return { ...common, kind: 'other' };
    const kind = SYSTEM_NOTES.find(([pattern]) => pattern.test(body))?.[1];
    const opinion = body.startsWith('approved') ? 'approved' : 'changes_requested';
    const review = kind === 'review' ? opinion : undefined;
    const subject = /(?:from|for|to|unassigned) @([\w.-]+)/.exec(body)?.[1];
    return kind && { ...common, kind, review, subject };
  });
}

const LABEL_ACTIONS: Readonly<Record<string, EventKind>> = { add: 'labeled', remove: 'unlabeled' };

export function labelEvents(events: readonly GitlabLabelEvent[]): ChangesetEvent[] {
  return eventsOf(events, ({ id, action, created_at: at, user, label }) => ({
    id: `label:${id}`,
    kind: LABEL_ACTIONS[action ?? ''] ?? 'other',
    hostKind: 'resource label event',
    at,
    actor: actorOf(user),
    subject: label?.name,
  }));
}

const STATES: Readonly<Record<string, EventKind>> = {
  closed: 'closed',
  reopened: 'reopened',
  merged: 'merged',
};

export function stateEvents(events: readonly GitlabStateEvent[]): ChangesetEvent[] {
  return eventsOf(events, ({ id, state, created_at: at, user }) => ({
    id: `state:${id}`,
    kind: STATES[state ?? ''] ?? 'other',
    hostKind: 'resource state event',
    at,
    actor: actorOf(user),
  }));
}

/** @param commits newest first, as GitLab lists them */
export function commitEvents(commits: readonly GitlabCommit[]): ChangesetEvent[] {
  return eventsOf(commits.toReversed(), ({ id, committed_date: at, created_at: createdAt }) => ({
    id: `commit:${id}`,
    kind: 'commit',
    hostKind: 'commit',
    at: at ?? createdAt,
    actor: undefined,
    commit: id,
  }));
}

/** A pipeline is one check; every state that it was seen in is an event. */
export function pipelineEvents(pipelines: readonly GitlabPipeline[]): ChangesetEvent[] {
  return eventsOf(pipelines.toReversed(), ({ id, sha, status, created_at, updated_at }) => ({
    id: `check:${id}:${status}`,
    kind: 'check',
    hostKind: 'pipeline',
    at: updated_at ?? created_at,
    actor: undefined,
    commit: sha,
    check: { name: 'pipeline', state: checkStateOf(status) },
  }));
}
