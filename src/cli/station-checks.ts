/** What `sluice doctor` looks at beside the profiles: this machine, and the station on it. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { asSluiceError } from '../base/errors.ts';
import { systemFailureOf } from '../base/system-errors.ts';
import { formatBytes, formatCount, formatDuration } from '../base/units.ts';
import { watchLimitMet } from '../base/watch-limits.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { OLDEST_GIT, requireGit } from '../gather/repos/git/version.ts';
import { certificateFault, readServerCertificate } from '../server/certificate-files.ts';
import { stationDisks } from '../station/status/disks.ts';
import type { StationStatus } from '../station/status/status.ts';
import type { Cli } from './cli.ts';
import { askStation, isStationUp } from './station-client.ts';

/** One thing that was looked at. */
export interface Check {
  readonly check: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly words: string;
  /** What to do; where something is to be done. */
  readonly hint?: string | undefined;
}

/** A whole database is read for its check: a large one takes too long for a look. */
const LARGEST_CHECKED_BYTES = 2 * 2 ** 30;
/** Fewer inodes than this are as good as none. */
const LEAST_INODES = 10_000;
/** Where others begin to refuse requests for their time (RequestTimeTooSkewed) is at 15 minutes. */
const SKEW_MS = 2 * 60_000;
/** Fewer watches than this are soon used up by folders. */
const LEAST_WATCHES = 8_192;
const LEAST_DESCRIPTORS = 1_024;
const ASK_TIMEOUT_MS = 5_000;

/** Looks at everything but the profiles. Never rejects, but with the signal's reason. */
export async function checkStation(loaded: LoadedConfig, cli: Cli, signal: AbortSignal): Promise<Check[]> {
  const { config } = loaded;
  const status = await statusOf(config, cli, signal);
  signal.throwIfAborted();
  return [
    configurationCheck(loaded),
    await gitCheck(),
    await databaseCheck(config, cli),
    ...(await diskChecks(config)),
    clockCheck(config, cli),
    ...limitChecks(cli.cwd),
    await portCheck(config, status),
    ...certificateChecks(config, cli),
    ...linkChecks(status),
  ];
}

function configurationCheck({ source, notices }: LoadedConfig): Check {
  const words = source === undefined ? 'no sluice.yaml: all defaults' : `${source} has no faults`;
  if (notices.length === 0) return { check: 'configuration', outcome: 'ok', words };
  return {
    check: 'configuration',
    outcome: 'ok',
    words: `${words}; ${formatCount(notices.length, 'notice')}`,
    hint: notices.join('; '),
  };
}

async function gitCheck(): Promise<Check> {
  try {
    const version = (await requireGit()).join('.');
    return {
      check: 'git',
      outcome: 'ok',
      words: `${version}; ${OLDEST_GIT.slice(0, 2).join('.')} is needed`,
    };
  } catch (error) {
    const { message, hint } = asSluiceError(error);
    return { check: 'git', outcome: 'failed', words: message, hint };
  }
}

async function databaseCheck({ database }: Config, cli: Cli): Promise<Check> {
  const check = 'database';
  if (!existsSync(database))
    return { check, outcome: 'skipped', words: `${database} is not there yet; the first start makes it` };
  const bytes = statSync(database).size;
  const what = `${database}, ${formatBytes(bytes)}`;
  if (bytes > LARGEST_CHECKED_BYTES)
    return {
      check,
      outcome: 'skipped',
      words: `${what}: not read through, since it is large`,
      hint: '"sluice backup FILE" reads all of it and checks the copy.',
    };
  const faults = (await cli.openLocal(database)).findFaults();
  if (faults.length === 0) return { check, outcome: 'ok', words: `${what}: whole` };
  return {
    check,
    outcome: 'failed',
    words: `${what}: ${faults[0]}`,
    hint: 'Stop the station, keep this file, and put the last backup in its place.',
  };
}

async function diskChecks(config: Config): Promise<Check[]> {
  const disks = await stationDisks(config);
  if (disks.length === 0)
    return [{ check: 'disk', outcome: 'skipped', words: `${config.root} is not there yet` }];
  return disks.map(({ holds, path, freeBytes, totalBytes, freeInodes, totalInodes }) => {
    const room = `${formatBytes(freeBytes)} of ${formatBytes(totalBytes)} free at ${path} (${holds.join(', ')})`;
    if (freeBytes < config.cache.minFreeDiskBytes)
      return {
        check: 'disk',
        outcome: 'failed' as const,
        words: room,
        hint: `Less than cache.minFreeDisk (${formatBytes(config.cache.minFreeDiskBytes)}): clones and delivered files give way. "sluice disk plan" says which.`,
      };
    if (totalInodes > 0 && freeInodes < LEAST_INODES)
      return {
        check: 'disk',
        outcome: 'failed' as const,
        words: `${freeInodes.toLocaleString('en')} inodes left at ${path}`,
        hint: 'Remove many small files, or make the file system anew with more inodes.',
      };
    return { check: 'disk', outcome: 'ok' as const, words: room };
  });
}

