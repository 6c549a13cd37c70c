import type { z } from 'zod';
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
import type { ApiAnswer } from '../http/api-call.ts';
import type { ApiClient } from '../http/api-client.ts';
import { readEntries } from '../http/lenient.ts';
import type { ReadPage } from '../http/read.ts';
import { encodedPath, isSince, OVERLAP_MS, otherChangeset, RestForge } from '../http/rest-forge.ts';
import { tokenClient } from '../http/token-client.ts';
import { fetchOneByOne } from '../per-item.ts';
import { PartReader } from '../unseen.ts';
import {
  commit,
  commitStatus,
  type GiteaCommitStatus,
  type GiteaPull,
  type GiteaReview,
  type GiteaStatus,
  issue,
  pull,
  repository,
  review,
  status,
  timelineItem,
} from './answers.ts';
import { checkEvents, commitEvents, reviewEvents, timelineEvents } from './events.ts';
import {
  changesetOf,
  type PullAt,
  repositoryOf,
  repositoryOfPull,
  summaryOfIssue,
  summaryOfPull,
} from './map.ts';

const PAGE = /^(?<repository>[\w.-]+\/[\w.-]+)\/pulls\/(?<number>\d+)(?:\/|$)/;

/** The host caps it (MAX_RESPONSE_ITEMS, 50 unless configured otherwise). */
const PER_PAGE = 50;

