import { isDeepStrictEqual } from 'node:util';
import { SluiceError } from '../../../base/errors.ts';
import type { Service } from '../../../base/lifecycle.ts';
import { withoutCredentials } from '../../../base/text.ts';
import type { Config } from '../../../config/schema.ts';
import type { WorkHandler } from '../../../engine/queue/handler.ts';
import type { QueueItem, WorkQueue } from '../../../engine/queue/work-queue.ts';
import type { Store } from '../../../keep/store/store.ts';
import type { Repository, RepositoryState } from '../../../keep/store/types.ts';
import { forgeSettings } from '../../forges/settings.ts';
import { isTrusted } from '../address/network-policy.ts';
import { enclosingRepository } from '../address/path.ts';
import { publicAddresses } from '../address/public-address.ts';
import { addressKey, addressPath } from '../address/same-address.ts';
import { configuredAddress, parseRepositoryUrl, type RepositoryAddress } from '../address/url.ts';
import { type Owner, type OwnerContext, ownerHandler, ownersOf, scheduleOwners } from './owners.ts';
import { repositoryKey } from './schedule.ts';
import {
  makeDueAfterPush,
  makeDueNow,
  rescheduleTracked,
  scheduleTracked,
  track,
  trackExactly,
  type Untracked,
  untrack,
} from './track.ts';

/** What tracking is made of. */
export interface TrackingOptions extends Omit<OwnerContext, 'store' | 'queue'> {
  /** False where there is no configuration file: the repository that the station stands in is tracked then. */
  readonly configured: boolean;
  readonly cwd: string;
  /** Throws `stopping` while they are not open. */
  readonly stores: () => { readonly store: Store; readonly queue: WorkQueue };
}

/** A repository with its place on the schedule, for "when and why". */
export interface ScheduledRepository {
  readonly repository: Repository;
  readonly next: { readonly atMs: number; readonly reason: string; readonly failures: number } | undefined;
}

/**
 * Which repositories the station keeps fresh, as a service of it: what the configuration lists is tracked from start
 * on.
 */
export class Tracking implements Service {
  readonly name = 'tracking';
  readonly #options: TrackingOptions;
  #configured: readonly RepositoryAddress[] = [];
  /** Those that were followed last; undefined before the start. */
  #owners: readonly Owner[] | undefined;