/** A clock that stands before what is on the disk already cannot be right. */
function clockCheck({ database }: Config, { clock }: Cli): Check {
  const nowMs = clock.nowMs();
  const text = new Date(nowMs).toISOString();
  const newestMs = Math.max(
    statSync(new URL(import.meta.url)).mtimeMs,
    mtimeOf(database),
    mtimeOf(`${database}-wal`),
  );
  if (newestMs - nowMs > SKEW_MS)
    return {
      check: 'clock',
      outcome: 'failed',
      words: `${text} is ${formatDuration(newestMs - nowMs)} before files that are there already`,
      hint: 'Set the clock (NTP): object stores refuse requests whose time is wrong.',
    };
  return { check: 'clock', outcome: 'ok', words: `${text}, not before anything on the disk` };
}

function mtimeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** @param folder any that is there */
function limitChecks(folder: string): Check[] {
  const watches = numberIn('/proc/sys/fs/inotify/max_user_watches');
  const instances = numberIn('/proc/sys/fs/inotify/max_user_instances');
  const open = /^Max open files\s+(\d+)/m.exec(contentOf('/proc/self/limits') ?? '')?.[1];
  const checks: Check[] = [];
  if (watches !== undefined && instances !== undefined) {
    const words = `${watches.toLocaleString('en')} inotify watches, one a folder; ${instances} instances`;
    const few = watches < LEAST_WATCHES;
    const met = watchLimitMet(folder);
    const wanted = met?.hint ?? 'sysctl -w fs.inotify.max_user_watches=1048576';
    checks.push({
      check: 'watches',
      outcome: few || met ? 'failed' : 'ok',
      words: met ? `${met.words}, of ${words}` : words,
      hint: few || met ? `${wanted}; until then folders are swept.` : undefined,
    });
  }
  if (open !== undefined) {
    const few = Number(open) < LEAST_DESCRIPTORS;
    checks.push({
      check: 'open files',
      outcome: few ? 'failed' : 'ok',
      words: `${Number(open).toLocaleString('en')} at once`,
      hint: few ? 'Raise it: ulimit -n, or LimitNOFILE= in the systemd unit.' : undefined,
    });
  }
  return checks;
}

function numberIn(path: string): number | undefined {
  const text = contentOf(path);
  return text === undefined ? undefined : Number(text);
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

async function portCheck({ server }: Config, status: StationStatus | undefined): Promise<Check> {
  const check = 'port';
  const where = `${server.host}:${server.port}`;
  if (status)
    return { check, outcome: 'ok', words: `the station here (process ${status.station.pid}) is up` };
  const fault = await listeningFault(server.host, server.port);
  if (fault === undefined) return { check, outcome: 'ok', words: `${where} is free` };
  return {
    check,
    outcome: 'failed',
    words: `${where} cannot be listened at: ${fault}`,
    hint: 'Stop what listens there, or set server.port (or --port) to another one.',
  };
}

function certificateChecks({ server: { tls } }: Config, { clock }: Cli): Check[] {
  if (tls?.cert === undefined || tls.key === undefined) return [];
  const check = 'certificate';
  try {
    const certificate = readServerCertificate({ cert: tls.cert, key: tls.key });
    const names = certificate.names.map(name => name.replace(/^(DNS|IP Address):/, '')).join(', ');
    const fault = certificateFault(certificate, clock.nowMs());
    const until = new Date(certificate.validToMs).toISOString().slice(0, 10);
    if (fault === undefined)
      return [{ check, outcome: 'ok', words: `${tls.cert}: ${names || 'no names'}, until ${until}` }];
    const hint = 'Renew it; a running station reads the new files by itself.';
    return [{ check, outcome: 'failed', words: `${tls.cert} ${fault}`, hint }];
  } catch (error) {
    const { message, hint } = asSluiceError(error);
    return [{ check, outcome: 'failed', words: message, hint }];
  }
}

function listeningFault(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  return new Promise(resolve => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(systemFailureOf(error)?.words ?? error.message),
    );
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

function linkChecks(status: StationStatus | undefined): Check[] {
  if (!status) return [{ check: 'links', outcome: 'skipped', words: 'no station is running here' }];
  const held = status.holds.map(({ kind, place, files, message, hint }) => ({
    check: 'links',
    outcome: 'failed' as const,
    words: `${formatCount(files, 'file')} wait for the ${kind} ${place}: ${message}`,
    hint,
  }));
  if (held.length > 0) return held;
  const online = status.links.filter(({ state }) => state === 'online').length;
  return [
    {
      check: 'links',
      outcome: 'ok',
      words: `${online} of ${formatCount(status.links.length, 'endpoint')} online`,
    },
  ];
}

async function statusOf(
  config: Config,
  { clock }: Cli,
  signal: AbortSignal,
): Promise<StationStatus | undefined> {
  if (!(await isStationUp(config))) return undefined;
  const patience = new AbortController();
  const cancel = clock.timer(ASK_TIMEOUT_MS, () => patience.abort());
  try {
    const both = AbortSignal.any([signal, patience.signal]);
    return await askStation(config, 'getStatus', {}, both);
  } catch {
    return undefined;
  } finally {
    cancel();
  }
}
