import { z } from 'zod';
import { headerOf } from '../../../base/http-headers.ts';
import type { ChangesetEvent, ChangesetRef } from '../changeset.ts';
import { byOrder } from '../events.ts';
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
import type { ApiAnswer } from '../http/api-client.ts';
import { readAnswer, readPages } from '../http/read.ts';
import { encodedPath, OVERLAP_MS, RestForge } from '../http/rest-forge.ts';
import { tokenClient } from '../http/token-client.ts';
import { fetchOneByOne } from '../per-item.ts';
import {
  commit,
  type GiteaPull,
  type GiteaReview,
  issue,
  pull,
  repository,
  review,
  status,
  timelineItem,
} from './answers.ts';
import { checkEvents, commitEvents, reviewEvents, timelineEvents } from './events.ts';
import { changesetOf, repositoryOf, summaryOfIssue, summaryOfPull } from './map.ts';

const PAGE = /^(?<repository>[\w.-]+\/[\w.-]+)\/pulls\/(?<number>\d+)(?:\/|$)/;

/** The host caps it (MAX_RESPONSE_ITEMS, 50 unless configured otherwise). */
const PER_PAGE = 50;

/** Gitea and Forgejo, by their REST API (v1): three calls a changeset, its events some more. */
export class GiteaForge extends RestForge implements Forge {
  readonly kind = 'gitea';

  constructor(settings: ForgeSettings, dependencies: ForgeDependencies) {
    super(
      settings,
      tokenClient(settings, dependencies, token => ({ authorization: `token ${token}` })),
      PAGE,
    );
  }

  async *listRepositories(owner: string, options: ForgeCallOptions = {}): AsyncGenerator<RepositoryPage> {
    const path = `/users/${encodeURIComponent(owner)}/repos`;
    const pages = this.#pages(path, {}, options);
    for await (const page of readPages(pages, repository, this.host, `repositories of ${owner}`)) {
      yield { repositories: page.map(repositoryOf) };
    }
  }

  async *listChangesets(path: string, options: ForgeListOptions = {}): AsyncGenerator<ChangesetPage> {
    const { state = 'open', updatedSinceMs = 0, etag: _none, ...rest } = options;
    const query = { state, sort: 'recentupdate' };
    for await (const { json, headers, hostTimeMs } of this.#pages(`${repos(path)}/pulls`, query, rest)) {
      const pulls = readAnswer(z.array(pull), json, this.host, `changesets of ${path}`);
      const all = pulls.map(each => summaryOfPull(each, this.host, path));
      const changesets = all.filter(({ updatedAtMs }) => updatedAtMs >= updatedSinceMs - OVERLAP_MS);
      const etag = headerOf(headers, 'etag');
      yield { changesets, etag, notModified: false, truncated: false, asOfMs: hostTimeMs };
      if (changesets.length < all.length) return;
    }
  }

  async *searchChangesets(
    search: ChangesetSearch,
    options: ForgeCallOptions = {},
  ): AsyncGenerator<ChangesetPage> {
    const query = {
      type: 'pulls',
      state: 'open',
      owner: search.kind === 'owner' ? search.owner : undefined,
      created_by: search.kind === 'author' ? search.author : undefined,
      q: search.kind === 'query' ? search.query : undefined,
    };
    for await (const { json, hostTimeMs } of this.#pages('/repos/issues/search', query, options)) {
      const page = readAnswer(z.array(issue), json, this.host, 'a search');
      const changesets = page.flatMap(each => summaryOfIssue(each, this.host) ?? []);
      yield { changesets, etag: undefined, notModified: false, truncated: false, asOfMs: hostTimeMs };
    }
  }

