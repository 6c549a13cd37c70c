import { matchesGlob } from 'node:path';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import { parseOwner } from '../../../config/kinds.ts';
import type { Config } from '../../../config/schema.ts';
import type { OwnerEntry } from '../../../config/sections/repos.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import type { Repository, TrackingOrigin } from '../../../keep/store/types.ts';
import { FORGES } from '../../forges/definitions.ts';
import type { Forge, ForgeRepository } from '../../forges/forge.ts';
import type { Unseen } from '../../forges/unseen.ts';
import { harmlessUrl } from '../address/shown-url.ts';
import { parseRepositoryUrl, type RepositoryAddress } from '../address/url.ts';
import type { ScheduleContext } from '../context.ts';
import { OWNER_KIND } from './schedule.ts';
import { track, trackExactly } from './track.ts';

/** An owner at a code host, with every entry of the configuration that names it. */
export interface Owner {
  /** `owner:github.com/name`: its key on the schedule, and who its repositories are tracked by. */
  readonly key: Extract<TrackingOrigin, `owner:${string}`>;
  /** As named under `hosts`. */
  readonly host: string;
  readonly name: string;
  readonly entries: readonly OwnerEntry[];
  /** The shortest of its entries' rhythms. */
  readonly everyMs: number;
}

/** The owners that a configuration names, each once. */
export function ownersOf({ repos }: Pick<Config, 'repos'>): readonly Owner[] {
  const entries = repos.filter((entry): entry is OwnerEntry => entry.owner !== undefined);
  const byKey = Map.groupBy(entries, entry => keyOfOwner(entry));
  return [...byKey].map(([key, group]) => {
    const { host, name } = placeOf(group[0] as OwnerEntry);
    return { key, host, name, entries: group, everyMs: Math.min(...group.map(({ everyMs }) => everyMs)) };
  });
}

function placeOf({ owner, host }: OwnerEntry): { readonly host: string; readonly name: string } {
  const parsed = parseOwner(owner, FORGES);
  return { host: host ?? parsed?.forge.defaultHost ?? '', name: parsed?.name ?? owner };
}

function keyOfOwner(entry: OwnerEntry): Owner['key'] {
  const { host, name } = placeOf(entry);
  return `owner:${host.toLowerCase()}/${name.toLowerCase()}`;
}

/**
 * Whether one of an owner's entries wants a repository. Patterns are of its name below the owner (`sub/name` in a
 * subgroup) or of its last part alone, in any case; `*` stops at a slash. What is excluded is not included.
 */
export function isWanted(
  repository: Pick<ForgeRepository, 'path' | 'isArchived' | 'isFork'>,
  owner: Owner,
): boolean {
  const path = repository.path.toLowerCase();
  const prefix = `${owner.name.toLowerCase()}/`;
  const name = path.startsWith(prefix) ? path.slice(prefix.length) : path;
  const matches = (pattern: string): boolean =>
    [name, name.split('/').at(-1) ?? name].some(each => matchesGlob(each, pattern.toLowerCase()));
  return owner.entries.some(({ include, exclude, archived, forks }) => {
    if ((repository.isArchived && !archived) || (repository.isFork && !forks)) return false;
    return (include.length === 0 || include.some(matches)) && !exclude.some(matches);
  });
}

/** What owners are listed with: what tracks what they have, and their code hosts. */
export interface OwnerContext extends ScheduleContext {
  readonly log: Logger;
  /** The code host of that name. Throws `url_invalid` where it is none that is known. */
  readonly forgeOf: (host: string) => Forge;
}

/** Repositories that the last listing of an owner lacked, by its key. A station that starts knows of none. */
type NotListed = Map<string, ReadonlySet<string>>;

/** After a listing that lacked some, the next one comes as soon as this, since it decides about them. */
const ASKED_AGAIN_MS = 10 * 60_000;

/**
 * What the workers do with an owner whose time has come: list its repositories, track exactly those that are wanted.
 * @param context as it is when work begins
 */
export function ownerHandler(context: () => OwnerContext): WorkHandler {
  const notListed: NotListed = new Map();
  return { retry: SYNC_RETRY, run: (claim, signal) => discover(claim, signal, notListed, context()) };
}

/**
 * Makes the owners that are asked for their repositories exactly these: they are asked at once, since what is
 * wanted of them may have changed; the repositories of those that are gone are tracked by them no more.
 */