  constructor(options: TrackingOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.trackConfigured(this.configuredRepositories(this.#options.config()));
    await scheduleTracked(this.#context);
    await this.followRhythm();
  }

  /** Brings what is tracked to where the rhythm of the configuration has it now. */
  async followRhythm(): Promise<void> {
    await rescheduleTracked(this.#context);
  }

  async stop(): Promise<void> {}

  /** The repositories that a configuration lists, or the one around the station if there is none. Throws `url_*`. */
  configuredRepositories(config: Config): readonly RepositoryAddress[] {
    const { configured, cwd } = this.#options;
    const urls = config.repos.flatMap(({ url }) => (url === undefined ? [] : [url]));
    const around = configured || config.repos.length > 0 ? undefined : enclosingRepository(cwd);
    if (around !== undefined) urls.push(around);
    return urls.map(url => configuredAddress(url, cwd));
  }

  /** Makes what the configuration tracks exactly these and its owners'; what is tracked by hand stays. */
  async trackConfigured(wanted: readonly RepositoryAddress[]): Promise<void> {
    await trackExactly(wanted, 'config', this.#context);
    this.#configured = wanted;
    const owners = ownersOf(this.#options.config());
    if (isDeepStrictEqual(owners, this.#owners)) return;
    await scheduleOwners(owners, this.#context);
    this.#owners = owners;
  }

  /** What the workers do with owners: asks them for their repositories. */
  ownerHandler(): WorkHandler {
    return ownerHandler(() => this.#context);
  }

  /** URLs that the configuration lists. */
  configuredUrls(): readonly string[] {
    return this.#configured.map(({ url }) => url);
  }

  /**
   * Tracks repositories for whoever asks over the API: all of them or, when one is refused, none. May be repeated.
   * @throws SluiceError `url_*` for what is not allowed from there
   */
  async track(urls: readonly string[]): Promise<readonly Repository[]> {
    const addresses: RepositoryAddress[] = [];
    for (const url of urls) addresses.push(await this.#asKnown(await this.admitFromApi(url)));
    const repositories: Repository[] = [];
    for (const address of addresses) repositories.push(await track(address, 'api', this.#context));
    return repositories;
  }

  /** Takes off what was tracked by hand. Throws `url_invalid`, `not_found`. May be repeated. */
  async untrack(url: string): Promise<Untracked> {
    return untrack(await this.repository(url), ['api', 'cli'], this.#context);
  }

  /**
   * Brings tracked repositories to the front: they are synced at once, before all others.
   * @throws SluiceError `url_invalid`, or `not_tracked` for one that is not tracked, before any is raised
   */
  async syncNow(urls: readonly string[]): Promise<readonly Repository[]> {
    const repositories: Repository[] = [];
    for (const url of urls) {
      const repository = await this.#known(url);
      if (!repository?.tracked) {
        throw new SluiceError('not_tracked', `${withoutCredentials(url)} is not tracked here`);
      }
      repositories.push(repository);
    }
    for (const repository of repositories) await makeDueNow(repository, 'asked for by hand', this.#context);
    return repositories;
  }

  /** As `syncNow`, all tracked ones in a state. */
  async syncState(state: RepositoryState): Promise<readonly Repository[]> {
    const { store } = this.#options.stores();
    const known = await store.repositories.list({
      choice: state === 'ok' || state === 'new' ? undefined : 'failing',
    });
    const repositories = known.filter(repository => repository.state === state && repository.tracked);
    for (const repository of repositories) await makeDueNow(repository, 'asked for by hand', this.#context);
    return repositories;
  }

  /**
   * Raises the tracked repository that a push was made to, see `makeDueAfterPush`: for webhooks.
   * @param spellings the addresses that the host gives for it (https, ssh, git); those that make no sense are passed
   * over
   * @param reason in words: "webhook: push"
   * @returns the URLs that were raised; none when nothing of the kind is tracked
   */
  async syncAfterPush(spellings: readonly string[], reason: string): Promise<readonly string[]> {
    const { store } = this.#options.stores();
    const urls = new Set(spellings.map(spelling => normalise(spelling)).filter(url => url !== undefined));
    const raised: string[] = [];
    for (const url of urls) {
      for (const repository of await sameThings(url, store)) {
        if (!repository.tracked || raised.includes(repository.url)) continue;
        await makeDueAfterPush(repository, reason, this.#context);
        raised.push(repository.url);
      }
    }
    return raised;
  }

  /** The repository that a URL means, however it is written. Throws `url_invalid`, `not_found`. */
  async repository(url: string): Promise<Repository> {
    const known = await this.#known(url);
    if (!known) throw new SluiceError('not_found', `no repository ${withoutCredentials(url)} is known here`);
    return known;
  }

  /** One repository with its next time and why. Throws as `repository`. */
  async findScheduled(url: string): Promise<ScheduledRepository> {
    const repository = await this.repository(url);
    const item = await this.#options.stores().queue.get(repositoryKey(repository));
    return withNext(repository, item);
  }

  /** What nobody trusted has named yet must be allowed to those who ask over the API. */
  async admitFromApi(url: string): Promise<RepositoryAddress> {
    const { store } = this.#options.stores();
    const named = await store.repositories.byUrl(url);
    if (named && isTrusted(named)) return named;
    const { allowPaths, allowPrivateAddresses } = this.#options.config().git;
    const address = parseRepositoryUrl(url, { from: 'api', allowPaths });
    const known = await store.repositories.byUrl(address.url);
    const isTrustedRow = known !== undefined && isTrusted(known);
    // Resolved again when it is baked; asked now so that the caller hears of it.
    if (address.scheme !== 'file' && !allowPrivateAddresses && !isTrustedRow)
      await publicAddresses(address.host);
    return address;
  }

  /**
   * The address under which a repository of a code host is known already, however this one is written: hosts of code
   * tell neither case nor `www.` apart. By ssh and by https it may be allowed to different people, and stays two.
   */
  async #asKnown(address: RepositoryAddress): Promise<RepositoryAddress> {
    const { store } = this.#options.stores();
    const hosts = forgeSettings(this.#options.config(), 0).map(({ host }) => host);
    if (!hosts.includes(address.host.replace(/^www\./, ''))) return address;
    if (await store.repositories.byUrl(address.url)) return address;
    const byHttp = (url: string): boolean => /^https?:/.test(url);
    const same = await sameThings(address.url, store);
    return (
      same.find(({ url, movedTo }) => movedTo === null && byHttp(url) === byHttp(address.url)) ?? address
    );
  }

  async #known(url: string): Promise<Repository | undefined> {
    const { store } = this.#options.stores();
    const { byUrl } = store.repositories;
    // Nothing is read or fetched here, so any path may be asked about: what is not known has no row.
    const exactly = (await byUrl(url)) ?? (await byUrl(parseRepositoryUrl(url, { from: 'config' }).url));
    if (exactly) return exactly;
    const [same, other] = await sameThings(parseRepositoryUrl(url, { from: 'config' }).url, store);
    // Two of them are two repositories to whoever has tracked both.
    return other ? undefined : same;
  }

  get #context(): OwnerContext {
    return { ...this.#options, ...this.#options.stores() };
  }
}

/** A repository and its item on the schedule, where it has one. */
export function withNext(repository: Repository, item: QueueItem | undefined): ScheduledRepository {
  const next = item && { atMs: item.runAtMs, reason: item.reason, failures: item.failures };
  return { repository, next };
}

/** What is known under any address of the same thing, or has moved there. */
async function sameThings(url: string, { repositories }: Pick<Store, 'repositories'>): Promise<Repository[]> {
  const key = addressKey(url);
  const [alike, named] = await Promise.all([
    repositories.alike(url),
    repositories.list({ text: addressPath(url) }),
  ]);
  const same = [...alike, ...named.filter(repository => addressKey(repository.url) === key)];
  return [...new Map(same.map(repository => [repository.id, repository])).values()];
}

function normalise(spelling: string): string | undefined {
  try {
    return parseRepositoryUrl(spelling, { from: 'api' }).url;
  } catch {
    // A host may list an address of a kind that is not spoken here; another of the list will do.
    return undefined;
  }
}
