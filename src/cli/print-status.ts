import { asSluiceError, SluiceError } from '../base/errors.ts';
import { inWords } from '../base/text.ts';
import { formatBytes, formatCount, formatDuration } from '../base/units.ts';
import { createClient } from '../client/client.ts';
import type { Config } from '../config/schema.ts';
import { NO_CAPTURE } from '../gather/capture/service.ts';
import type { StateCounts } from '../keep/local/journal.ts';
import { announced } from '../station/announce.ts';
import { countsOf } from '../station/status/changeset-figures.ts';
import { readStatus, readStoredFigures, type StationStatus } from '../station/status/status.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { askStation, isStationUp, passingStation } from './station-client.ts';
import { assertDatabase, existingDatabase, readPauses, withJournal, withStores } from './stores.ts';
import { jsonText, printable, styleFor } from './terminal.ts';

/** How long the station may take to answer before it counts as not there. */
const ASK_TIMEOUT_MS = 2_000;
const REPOSITORIES_SHOWN = 5;

/**
 * Prints the status of the station that runs on this database, or of the database alone where none runs. Throws
 * `not_found` where there is neither.
 */
export async function printStatus(
  options: GlobalOptions & { readonly json?: boolean },
  cli: Cli,
): Promise<void> {
  const { config } = await load(options, cli);
  const status = (await askRunning(config)) ?? (await readDatabase(config, cli));
  const standing = status.station.mode === 'up' ? '' : await standingOf(config);
  cli.stdout.write(options.json ? `${jsonText(status)}\n` : render(status, standing, cli));
}

/** What is known of a station that cannot be asked, in words. */
async function standingOf(config: Config): Promise<string> {
  if (await isStationUp(config)) return 'does not answer; this is what its database says';
  const passing = await passingStation(config.root);
  if (!passing) return 'not running';
  return `still ${passing.passing} (process ${passing.pid}); this is what its database says`;
}

/**
 * The answer of a running station; undefined where none runs or none answers, or the one that runs has another database.
 * Throws `unauthorized` where the station here does not take the token, or why no connection to it comes about.
 */
async function askRunning(config: Config): Promise<StationStatus | undefined> {
  const here = await announced(config.root);
  // A killed station leaves its announcement.
  if (here && !(await isStationUp(config))) return undefined;
  const status = await (here ? askHere(config, here.url) : askConfigured(config.server));
  return status?.station?.database === config.database ? status : undefined;
}

async function askHere(config: Config, url: string): Promise<StationStatus | undefined> {
  try {
    return await askStation(config, 'getStatus', {}, AbortSignal.timeout(ASK_TIMEOUT_MS));
  } catch (error) {
    const known = asSluiceError(error);
    if (known.code === 'unauthorized')
      throw new SluiceError('unauthorized', `the station at ${url} wants its token`, {
        hint: 'Set server.token in sluice.yaml or SLUICE_TOKEN as the station has it.',
      });
    if (known.code === 'usage' || known.code === 'tls_failed') throw known;
    // It has ended, or says nothing: the database is what there is to read.
    return undefined;
  }
}

/** A station on another root may have the same database. */
async function askConfigured({ host, port, token }: Config['server']): Promise<StationStatus | undefined> {
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const signal = AbortSignal.timeout(ASK_TIMEOUT_MS);
  return createClient({ url, token })
    .getStatus({}, { signal })
    .catch(() => undefined);
}

async function readDatabase(config: Config, cli: Cli): Promise<StationStatus> {
  assertDatabase(config);
  return withStores(config, cli, stores =>
    withJournal(existingDatabase(config), cli, async journal =>
      readStatus({
        known: {
          figures: await readStoredFigures({
            ...stores,
            config,
            running: { syncs: new Map(), churn: new Map() },
            changesets: {
              ...countsOf(await stores.store.changesets.totals()),
              hosts: [],
              webhooksMissing: [],
            },
          }),
        },
        clones: stores.clones,
        config,
        deliveries: {
          ...standing(journal.counts()),
          unproven: journal.unproven(),
          oldestWaitingAtMs: journal.oldestWaitingMs() ?? null,
        },
        links: [],
        holds: [],
        pauses: await readPauses(existingDatabase(config), cli),
        capture: NO_CAPTURE,
        station: {
          version: cli.version,
          uptimeMs: 0,
          mode: 'down',
          pid: null,
          root: config.root,
          database: config.database,
        },
      }),
    ),
  );
}

