import { asSluiceError, SluiceError } from '../base/errors.ts';
import { formatBytes, formatCount, formatDuration, parseBytes } from '../base/units.ts';
import { harmlessUrl } from '../gather/repos/address/shown-url.ts';
import { type CacheApi, cacheApi, listedClone } from '../gather/repos/cache/api.ts';
import type { CacheEntry } from '../gather/repos/cache/clone-cache.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { moreLine, type PageOptions, rowsAsked } from './list-page.ts';
import { load } from './load.ts';
import { withCache } from './stores.ts';
import { jsonText, printable, rowName, styleFor } from './terminal.ts';

interface CacheCommandOptions extends GlobalOptions, PageOptions {
  readonly bytes?: string;
}

/** What people may do with the cache of the configuration, for `use`. */
async function withCacheApi<T>(
  options: GlobalOptions,
  cli: Cli,
  use: (cache: CacheApi, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  return withCache(config, cli, cache =>
    use(
      cacheApi(() => cache, cli.cwd),
      signal,
    ),
  );
}

/** Prints every clone, least recently used first, and what they take together. */
export function listClones(options: CacheCommandOptions, cli: Cli): Promise<void> {
  return withCacheApi(options, cli, async cache => {
    const figures = await cache.figures();
    const entries = await cache.list();
    if (options.json) {
      for (const entry of entries) cli.stdout.write(`${jsonText(listedClone(entry))}\n`);
      return;
    }
    const shown = entries.slice(0, rowsAsked(options));
    for (const entry of shown) cli.stdout.write(`${renderClone(entry, cli)}\n`);
    cli.stdout.write(moreLine(entries.length, shown.length));
    const { clones, usedBytes, freeBytes, minFreeBytes, maxBytes } = figures;
    const limit = maxBytes === null ? '' : ` of ${formatBytes(maxBytes)}`;
    cli.stdout.write(
      `${formatCount(clones, 'clone')}, ${formatBytes(usedBytes)}${limit}; ${formatBytes(freeBytes)} free on the disk, ${formatBytes(minFreeBytes)} to be kept free\n`,
    );
  });
}

function renderClone(entry: CacheEntry, cli: Cli): string {
  const style = styleFor(cli.stdout, cli.env);
  const { url, onDisk, bytes, lean, lastUsedAtMs, hits, pinnedBy, cold } = entry;
  const size = (onDisk ? formatBytes(bytes) : '-').padStart(9);
  const used =
    lastUsedAtMs === 0 ? 'never used' : `used ${formatDuration(cli.clock.nowMs() - lastUsedAtMs)} ago`;
  const facts = [used, `${hits} hits`, onDisk ? (lean ? 'lean' : 'full') : 'not on disk'];
  if (pinnedBy !== null) facts.push(`pinned by ${pinnedBy}`);
  if (cold) facts.push(`cold copy ${formatBytes(cold.bytes)}`);
  const told = facts.join(', ');
  return `${size}  ${rowName(printable(url), size.length + 4 + told.length, cli)}  ${style.dim(told)}`;
}

/** Pins or unpins each. Answers whether all could be. */
export function pinClones(
  urls: readonly string[],
  pinned: boolean,
  options: CacheCommandOptions,
  cli: Cli,
): Promise<boolean> {
  return withCacheApi(options, cli, cache =>
    forEach(urls, options, cli, async url => {
      await cache.pin(url, pinned);
      return { pinned };
    }),
  );
}

/** Evicts each, or as many as free that many bytes. Answers whether all of it could be. */
export function evictClones(
  urls: readonly string[],
  options: CacheCommandOptions,
  cli: Cli,
): Promise<boolean> {
  const bytes = options.bytes === undefined ? undefined : parseBytes(options.bytes);
  if (urls.length > 0 === (options.bytes !== undefined))
    throw new SluiceError('usage', 'name repositories, or say with --bytes how much is to be freed');
  if (options.bytes !== undefined && bytes === undefined)
    throw new SluiceError('usage', `--bytes "${options.bytes}" is not a size; write it like 5GiB`);
  return withCacheApi(options, cli, async (cache, signal) => {
    if (bytes === undefined) {
      return forEach(urls, options, cli, async url => {
        const { freedBytes } = await cache.evict({ url }, signal);
        return { freedBytes };
      });
    }
    const freed = await cache.evict({ bytes }, signal);
    const words = `${formatCount(freed.evicted.length, 'clone')} evicted, ${formatBytes(freed.freedBytes)} freed\n`;
    cli.stdout.write(options.json ? `${jsonText(freed)}\n` : words);
    return freed.freedBytes >= bytes;
  });
}

async function forEach(
  urls: readonly string[],
  options: CacheCommandOptions,
  cli: Cli,
  act: (url: string) => Promise<Record<string, unknown>>,
): Promise<boolean> {
  let allDone = true;
  for (const url of urls) {
    const name = harmlessUrl(url);
    try {
      const done = await act(url);
      const words = Object.entries(done).map(([key, value]) =>
        key === 'freedBytes'
          ? `evicted, ${formatBytes(Number(value))} freed`
          : value
            ? 'pinned'
            : 'not pinned by hand',
      );
      cli.stdout.write(
        options.json ? `${jsonText({ url: name, ...done })}\n` : `${printable(name)}: ${words.join(', ')}\n`,
      );
    } catch (error) {
      allDone = false;
      const { code, message, hint, answer } = asSluiceError(error);
      if (code === 'cancelled') throw error;
      if (options.json) {
        cli.stdout.write(`${jsonText({ url: name, error: { code, message, hint, answer } })}\n`);
      } else cli.stderr.write(`${printable(message)}\n  ${printable(hint)}\n`);
    }
  }
  return allDone;
}
