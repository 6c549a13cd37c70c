import { z } from 'zod';
import { SluiceError } from '../../../base/errors.ts';
import { headerOf } from '../../../base/http-headers.ts';
import type { ChangesetEvent, ChangesetRef } from '../changeset.ts';
import type {
  ChangesetPage,
  ChangesetResult,
  ChangesetSearch,
  Forge,
  ForgeCallOptions,
  ForgeDependencies,
  ForgeListOptions,
  ForgeSettings,
  RepositoryPage,
  WantedChangeset,
} from '../forge.ts';
import { readAnswer } from '../http/read.ts';
import { OVERLAP_MS, RestForge } from '../http/rest-forge.ts';
import { tokenClient } from '../http/token-client.ts';
import { fetchOneByOne } from '../per-item.ts';
import {
  approvals,
  commit,
  labelEvent,
  mergeRequest,
  mergeRequestDetail,
  note,
  pipeline,
  project,
  stateEvent,
} from './answers.ts';
import { commitEvents, labelEvents, noteEvents, pipelineEvents, stateEvents } from './events.ts';
import { changesetOf, repositoryOf, summaryOf } from './map.ts';

const PAGE = /^(?<repository>[\w.-]+(?:\/[\w.-]+)+)\/-\/merge_requests\/(?<number>\d+)(?:\/|$)/;
const PER_PAGE = { per_page: 100 };

/** GitLab, by its REST API (v4): two calls a changeset, its events five more (and their further pages). */
export class GitlabForge extends RestForge implements Forge {
  readonly kind = 'gitlab';

  constructor(settings: ForgeSettings, dependencies: ForgeDependencies) {
    super(
      settings,
      tokenClient(settings, dependencies, token => ({ 'private-token': token })),
      PAGE,
    );
  }

  async *listRepositories(owner: string, options: ForgeCallOptions = {}): AsyncGenerator<RepositoryPage> {
    const id = encodeURIComponent(owner);
    const ofGroup = {
      path: `/groups/${id}/projects`,
      query: { ...PER_PAGE, include_subgroups: 'true', with_shared: 'false' },
    };
    const ofUser = { path: `/users/${id}/projects`, query: PER_PAGE };
    for (const call of [ofGroup, ofUser]) {
      try {
        const pages = this.readPages(call.path, call.query, project, `projects of ${owner}`, options);
        for await (const page of pages) {
          yield { repositories: page.map(repositoryOf) };
        }
        return;
      } catch (error) {
        // An owner is a group or a user, and only asking tells which.
        if (call === ofUser || !isMissing(error)) throw error;
      }
    }
  }

  async *listChangesets(repository: string, options: ForgeListOptions = {}): AsyncGenerator<ChangesetPage> {
    const { state = 'open', updatedSinceMs, etag, ...rest } = options;
    const query = {
      ...PER_PAGE,
      state: state === 'open' ? 'opened' : 'all',
      order_by: 'updated_at',
      sort: 'desc',
      updated_after:
        updatedSinceMs === undefined ? undefined : new Date(updatedSinceMs - OVERLAP_MS).toISOString(),
    };
    yield* this.#listing(`${projects(repository)}/merge_requests`, query, repository, { ...rest, etag });
  }

  async *searchChangesets(
    search: ChangesetSearch,
    options: ForgeCallOptions = {},
  ): AsyncGenerator<ChangesetPage> {
    const query = { ...PER_PAGE, state: 'opened', scope: 'all', order_by: 'updated_at', sort: 'desc' };
    if (search.kind === 'owner') return yield* this.#ofOwner(search.owner, query, options);
    const filter = search.kind === 'author' ? { author_username: search.author } : { search: search.query };
    yield* this.#listing('/merge_requests', { ...query, ...filter }, '', options);
  }

  /** A group has a listing of its own; a user's projects are listed one by one. */
  async *#ofOwner(
    owner: string,
    query: Readonly<Record<string, string | number>>,
    options: ForgeCallOptions,
  ): AsyncGenerator<ChangesetPage> {
    try {
      yield* this.#listing(`/groups/${encodeURIComponent(owner)}/merge_requests`, query, '', options);
      return;
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    for await (const { repositories } of this.listRepositories(owner, options)) {
      for (const { path } of repositories) yield* this.listChangesets(path, options);
    }
  }

  async *#listing(
    path: string,
    query: Readonly<Record<string, string | number | undefined>>,
    repository: string,
    options: ForgeCallOptions & { readonly etag?: string | undefined },
  ): AsyncGenerator<ChangesetPage> {
    for await (const { status, json, headers, hostTimeMs } of this.client.pages({
      ...options,
      path,
      query,
    })) {
      const common = { truncated: false, asOfMs: hostTimeMs };
      if (status === 304) {
        yield { ...common, changesets: [], etag: options.etag, notModified: true };
        return;
      }
      const page = readAnswer(
        z.array(mergeRequest),
        json,
        this.host,
        `merge requests of ${repository || 'a search'}`,
      );
      const changesets = page.map(each => summaryOf(each, this.host, repository));
      yield { ...common, changesets, etag: headerOf(headers, 'etag'), notModified: false };
    }
  }

  fetchChangesets(wanted: readonly WantedChangeset[], options: ForgeCallOptions = {}) {
    return fetchOneByOne(wanted, ({ ref }) => this.#fetchOne(ref, options));
  }

  async *fetchEvents(
    ref: ChangesetRef,
    { sinceMs, ...options }: ForgeCallOptions & { readonly sinceMs?: number } = {},
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const fromMs = sinceMs === undefined ? Number.NEGATIVE_INFINITY : sinceMs - OVERLAP_MS;
    const path = pathOf(ref);
    const what = `${ref.repository}!${ref.number}`;
    const notes = { ...PER_PAGE, order_by: 'created_at', sort: 'desc' };
    // Notes come newest first, so that the listing ends where the last sync began.
    for await (const page of this.readPages(`${path}/notes`, notes, note, what, options)) {
      const events = noteEvents(page.toReversed()).filter(({ atMs }) => atMs >= fromMs);
      yield events;
      if (page.some(each => Date.parse(each.created_at) < fromMs)) break;
    }
    const all = async <S extends z.ZodType>(below: string, item: S) =>
      (await Array.fromAsync(this.readPages(`${path}/${below}`, PER_PAGE, item, what, options))).flat();
    yield labelEvents(await all('resource_label_events', labelEvent));
    yield stateEvents(await all('resource_state_events', stateEvent));
    yield commitEvents(await all('commits', commit));
    yield pipelineEvents(await all('pipelines', pipeline));
  }

  async #fetchOne(ref: ChangesetRef, options: ForgeCallOptions): Promise<ChangesetResult> {
    const path = pathOf(ref);
    const what = `${ref.repository}!${ref.number}`;
    const { value: detail, hostTimeMs } = await this.read(path, mergeRequestDetail, what, options);
    const { value: approved } = await this.read(`${path}/approvals`, approvals, what, options);
    const changeset = changesetOf(detail, approved, this.host, ref.repository);
    return { outcome: 'found', ref, changeset, events: [], eventsComplete: false, asOfMs: hostTimeMs };
  }
}

function projects(path: string): string {
  return `/projects/${encodeURIComponent(path)}`;
}

function pathOf({ repository, number }: ChangesetRef): string {
  return `${projects(repository)}/merge_requests/${number}`;
}

function isMissing(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'forge_missing';
}