/** With no station nothing is sent, and all that has not ended waits. */
function standing(counts: StateCounts): StateCounts {
  return { ...counts, waiting: counts.incoming + counts.processing };
}

function number(count: number): string {
  return count.toLocaleString('en');
}

/** Below this share of free inodes they are shown: they run out before the bytes do. */
const FEW_INODES = 0.2;

/** Why files lie where they would be taken from, and are not. */
const LEFT_WORDS: Readonly<Record<StationStatus['deliveries']['left'][number]['kind'], string>> = {
  temporary: 'under a temporary name, until it has rested for a minute',
  ignored: 'ignored by deliver.ignore',
  excluded: 'left out by include and exclude of their folder',
  symlink: 'symbolic links are not followed',
  special_file: 'no regular file',
  unreadable: 'cannot be read',
  name_not_utf8: 'a name that is not valid UTF-8',
  place_failed: 'their disk or mount fails',
  refused: 'cannot be delivered as it is',
  root_missing: 'a folder that is not there',
  watch_limit: 'not watched',
  memory_limit: 'not remembered',
  fallback: 'not watched',
  thread_failed: 'not watched',
};

function inodesOf({ freeInodes, totalInodes }: StationStatus['disks'][number]): string {
  return totalInodes > 0 && freeInodes < FEW_INODES * totalInodes
    ? `${formatCount(freeInodes, 'inode')} free, `
    : '';
}

/** Those that share the store, where there are several. */
function stationLines({ stations }: StationStatus): string[] {
  if (stations.length < 2) return [];
  return stations.map(({ name, url, isSilent, silentMs, hasLeft, clones, deliveries, version }) => {
    const ago = formatDuration(silentMs);
    const state = hasLeft ? `stopped ${ago} ago` : isSilent ? `silent for ${ago}` : 'there';
    const failed = deliveries.failed ?? 0;
    const files = failed > 0 ? `, ${formatCount(failed, 'file')} failed` : '';
    const where = url === null ? '' : `, ${printable(url)}`;
    return `  with  ${printable(name)} ${state}, ${formatCount(clones.count, 'clone')}${files}, version ${printable(version)}${where}`;
  });
}

