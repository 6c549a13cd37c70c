import { asSluiceError, SluiceError } from '../base/errors.ts';
import { nearest } from '../base/text.ts';
import { formatCount, formatDuration } from '../base/units.ts';
import { parseOwner } from '../config/kinds.ts';
import type { QueueItem } from '../engine/queue/work-queue.ts';
import { FORGES } from '../gather/forges/definitions.ts';
import { harmlessUrl } from '../gather/repos/address/shown-url.ts';
import { configuredAddress, parseRepositoryUrl } from '../gather/repos/address/url.ts';
import type { ScheduleContext } from '../gather/repos/context.ts';
import { forgetRepository } from '../gather/repos/tracking/forget.ts';
import { repositoryKey } from '../gather/repos/tracking/schedule.ts';
import { track, untrack } from '../gather/repos/tracking/track.ts';
import type { Repository } from '../keep/store/types.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { moreLine, type PageOptions, rowsAsked } from './list-page.ts';
import { load } from './load.ts';
import { withCache, withExistingStores, withStores } from './stores.ts';
import { jsonText, printable, styleFor } from './terminal.ts';

type TrackOptions = GlobalOptions & { readonly json?: boolean };

/** A line of `track --json`, the same keys on each. Times are ISO 8601. */
interface TrackedLine {
  readonly url: string;
  readonly tracked: boolean;
  readonly trackedBy: readonly string[];
  readonly state: string | null;
  readonly movedTo: string | null;
  readonly lastCommitAt: string | null;
  readonly next: { readonly at: string; readonly reason: string } | null;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

/** Tracks each target, and says so. Answers whether all went well. */
export async function trackTargets(
  targets: readonly string[],
  options: TrackOptions,
  cli: Cli,
): Promise<boolean> {
  const { repositories, well } = await trackChangesetsFirst(targets, 'track', options, cli);
  if (repositories.length === 0) return well;
  const all = await eachOf(repositories, options, cli, async (target, context) => {
    if (parseOwner(target, FORGES)) {
      throw new SluiceError('usage', `${target} is an owner, not a repository`, {
        hint: 'List owners under "repos" in sluice.yaml.',
      });
    }
    const address = parseRepositoryUrl(target, { from: 'cli', directory: cli.cwd });
    const repository = await track(address, 'cli', context);
    const line = lineOf(repository, await context.queue.get(repositoryKey(repository)));
    return { line, words: `tracked: ${line.url}, ${whenNext(line, cli)}` };
  });
  return all && well;
}

/** Pull and merge requests are known by their addresses; what is left are repositories. */
async function trackChangesetsFirst(
  targets: readonly string[],
  action: 'track' | 'untrack',
  options: TrackOptions,
  cli: Cli,
): Promise<{ readonly repositories: readonly string[]; readonly well: boolean }> {
  const { changesetTargets, trackChangesets } = await import('./changesets.ts');
  const changesets = changesetTargets(targets);
  let well = true;
  if (changesets.size > 0) {
    await trackChangesets([...changesets], action, options, cli, (url, error) => {
      well = false;
      printFailure(url, error, options, cli);
    });
  }
  return { repositories: targets.filter(target => !changesets.has(target)), well };
}

/** Takes each target off, and says who tracks it still. Answers whether none of them is tracked now. */
export async function untrackTargets(
  targets: readonly string[],
  options: TrackOptions,
  cli: Cli,
): Promise<boolean> {
  const { repositories, well } = await trackChangesetsFirst(targets, 'untrack', options, cli);
  if (repositories.length === 0) return well;
  const all = await eachOf(repositories, options, cli, async (target, context) => {
    const known = await knownRepository(target, context, cli);
    await untrack(known, ['cli', 'api'], context);
    const after = (await context.store.repositories.byId(known.id)) ?? known;
    const line = lineOf(after, await context.queue.get(repositoryKey(after)));
    if (!after.tracked) return { line, words: `no longer tracked: ${line.url}` };
    const words = `still tracked by ${after.trackedBy.join(', ')}: ${line.url}`;
    return { line, words, failed: true };
  });
  return all && well;
}

/** Takes each target out with all that is known of it. Answers whether all could be. */
export async function forgetTargets(
  targets: readonly string[],
  options: TrackOptions,
  cli: Cli,
): Promise<boolean> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  let well = true;
  await withCache(config, cli, async (cache, stores) => {
    const context = { ...stores, cache, signal, clock: cli.clock, config: () => config };
    for (const target of targets) {
      try {
        const known = await knownRepository(target, context, cli);
        await forgetRepository(known, context);
        const { commits } = known.totals;
        const line = { url: known.url, commits };
        const words = `forgotten: ${known.url}, ${formatCount(commits, 'commit')}`;
        cli.stdout.write(options.json ? `${jsonText(line)}\n` : `${printable(words)}\n`);
      } catch (error) {
        signal.throwIfAborted();
        well = false;
        printFailure(target, asSluiceError(error), options, cli);
      }
    }
  });
  return well;
}

