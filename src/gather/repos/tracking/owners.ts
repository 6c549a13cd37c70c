import { matchesGlob } from 'node:path';
import type { Clock } from '../../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../../base/errors.ts';
import type { Logger } from '../../../base/log.ts';
import type { Config } from '../../../config/schema.ts';
import type { OwnerEntry } from '../../../config/sections/repos.ts';
import type { WorkHandler, WorkOutcome } from '../../../engine/queue/handler.ts';
import type { Claim } from '../../../engine/queue/work-queue.ts';
import { SYNC_RETRY } from '../../../engine/retry.ts';
import type { TrackingOrigin } from '../../../keep/store/types.ts';
import type { Forge, ForgeRepository } from '../../forges/forge.ts';
import { harmlessUrl } from '../address/shown-url.ts';
import { parseRepositoryUrl } from '../address/url.ts';
import type { TrackedRepository } from './schedule.ts';
import { type TrackingTools, trackExactly } from './track.ts';

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

const DEFAULT_HOSTS: Readonly<Record<string, string>> = { github: 'github.com', gitlab: 'gitlab.com' };

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
  const colon = owner.indexOf(':');
  return { host: host ?? DEFAULT_HOSTS[owner.slice(0, colon)] ?? '', name: owner.slice(colon + 1) };
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

export interface OwnerTools {
  readonly config: () => Config;
  readonly tracking: () => TrackingTools;
  /** The code host of that name. Throws `url_invalid` where it is none that is known. */
  readonly forgeOf: (host: string) => Forge;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the workers do with an owner whose time has come: list its repositories, track exactly those that are wanted. */
export function ownerHandler(tools: OwnerTools): WorkHandler {
  return { retry: SYNC_RETRY, run: (claim, signal) => discover(claim, signal, tools) };
}

/** A listing that breaks off changes nothing: what is missing from half of one may be in the other half. */
async function discover(claim: Claim, signal: AbortSignal, tools: OwnerTools): Promise<WorkOutcome> {
  const { config, tracking, forgeOf, clock, log } = tools;
  const owner = ownersOf(config()).find(({ key }) => key === claim.key);
  if (!owner) return { nextAtMs: null, reason: 'no longer configured' };
  const found: TrackedRepository[] = [];
  let listed = 0;
  for await (const { repositories } of forgeOf(owner.host).listRepositories(owner.name, { signal })) {
    listed += repositories.length;
    found.push(
      ...repositories.filter(each => isWanted(each, owner)).flatMap(each => addressOf(each, owner, log)),
    );
  }
  await trackExactly(found, owner.key, tracking());
  log.info({ target: owner.key, listed, tracked: found.length }, 'owner asked for its repositories');
  const reason = `${found.length} of ${listed} repositories tracked`;
  return { nextAtMs: clock.nowMs() + owner.everyMs, reason };
}

/**
 * The configuration trusts the owner's host, and with it what lies there; where a host names another, that is
 * nobody's wish (S3).
 * @returns none for an address that will not do
 */
function addressOf({ url }: ForgeRepository, owner: Owner, log: Logger): TrackedRepository[] {
  try {
    const address = parseRepositoryUrl(url, { from: 'api' });
    if (address.host === owner.host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) return [address];
    throw new SluiceError('url_refused', `it is on ${address.host}, not on ${owner.host}`);
  } catch (error) {
    const { code, message } = asSluiceError(error);
    log.warn(
      { target: owner.key, repository: harmlessUrl(url), code, reason: message },
      'left out a repository',
    );
    return [];
  }
}