function render(status: StationStatus, standing: string, cli: Cli): string {
  const style = styleFor(cli.stdout, cli.env);
  const { station, schedule, repos, changesets, deliveries, cache, disks } = status;
  const up = station.mode === 'up' ? `up for ${formatDuration(station.uptimeMs)}` : standing;
  const late = schedule.behindMs > 0 ? `, behind by ${formatDuration(schedule.behindMs)}` : '';
  const { away, figuresAt } = status.store;
  const lines = [
    `${style.bold('station')}   ${up}, database ${printable(station.database)}`,
    ...(away
      ? [`${style.bold('store')}     away since ${away.sinceAt}: ${printable(away.message)}`]
      : figuresAt
        ? [`${style.bold('store')}     slow to answer`]
        : []),
    ...(figuresAt ? [`          schedule, repos and changes as they were at ${figuresAt}`] : []),
    `${style.bold('schedule')}  ${formatCount(schedule.size, 'target')}, ${number(schedule.due)} due, ${number(schedule.running)} running${late}`,
    `${style.bold('repos')}     ${number(repos.known)} known, ${number(repos.tracked)} tracked, ${number(repos.failing)} failing, ${formatCount(repos.commits, 'commit')}`,
    `${style.bold('changes')}   ${number(changesets.known)} known, ${number(changesets.followed)} followed, ${number(changesets.failing)} failing`,
    `${style.bold('deliver')}   ${number(deliveries.waiting)} waiting, ${number(deliveries.uploading)} being sent, ${number(deliveries.completed)} completed, ${number(deliveries.failed)} failed`,
    ...deliveries.left.map(
      ({ kind, files, example }) =>
        `  left  ${formatCount(files, 'file')} (${LEFT_WORDS[kind]}), as ${printable(example)}`,
    ),
    ...freedLine(status.capture.freedCopies),
    `${style.bold('cache')}     ${formatCount(cache.clones, 'clone')}, ${formatBytes(cache.usedBytes)}${cache.maxBytes === null ? '' : ` of ${formatBytes(cache.maxBytes)}`}`,
    ...disks.map(
      one =>
        `${style.bold('disk')}      ${formatBytes(one.freeBytes)} free of ${formatBytes(one.totalBytes)}, ${inodesOf(one)}with ${inWords(one.holds, 'and')}`,
    ),
  ];
  lines.push(...stationLines(status));
  const { collectors, lost } = status.capture;
  if (collectors.length > 0) {
    const sum = (of: (one: (typeof collectors)[number]) => number): number =>
      collectors.reduce((total, one) => total + of(one), 0);
    const gone =
      (lost.files > 0
        ? `, ${formatCount(lost.files, 'file')} with ${formatCount(lost.readings, 'reading')} lost on a full disk`
        : '') +
      (lost.unwritten > 0
        ? `, ${formatCount(lost.unwritten, 'reading')} lost that could not be written`
        : '');
    lines.push(
      `${style.bold('capture')}   ${formatCount(collectors.length, 'collector')}, ${sum(one => one.perSecond).toFixed(1)} readings/s, ${number(sum(one => one.missed))} missed, ${formatCount(
        sum(one => one.errors),
        'error',
      )}${gone}`,
    );
  }
  for (const { url, progress } of repos.baking)
    lines.push(`  now   ${printable(url)}: ${printable(progress)}`);
  lines.push(...churnLines(repos.churn));
  for (const { url, state, error } of repos.troubled.slice(0, REPOSITORIES_SHOWN))
    lines.push(`  repo  ${printable(url)} ${state}${error === null ? '' : `: ${printable(error)}`}`);
  for (const { host, why, hint, stretch } of changesets.hosts) {
    if (why !== null) lines.push(`  host  ${printable(host)} ${printable(why)}. ${hint ?? ''}`);
    if (stretch > 1)
      lines.push(`  host  ${printable(host)}: intervals stretched ×${stretch} by the rate limit`);
  }
  for (const { repository, missed } of changesets.webhooksMissing) {
    lines.push(
      `  hook  webhooks seem not to arrive for ${printable(repository)} (${formatCount(missed, 'change')} unannounced)`,
    );
  }
  for (const { kind, name, sinceAt } of status.pauses)
    lines.push(`  paused ${kind} ${printable(name)} since ${sinceAt}`);
  for (const { endpoint, state, since } of status.links) {
    // One that is offline is among the places that are held.
    if (state !== 'online' && state !== 'offline')
      lines.push(`  link  ${printable(endpoint)} ${state} since ${since}`);
  }
  for (const { kind, place, since, files, message, hint } of status.holds) {
    const held = since === null ? '' : ` since ${since}`;
    const words = `${formatCount(files, 'file')} wait${files === 1 ? 's' : ''}: ${printable(message)}. ${hint}`;
    lines.push(`  held  ${kind} ${printable(place)}${held}, ${words}`);
  }
  const { unproven } = deliveries;
  if (unproven.files > 0)
    lines.push(
      `  proof ${formatCount(unproven.files, 'file')} (${formatBytes(unproven.bytes)}) that nothing proves to have arrived, kept until it is: the server answers no HEAD, or not yet`,
    );
  for (const { dueAt, target, reason } of schedule.next.slice(0, 5)) {
    const waitMs = Date.parse(dueAt) - cli.clock.nowMs();
    const when = waitMs > 0 ? `in ${formatDuration(waitMs)}` : 'due';
    lines.push(`  next  ${printable(target)} ${when} (${printable(reason)})`);
  }
  return `${lines.join('\n')}\n`;
}

/** Whose files and lines are still to be read; nothing where all is. */
function churnLines({ behind }: StationStatus['repos']['churn']): string[] {
  const lines = behind
    .slice(0, REPOSITORIES_SHOWN)
    .map(({ url, state, progress }) => `  churn ${printable(url)} ${state}: ${printable(progress)}`);
  const more = behind.length - lines.length;
  return more > 0 ? [...lines, `  churn ${more} more`] : lines;
}

/** Whoever keeps files for good is to know that some are gone. */
function freedLine({ files, bytes }: { readonly files: number; readonly bytes: number }): string[] {
  if (files === 0) return [];
  return [
    `  freed ${formatCount(files, 'kept copy', 'kept copies')} (${formatBytes(bytes)}) gave way on a full disk; their buckets have them`,
  ];
}