/** So many empty pages of a timeline in a row are believed to be its end, whatever number of comments was dropped. */
const MOST_EMPTY_PAGES = 50;

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
    for await (const page of this.#list(path, {}, repository, `repositories of ${owner}`, options)) {
      const repositories = page.entries.map(item =>
        repositoryOf({ item, url: this.addressOf(item.html_url, item.full_name) }),
      );
      yield { repositories };
    }
  }

  async *listChangesets(path: string, options: ForgeListOptions = {}): AsyncGenerator<ChangesetPage> {
    const { state = 'open', updatedSinceMs = 0, etag: _none, ...rest } = options;
    const query = { state, sort: 'recentupdate' };
    const pages = this.#list(`${repos(path)}/pulls`, query, pull, `changesets of ${path}`, rest);
    for await (const { entries, headers, hostTimeMs } of pages) {
      const all = entries.map(each => summaryOfPull(this.#described(each, path), this.host, path));
      const changesets = all.filter(each => isSince(each, updatedSinceMs));
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
    const pages = this.#list('/repos/issues/search', query, issue, 'changesets of a search', options);
    for await (const { entries, hostTimeMs } of pages) {
      const changesets = entries.flatMap(item => {
        const url = this.addressOf(item.html_url, `${item.repository?.full_name}/pulls/${item.number}`);
        return summaryOfIssue({ item, url }, this.host) ?? [];
      });
      yield { changesets, etag: undefined, notModified: false, truncated: false, asOfMs: hostTimeMs };
    }
  }

  fetchChangesets(wanted: readonly WantedChangeset[], options: ForgeCallOptions = {}) {
    return fetchOneByOne(
      wanted,
      ({ ref }) => this.#fetchOne(ref, options),
      repository => this.client.call({ ...options, path: repos(repository), isSoughtByAll: true }),
    );
  }

  /** The timeline comes oldest first; reviews and commits are not in it in full and follow. */
  async *fetchEvents(
    ref: ChangesetRef,
    { sinceMs, onUnseen, ...options }: ForgeCallOptions & { readonly sinceMs?: number } = {},
  ): AsyncGenerator<readonly ChangesetEvent[]> {
    const { value } = await this.read(pullPath(ref), pull, shown(ref), options);
    const fromMs = sinceMs === undefined ? Number.NEGATIVE_INFINITY : sinceMs - OVERLAP_MS;
    const parts = new PartReader(options.signal);
    const noting = { ...options, onUnseen: parts.note };
    const since = sinceMs === undefined ? undefined : new Date(fromMs).toISOString();
    yield* parts.pages('timeline', () => this.#timeline(ref, value, since, noting));
    const reviews = await parts.read('reviews', () => this.#reviews(ref, noting));
    yield reviewEvents(reviews ?? []).filter(({ atMs }) => atMs >= fromMs);
    yield* parts.pages('commits', () => this.#commits(ref, noting));
    parts.end(onUnseen);
  }

  async *#commits(ref: ChangesetRef, options: ForgeCallOptions): AsyncGenerator<readonly ChangesetEvent[]> {
    const query = { verification: 'false', files: 'false' };
    const pages = this.#list(`${pullPath(ref)}/commits`, query, commit, 'commits', options);
    for await (const { entries } of pages) yield commitEvents(entries);
  }

  async #fetchOne(ref: ChangesetRef, options: ForgeCallOptions): Promise<ChangesetResult> {
    const sought = { ...options, isSoughtByAll: true };
    const { value: read, hostTimeMs } = await this.read(pullPath(ref), pull, shown(ref), sought);
    if (read.number !== ref.number) throw otherChangeset(this.host, shown(ref), read.number);
    const parts = new PartReader(options.signal);
    const noting = { ...options, onUnseen: parts.note };
    const reviews = await parts.read('reviews', () => this.#reviews(ref, noting));
    const sha = read.head?.sha;
    const path = repositoryOfPull(read, ref.repository);
    // Of a fork that has vanished there may be no head left, and nothing to ask the checks of.
    const checks = sha && (await parts.read('checks', () => this.#status(path, sha, noting)));
    const changeset = changesetOf(
      this.#described(read, ref.repository),
      reviews,
      checks || undefined,
      this.host,
      ref.repository,
    );
    const events = [...reviewEvents(reviews ?? []), ...(sha && checks ? checkEvents(checks.read, sha) : [])];
    return {
      outcome: 'found',
      ref,
      changeset,
      events: events.sort(byOrder),
      eventsComplete: false,
      seen: parts.seen,
      unseen: parts.unseen,
      asOfMs: hostTimeMs,
    };
  }

  #described(item: GiteaPull, path: string): PullAt<GiteaPull> {
    const below = `${repositoryOfPull(item, path)}/pulls/${item.number}`;
    return { item, url: this.addressOf(item.html_url, below) };
  }

  async #status(
    path: string,
    sha: string,
    options: ForgeCallOptions,
  ): Promise<GiteaStatus & { readonly read: readonly GiteaCommitStatus[] }> {
    const { value } = await this.read(`${repos(path)}/commits/${sha}/status`, status, 'checks', options);
    const read = readEntries(commitStatus, value.statuses)?.entries ?? [];
    return { ...value, read };
  }

  async #reviews(ref: ChangesetRef, options: ForgeCallOptions): Promise<GiteaReview[]> {
    const pages = this.#list(`${pullPath(ref)}/reviews`, {}, review, 'reviews', options);
    return (await Array.fromAsync(pages)).flatMap(({ entries }) => entries);
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
    const bounds = this.client.bounds('timeline');
    const pages = async function* (client: ApiClient): AsyncGenerator<ApiAnswer> {
      let fullest = 1;
      let emptyPages = 0;
      for (let page = 1; emptyPages <= Math.min(Math.ceil(dropped / fullest), MOST_EMPTY_PAGES); page += 1) {
        const query = { page, limit: PER_PAGE, since };
        let error = bounds.before(String(page));
        const answer = error === undefined ? await client.call({ ...options, path, query }) : undefined;
        error ??= bounds.after(answer?.json);
        if (error !== undefined) return options.onUnseen?.({ part: 'timeline', error });
        const items = Array.isArray(answer?.json) ? answer.json.length : 0;
        fullest = Math.max(fullest, items);
        emptyPages = items === 0 ? emptyPages + 1 : 0;
        if (answer !== undefined) yield nullAsList(answer);
      }
    };
    const read = this.readEntryPages(pages(this.client), timelineItem, 'timeline', options);
    for await (const { entries } of read) {
      if (entries.length > 0) yield timelineEvents(entries);
    }
  }

  /** Pages by Link where the host gives it, by X-Total-Count where it gives only that; entry by entry. */
  #list<F extends z.ZodType>(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    entry: F,
    part: string,
    options: ForgeCallOptions,
  ): AsyncGenerator<ReadPage<ApiAnswer, z.output<F>>> {
    return this.readEntryPages(this.#pages(path, query, part, options), entry, part, options);
  }

  async *#pages(
    path: string,
    query: Readonly<Record<string, string | undefined>>,
    part: string,
    options: ForgeCallOptions,
  ): AsyncGenerator<ApiAnswer> {
    const bounds = this.client.bounds(part);
    let listed = 0;
    for (let page = 1; ; page += 1) {
      const asked = { ...options, path, query: { ...query, page, limit: PER_PAGE } };
      let error = bounds.before(String(page));
      const answer = error === undefined ? await this.client.call(asked) : undefined;
      error ??= bounds.after(answer?.json);
      if (error !== undefined || answer === undefined) return error && options.onUnseen?.({ part, error });
      const items = Array.isArray(answer.json) ? answer.json.length : 0;
      listed += items;
      yield nullAsList(answer);
      const total = Number(headerOf(answer.headers, 'x-total-count') ?? 0);
      if (items === 0 || (answer.next === undefined && !(listed < total))) return;
    }
  }
}

/** An empty list may come as null. */
function nullAsList(answer: ApiAnswer): ApiAnswer {
  return answer.json === null ? { ...answer, json: [] } : answer;
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