/** The repository that a person means. Throws `not_found`, with those that are spelt alike. */
async function knownRepository(
  target: string,
  { store }: Pick<ScheduleContext, 'store'>,
  cli: Cli,
): Promise<Repository> {
  const { byUrl } = store.repositories;
  const known = (await byUrl(target)) ?? (await byUrl(configuredAddress(target, cli.cwd).url));
  if (known) return known;
  const urls = (await store.repositories.list()).map(({ url }) => url);
  const near = nearest(target, urls);
  throw new SluiceError('not_found', `no repository ${harmlessUrl(target)} is known here`, {
    hint:
      near === undefined ? '"sluice insights last-commit" lists those that are.' : `Did you mean "${near}"?`,
  });
}

/** Lists what is tracked. */
export async function listTracked(options: TrackOptions & PageOptions, cli: Cli): Promise<boolean> {
  const { config } = await load(options, cli);
  await withExistingStores(config, cli, async context => {
    const style = styleFor(cli.stdout, cli.env);
    const known = (await context.store.repositories.list()).filter(repository => repository.tracked);
    const tracked = known.slice(0, rowsAsked(options));
    const items = await context.queue.getMany(tracked.map(repositoryKey));
    for (const repository of tracked) {
      const line = lineOf(repository, items.get(repositoryKey(repository)));
      if (options.json) {
        cli.stdout.write(`${jsonText(line)}\n`);
        continue;
      }
      const state = line.state === 'ok' ? '' : `  ${style.bad(printable(stateInWords(repository)))}`;
      cli.stdout.write(`${style.bold(printable(line.url))}${state}\n`);
      cli.stdout.write(`  ${printable(`${whenNext(line, cli)}; by ${line.trackedBy.join(', ')}`)}\n`);
    }
    if (!options.json) cli.stdout.write(moreLine(known.length, tracked.length));
    if (tracked.length === 0 && !options.json) cli.stdout.write('nothing is tracked\n');
  });
  return true;
}

/** What became of a target: its line for machines, and the words for people. */
interface TargetOutcome {
  readonly line: TrackedLine;
  readonly words: string;
  readonly failed?: boolean;
}

async function eachOf(
  targets: readonly string[],
  options: TrackOptions,
  cli: Cli,
  act: (target: string, context: ScheduleContext) => Promise<TargetOutcome>,
): Promise<boolean> {
  let well = true;
  await withContext(options, cli, async context => {
    for (const target of targets) {
      try {
        const { line, words, failed = false } = await act(target, context);
        if (options.json) cli.stdout.write(`${jsonText(line)}\n`);
        else cli[failed ? 'stderr' : 'stdout'].write(`${printable(words)}\n`);
        well &&= !failed;
      } catch (error) {
        well = false;
        printFailure(target, asSluiceError(error), options, cli);
      }
    }
  });
  return well;
}

function printFailure(target: string, error: SluiceError, options: TrackOptions, cli: Cli): void {
  const { code, message, hint } = error;
  if (options.json) {
    const line: TrackedLine = {
      url: harmlessUrl(target),
      tracked: false,
      trackedBy: [],
      state: null,
      movedTo: null,
      lastCommitAt: null,
      next: null,
      error: { code, message, hint },
    };
    cli.stdout.write(`${jsonText(line)}\n`);
    return;
  }
  const style = styleFor(cli.stderr, cli.env);
  cli.stderr.write(`${style.bad('failed:')} ${printable(message)}\n  ${printable(hint)}\n`);
}

async function withContext(
  options: TrackOptions,
  cli: Cli,
  use: (context: ScheduleContext) => Promise<void>,
): Promise<void> {
  const { config } = await load(options, cli);
  await withStores(config, cli, stores => use({ ...stores, clock: cli.clock, config: () => config }));
}

function lineOf(repository: Repository, item: QueueItem | undefined): TrackedLine {
  const { url, tracked, trackedBy, state, movedTo, totals } = repository;
  const lastCommitAt =
    totals.lastCommitAt === null ? null : new Date(totals.lastCommitAt * 1000).toISOString();
  const next = item ? { at: new Date(item.runAtMs).toISOString(), reason: item.reason } : null;
  return { url, tracked, trackedBy, state, movedTo, lastCommitAt, next };
}

function whenNext({ next }: TrackedLine, cli: Cli): string {
  if (!next) return 'not on the schedule';
  const waitMs = Date.parse(next.at) - cli.clock.nowMs();
  return `next ${waitMs > 0 ? `in ${formatDuration(waitMs)}` : 'at once'} (${next.reason})`;
}

function stateInWords({ state, movedTo, lastError }: Repository): string {
  if (movedTo !== null) return `moved to ${movedTo}`;
  return lastError === null ? state : `${state}: ${lastError}`;
}
