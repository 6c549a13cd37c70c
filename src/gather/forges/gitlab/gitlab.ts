import type { z } from 'zod';
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
import { timeMs } from '../http/read.ts';
import { OVERLAP_MS, otherChangeset, RestForge } from '../http/rest-forge.ts';
import { tokenClient } from '../http/token-client.ts';
import { fetchOneByOne } from '../per-item.ts';
import { type ChangesetPart, isOfOneRepository, PartReader } from '../unseen.ts';
import {
  approvals,
  commit,
  type GitlabMergeRequest,
  labelEvent,
  mergeRequest,
  mergeRequestDetail,
  note,
  pipeline,
  project,
  stateEvent,
} from './answers.ts';
import { commitEvents, labelEvents, noteEvents, pipelineEvents, stateEvents } from './events.ts';
import { changesetOf, pathOfRequest, type RequestAt, repositoryOf, summaryOf } from './map.ts';

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
        const part = `projects of ${owner}`;
        for await (const { entries } of this.readPages(call.path, call.query, project, part, options)) {
          const repositories = entries.map(each =>
            repositoryOf(each, this.addressOf(each.web_url, each.path_with_namespace)),
          );
          yield { repositories };
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
      for (const { path } of repositories) {
        try {
          yield* this.listChangesets(path, options);
        } catch (error) {
          if (!isOfOneRepository(error)) throw error;
          options.onUnseen?.({ part: `merge requests of ${path}`, error });
        }
      }
    }
  }

  async *#listing(
    path: string,
    query: Readonly<Record<string, string | number | undefined>>,
    repository: string,
    options: ForgeCallOptions & { readonly etag?: string | undefined },
  ): AsyncGenerator<ChangesetPage> {
    const part = `merge requests of ${repository || 'a search'}`;
    const pages = this.readPages(path, query, mergeRequest, part, options);
    for await (const { status, entries, headers, hostTimeMs } of pages) {
      const common = { truncated: false, asOfMs: hostTimeMs };
      if (status === 304) {
        yield { ...common, changesets: [], etag: options.etag, notModified: true };
        return;
      }
      const changesets = entries.flatMap(each => {
        const path = pathOfRequest(each, repository);
        return path === '' ? [] : [summaryOf(this.#described(each, path), this.host)];
      });
      yield { ...common, changesets, etag: headerOf(headers, 'etag'), notModified: false };
    }
  }

  #described<T extends GitlabMergeRequest>(item: T, path: string): RequestAt<T> {
    return { item, path, url: this.addressOf(item.web_url, `${path}/-/merge_requests/${item.iid}`) };
  }

  fetchChangesets(wanted: readonly WantedChangeset[], options: ForgeCallOptions = {}) {
    return fetchOneByOne(
      wanted,
      ({ ref }) => this.#fetchOne(ref, options),
      repository => this.client.call({ ...options, path: projects(repository), isSoughtByAll: true }),
    );
  }

  async *fetchEvents(
    ref: ChangesetRef,
    { sinceMs, onUnseen, ...options }: ForgeCallOptions & { readonly sinceMs?: number } = {},
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const parts = new PartReader(options.signal);
    const noting = { ...options, onUnseen: parts.note };
    const all = async <F extends z.ZodType>(part: ChangesetPart, below: string, entry: F) => {
      const pages = parts.pages(part, () =>
        this.readPages(`${pathOf(ref)}/${below}`, PER_PAGE, entry, part, noting),
      );
      return (await Array.fromAsync(pages)).flatMap(({ entries }) => entries);
    };
    yield* parts.pages('comments', () => this.#notes(ref, sinceMs, noting));
    yield labelEvents(await all('labels', 'resource_label_events', labelEvent));
    yield stateEvents(await all('state changes', 'resource_state_events', stateEvent));
    yield commitEvents(await all('commits', 'commits', commit));
    yield pipelineEvents(await all('checks', 'pipelines', pipeline));
    parts.end(onUnseen);
  }

  /** Notes come newest first, so that the listing ends where the last sync began. */
  async *#notes(
    ref: ChangesetRef,
    sinceMs: number | undefined,
    options: ForgeCallOptions,
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const fromMs = sinceMs === undefined ? Number.NEGATIVE_INFINITY : sinceMs - OVERLAP_MS;
    const query = { ...PER_PAGE, order_by: 'created_at', sort: 'desc' };
    const pages = this.readPages(`${pathOf(ref)}/notes`, query, note, 'comments', options);
    for await (const { entries } of pages) {
      yield noteEvents(entries.toReversed()).filter(({ atMs }) => atMs >= fromMs);
      if (entries.some(each => (timeMs(each.created_at) ?? fromMs) < fromMs)) break;
    }
  }

  async #fetchOne(ref: ChangesetRef, options: ForgeCallOptions): Promise<ChangesetResult> {
    const path = pathOf(ref);
    const what = `${ref.repository}!${ref.number}`;
    const { value: detail, hostTimeMs } = await this.read(path, mergeRequestDetail, what, {
      ...options,
      isSoughtByAll: true,
    });
    if (detail.iid !== ref.number) throw otherChangeset(this.host, what, detail.iid);
    const parts = new PartReader(options.signal);
    const approved = await parts.read('reviews', async () => {
      const { value } = await this.read(`${path}/approvals`, approvals, 'approvals', options);
      return value;
    });
    const described = this.#described(detail, pathOfRequest(detail, ref.repository));
    return {
      outcome: 'found',
      ref,
      changeset: changesetOf(described, approved, this.host),
      events: [],
      eventsComplete: false,
      seen: parts.seen,
      unseen: parts.unseen,
      asOfMs: hostTimeMs,
    };
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