  fetchChangesets(wanted: readonly WantedChangeset[], options: ForgeCallOptions = {}) {
    return fetchOneByOne(wanted, ({ ref }) => this.#fetchOne(ref, options));
  }

  /** The timeline comes oldest first; reviews and commits are not in it in full and follow. */
  async *fetchEvents(
    ref: ChangesetRef,
    { sinceMs, ...options }: ForgeCallOptions & { readonly sinceMs?: number } = {},
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const { value } = await this.read(pullPath(ref), pull, shown(ref), options);
    const since = sinceMs === undefined ? undefined : new Date(sinceMs - OVERLAP_MS).toISOString();
    yield* this.#timeline(ref, value, since, options);
    const after = (event: ChangesetEvent): boolean =>
      sinceMs === undefined || event.atMs >= sinceMs - OVERLAP_MS;
    yield reviewEvents(await this.#reviews(ref, options)).filter(after);
    const query = { verification: 'false', files: 'false' };
    const commits = this.#pages(`${pullPath(ref)}/commits`, query, options);
    for await (const page of readPages(commits, commit, this.host, shown(ref))) yield commitEvents(page);
  }

  async #fetchOne(ref: ChangesetRef, options: ForgeCallOptions): Promise<ChangesetResult> {
    const { value: read, hostTimeMs } = await this.read(pullPath(ref), pull, shown(ref), options);
    const reviews = await this.#reviews(ref, options);
    const path = `${repos(read.base.repo?.full_name ?? ref.repository)}/commits/${read.head.sha}/status`;
    const { value: checks } = await this.read(path, status, shown(ref), options);
    const changeset = changesetOf(read, reviews, checks, this.host, ref.repository);
    const events = [...reviewEvents(reviews), ...checkEvents(checks, read.head.sha)].sort(byOrder);
    return { outcome: 'found', ref, changeset, events, eventsComplete: false, asOfMs: hostTimeMs };
  }

  async #reviews(ref: ChangesetRef, options: ForgeCallOptions): Promise<GiteaReview[]> {
    const pages = this.#pages(`${pullPath(ref)}/reviews`, {}, options);
    return (await Array.fromAsync(readPages(pages, review, this.host, shown(ref)))).flat();
  }

  /**
   * The host drops comments on lines from a page after it has been cut, and names neither a next page nor a true
   * total: only an empty page ends the list, and not even that one while dropped comments could fill it.
   */
  async *#timeline(
    ref: ChangesetRef,
    { review_comments: dropped = 0 }: GiteaPull,
    since: string | undefined,
    options: ForgeCallOptions,
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const path = `${repos(ref.repository)}/issues/${ref.number}/timeline`;
    let fullest = 1;
    let emptyPages = 0;
    for (let page = 1; emptyPages <= Math.ceil(dropped / fullest); page += 1) {
      const query = { page, limit: PER_PAGE, since };
      const { json } = await this.client.call({ ...options, path, query });
      const items =
        readAnswer(z.array(timelineItem.nullable()).nullable(), json, this.host, shown(ref)) ?? [];
      fullest = Math.max(fullest, items.length);
      emptyPages = items.length === 0 ? emptyPages + 1 : 0;
      if (items.length > 0) yield timelineEvents(items.flatMap(item => item ?? []));
    }
  }

  /** Pages by Link where the host gives it, by X-Total-Count where it gives only that. */
  async *#pages(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    options: ForgeCallOptions,
  ): AsyncGenerator<ApiAnswer> {
    let listed = 0;
    for (let page = 1; ; page += 1) {
      const answer = await this.client.call({
        ...options,
        path,
        query: { ...query, page, limit: PER_PAGE },
      });
      const items = Array.isArray(answer.json) ? answer.json.length : 0;
      listed += items;
      // An empty list may come as null.
      yield answer.json === null ? { ...answer, json: [] } : answer;
      const total = Number(headerOf(answer.headers, 'x-total-count') ?? 0);
      if (items === 0 || (answer.next === undefined && listed >= total)) return;
    }
  }
}

function repos(path: string): string {
  return `/repos/${encodedPath(path)}`;
}

function pullPath({ repository: path, number }: ChangesetRef): string {
  return `${repos(path)}/pulls/${number}`;
}

function shown({ repository: path, number }: ChangesetRef): string {
  return `${path}#${number}`;
}