export async function scheduleOwners(owners: readonly Owner[], context: ScheduleContext): Promise<void> {
  const { store, queue, clock } = context;
  const keys = new Set<TrackingOrigin>(owners.map(({ key }) => key));
  for (const origin of await store.tracking.origins()) {
    if (!origin.startsWith('owner:') || keys.has(origin)) continue;
    await queue.drop(origin);
    await trackExactly([], origin, context);
  }
  for (const { key, host } of owners) {
    const group = host.replace(/:\d+$/, '');
    await queue.put(key, { kind: OWNER_KIND, group, runAtMs: clock.nowMs(), reason: 'asked at start' });
  }
}

/**
 * A listing that breaks off changes nothing: what is missing from half of one may be in the other half. One that was
 * read to its end but for some entries brings what is new, and takes nothing off. Nor does a whole one take off at once
 * what it lacks: entries move between its pages while they are read, and a host may have a bad minute; the next one has
 * to lack it, too.
 */
async function discover(
  claim: Claim,
  signal: AbortSignal,
  notListed: NotListed,
  context: OwnerContext,
): Promise<WorkOutcome> {
  const { config, forgeOf, clock, log } = context;
  const owner = ownersOf(config()).find(({ key }) => key === claim.key);
  if (!owner) return { nextAtMs: null, reason: 'no longer configured' };
  const wanted: RepositoryAddress[] = [];
  const shown = new Set<string>();
  const unseen: Unseen[] = [];
  const options = { signal, onUnseen: (each: Unseen) => void unseen.push(each) };
  let listed = 0;
  for await (const { repositories } of forgeOf(owner.host).listRepositories(owner.name, options)) {
    listed += repositories.length;
    for (const repository of repositories) {
      const address = addressOf(repository, owner);
      if (!(address instanceof SluiceError)) shown.add(address.url);
      if (!isWanted(repository, owner)) continue;
      if (!(address instanceof SluiceError)) wanted.push(address);
      else logLeftOut(repository, address, owner, log);
    }
  }
  const [first] = unseen;
  const reason = `${wanted.length} of ${listed} repositories tracked`;
  let waitMs = owner.everyMs;
  if (first === undefined) {
    const lacking = (await trackedBy(owner, context)).filter(({ url }) => !shown.has(url));
    const before = notListed.get(owner.key);
    const kept = lacking.filter(({ url }) => !before?.has(url));
    notListed.set(owner.key, new Set(kept.map(({ url }) => url)));
    await trackExactly([...wanted, ...kept], owner.key, context);
    if (kept.length > 0) {
      waitMs = Math.min(waitMs, ASKED_AGAIN_MS);
      log.info(
        { target: owner.key, missing: kept.length },
        'not listed; they go if the next listing lacks them, too',
      );
    }
  } else {
    const { code, message, hint } = first.error;
    log.warn({ target: owner.key, code, reason: message, hint }, `${first.part} not seen; none is taken off`);
    for (const address of wanted) await track(address, owner.key, context);
  }
  log.info({ target: owner.key, listed, tracked: wanted.length }, 'owner asked for its repositories');
  return { nextAtMs: clock.nowMs() + waitMs, reason };
}

async function trackedBy({ key }: Owner, { store }: OwnerContext): Promise<readonly Repository[]> {
  return (await store.repositories.list()).filter(({ trackedBy }) => trackedBy.includes(key));
}

/**
 * The configuration trusts the owner's host, and with it what lies there; where a host names another, that is
 * nobody's wish.
 * @returns what is wrong with an address that will not do
 */
function addressOf({ url }: ForgeRepository, owner: Owner): RepositoryAddress | SluiceError {
  try {
    const address = parseRepositoryUrl(url, { from: 'api' });
    if (address.host === owner.host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) return address;
    return new SluiceError('url_refused', `it is on ${address.host}, not on ${owner.host}`);
  } catch (error) {
    return asSluiceError(error);
  }
}

function logLeftOut(
  { url }: ForgeRepository,
  { code, message }: SluiceError,
  owner: Owner,
  log: Logger,
): void {
  const repository = harmlessUrl(url);
  log.warn({ target: owner.key, repository, code, reason: message }, 'left out a repository');
}
