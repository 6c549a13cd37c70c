import type { TestContext } from 'node:test';
import { iso, listed, type ModelChangeset, type ModelEvent, type ModelRepository } from './model.ts';
import {
  ForgeStandIn,
  pageOf,
  type StandInAnswer,
  type StandInKind,
  type StandInRequest,
  type StandInSetup,
} from './server.ts';

/** GitLab's REST API v4 as docs.gitlab.com describes it. */
export function startGitlab(t: TestContext | undefined, setup?: StandInSetup): Promise<ForgeStandIn> {
  return ForgeStandIn.start(t, GITLAB, setup);
}

const GITLAB: StandInKind = {
  routes,
  tokenOf: headers => headers['private-token'] as string | undefined,
  rateHeaders: ({ limit, remaining }) => ({
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(Math.floor(Date.now() / 1000) + 60),
  }),
  defaultLimit: 2000,
  sendsEtags: true,
  countsNotModified: true,
};

function routes(request: StandInRequest): StandInAnswer | undefined {
  const { url, model, origin } = request;
  const path = url.pathname.replace(/^\/api\/v4/, '');
  const owned = /^\/(groups|users)\/([^/]+)\/projects$/.exec(path);
  if (owned) {
    const all = owned[1] === 'groups' ? model.owned(decodeURIComponent(owned[2] ?? '')) : [];
    return all.length === 0 ? undefined : page(all, request, each => projectOf(each, origin));
  }
  const ofGroup = /^\/groups\/([^/]+)\/merge_requests$/.exec(path);
  if (ofGroup || path === '/merge_requests') {
    const author = url.searchParams.get('author_username');
    const all = model.changesets.filter(
      each =>
        (!ofGroup || each.repository.path.startsWith(`${decodeURIComponent(ofGroup[1] ?? '')}/`)) &&
        (author === null || each.author === author),
    );
    return page(listed(all, 'open'), request, each => mergeRequestOf(each, origin));
  }
  const alone = /^\/projects\/([^/]+)$/.exec(path)?.[1];
  if (alone !== undefined) {
    const found = model.repository(decodeURIComponent(alone));
    return found && { json: projectOf(found, origin) };
  }
  const [, project = '', rest] = /^\/projects\/([^/]+)\/merge_requests(?:\/(.*))?$/.exec(path) ?? [];
  const repository = model.repository(decodeURIComponent(project));
  if (!repository) return undefined;
  if (rest === undefined) {
    const after = Date.parse(url.searchParams.get('updated_after') ?? '1970-01-01');
    const state = url.searchParams.get('state') === 'all' ? 'all' : 'open';
    const all = listed(model.of(repository), state).filter(each => each.updatedAtMs >= after);
    return page(all, request, each => mergeRequestOf(each, origin));
  }
  const [number, below] = rest.split('/');
  const changeset = model.find(repository, Number(number));
  return changeset && ofChangeset(changeset, below, request);
}

function page<T>(all: readonly T[], request: StandInRequest, form: (item: T) => unknown): StandInAnswer {
  const { items, headers } = pageOf(all, request, { size: 'per_page', most: 100 });
  return { json: items.map(form), headers };
}

const user = (username: string): unknown => ({ id: 1, username, name: username, state: 'active' });

function ofChangeset(
  changeset: ModelChangeset,
  below: string | undefined,
  request: StandInRequest,
): StandInAnswer | undefined {
  const { events } = changeset;
  const of = (...kinds: ModelEvent['kind'][]): ModelEvent[] =>
    events.filter(({ kind }) => kinds.includes(kind));
  switch (below) {
    case undefined:
      return { json: { ...mergeRequestOf(changeset, request.origin), ...detailOf(changeset) } };
    case 'approvals':
      return { json: { approved_by: of('review').map(({ actor }) => ({ user: user(actor) })) } };
    case 'notes':
      return page(of('comment', 'review').toReversed(), request, event => ({
        id: event.id,
        body: event.kind === 'review' ? 'approved this merge request' : 'a word',
        system: event.kind === 'review',
        author: user(event.actor),
        created_at: iso(event.atMs),
      }));
    case 'resource_label_events':
      return page(of('labeled'), request, ({ id, atMs, actor, label }) => ({
        id,
        action: 'add',
        created_at: iso(atMs),
        user: user(actor),
        label: { id: 1, name: label },
      }));
    case 'resource_state_events':
      return page(of('closed', 'reopened', 'merged'), request, ({ id, atMs, actor, kind }) => ({
        id,
        state: kind,
        created_at: iso(atMs),
        user: user(actor),
      }));
    case 'commits':
      return page(changeset.commits.toReversed(), request, ({ oid, atMs }) => ({
        id: oid,
        committed_date: iso(atMs),
      }));
    case 'pipelines':
      return page([], request, () => undefined);
    default:
      return undefined;
  }
}

function detailOf({ check, headCommit, updatedAtMs }: ModelChangeset): Record<string, unknown> {
  const status = check === 'failure' ? 'failed' : check;
  return {
    diff_refs: { base_sha: 'b'.repeat(40) },
    changes_count: '3',
    detailed_merge_status: 'mergeable',
    head_pipeline: check ? { id: 5, status, sha: headCommit, updated_at: iso(updatedAtMs) } : null,
  };
}

function mergeRequestOf(changeset: ModelChangeset, origin: string): Record<string, unknown> {
  const { repository, state } = changeset;
  const endedAt = iso(changeset.closedAtMs ?? changeset.updatedAtMs);
  return {
    id: changeset.id,
    iid: changeset.number,
    project_id: repository.id,
    web_url: `${origin}/${repository.path}/-/merge_requests/${changeset.number}`,
    title: changeset.title,
    author: user(changeset.author),
    state: state === 'open' ? 'opened' : state,
    draft: changeset.draft,
    created_at: iso(changeset.createdAtMs),
    updated_at: iso(changeset.updatedAtMs),
    merged_at: state === 'merged' ? endedAt : null,
    closed_at: state === 'closed' ? endedAt : null,
    labels: changeset.labels,
    references: { short: `!${changeset.number}`, full: `${repository.path}!${changeset.number}` },
    source_branch: 'topic',
    target_branch: 'main',
    source_project_id: repository.id,
    target_project_id: repository.id,
    sha: changeset.headCommit,
    reviewers: [],
  };
}

function projectOf(repository: ModelRepository, origin: string): unknown {
  return {
    id: repository.id,
    path_with_namespace: repository.path,
    web_url: `${origin}/${repository.path}`,
    visibility: repository.private ? 'private' : 'public',
    archived: repository.archived,
    empty_repo: repository.empty,
    default_branch: repository.empty ? null : 'main',
    last_activity_at: iso(repository.pushedAtMs),
  };
}
