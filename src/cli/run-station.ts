import { join } from 'node:path';
import { Lifecycle } from '../base/lifecycle.ts';
import { createLogger } from '../base/log-output.ts';
import type { Config } from '../config/schema.ts';
import { ConfigWatch } from '../config/watch.ts';
import { LOCAL_BUCKET, LOCAL_PROFILE } from '../keep/buckets/profiles.ts';
import { createApp } from '../server/app.ts';
import { readServerCertificate, type TlsFiles } from '../server/certificate-files.ts';
import { createHttpServer } from '../server/http-server.ts';
import { announce } from '../station/announce.ts';
import { serviceManager } from '../station/service-manager.ts';
import { createStation, type Station } from '../station/station.ts';
import type { Cli, GlobalOptions, ListenOptions } from './cli.ts';
import { load, loadOptions } from './load.ts';
import { printable, styleFor } from './terminal.ts';

/** How long one part of the station may take to stop. */
const STOP_TIMEOUT_MS = 10_000;
/** Settings that are read once, at start. */
const FIXED_SETTINGS = [
  'root',
  'database',
  'store',
  'storeFile',
  'server',
  'cache.directory',
  'capture.directory',
  'bake',
  'log',
];

/**
 * Runs a station until the stop signal. Throws when it cannot start (`port_in_use`, `station_running`,
 * `config_invalid`, `database_*`), having stopped again whatever had started.
 */
export async function runStation(options: GlobalOptions & ListenOptions, cli: Cli): Promise<void> {
  const stop = cli.stopSignal();
  const loaded = await load(options, cli);
  const { config } = loaded;
  const log = await createLogger({ level: config.log.level, forPeople: cli.stderr.isTTY === true });
  for (const notice of loaded.notices) log.warn(notice);
  const tls = tlsFilesOf(config.server.tls);
  // Before anything is begun that would have to end again.
  if (tls) readServerCertificate(tls);
  const forges = await cli.loadForges();
  let pagesUrl: string | undefined;
  const station = createStation({
    config,
    configured: loaded.source !== undefined,
    log,
    forges,
    ...cli,
    openStores: (place, { station: id }) => cli.openStores(place, { checkpointThread: true, station: id }),
    pagesUrl: () => pagesUrl,
    local: await cli.openLocal(config.database),
  });
  const {
    host,
    port,
    token,
    readToken,
    hosts,
    maxBodySizeBytes: maxBodyBytes,
    requestTimeoutMs,
  } = config.server;
  const { clock } = cli;
  const app = createApp({
    station,
    clock,
    log,
    hostNames: [host, ...hosts],
    token,
    readToken,
    maxBodyBytes,
    stopping: stop,
    webFolder: cli.webFolder,
    isLiveWeb: cli.env.NODE_ENV === 'development',
  });
  const { faults } = station;
  const server = createHttpServer({ app, clock, host, port, requestTimeoutMs, tls, log, faults });
  const watch = new ConfigWatch({
    load: loadOptions(options, cli),
    initial: loaded,
    clock,
    onChange: async ({ next, changedPaths, notices }) => {
      for (const notice of notices) log.warn(notice);
      await station.reconfigure(next);
      const fixed = changedPaths.filter(isFixed);
      log.info({ changedPaths }, 'configuration reloaded');
      if (fixed.length > 0) log.warn({ settings: fixed }, 'these settings take effect at the next start');
    },
    onUnwatched: (reason, pollMs) =>
      log.warn(
        `the configuration's folder cannot be watched; its file is looked at every ${pollMs} ms instead: ${reason}`,
      ),
    onFailure: error => {
      log.error(`configuration not reloaded, the old one goes on:\n${error.message}`);
      faults.begin('configuration', error, {
        words: 'the configuration is not taken over, the old one goes on',
        hint: '"sluice config check" has every fault; the file is read again when it changes.',
      });
    },
    onTaken: () => faults.end('configuration'),
  });
  const manager = serviceManager({ env: cli.env, clock, log, status: () => `up at ${server.url()}` });
  const lifecycle = new Lifecycle(
    [...station.services, server, announce(config.root, () => server.url()), watch, manager],
    {
      clock,
      stopTimeoutMs: STOP_TIMEOUT_MS,
      onStopFailure: (part, error) => log.error({ part, err: error }, 'a part did not stop cleanly'),
    },
  );
  const onHangup = (): void => void watch.reload();
  process.on('SIGHUP', onHangup);
  try {
    await lifecycle.start();
    pagesUrl = server.url();
    cli.stdout.write(greeting({ station, url: server.url(), config, options }, cli));
    log.info({ url: server.url() }, 'station is up');
    if (!stop.aborted) await new Promise(resolve => stop.addEventListener('abort', resolve, { once: true }));
    log.info('stopping');
  } finally {
    await lifecycle.stop();
    process.off('SIGHUP', onHangup);
  }
  log.info('stopped');
}

/** Both files; the configuration has them together or not at all. */
function tlsFilesOf(tls: Config['server']['tls']): TlsFiles | undefined {
  return tls?.cert !== undefined && tls.key !== undefined ? { cert: tls.cert, key: tls.key } : undefined;
}

function isFixed(path: string): boolean {
  return FIXED_SETTINGS.some(name => path === name || path.startsWith(`${name}.`));
}

/** What is running and what to try next, in under fifteen lines. */
function greeting({ station, url, config, options }: Greeted, cli: Cli): string {
  const spool = config.deliver.directory;
  const { tls, token } = config.server;
  // Neither token nor certificate belongs into a line that is to be typed.
  const asking =
    tls || token !== undefined
      ? `  ${said('doctor', options, cli)}`
      : `  curl -d '{"url": "https://github.com/git/git", "wait": true}' \\
    ${url}/bake`;
  const style = styleFor(cli.stdout, cli.env);
  const urls = station.configuredUrls();
  const baking =
    urls.length === 0
      ? 'nothing yet: you do not stand in a git repository'
      : urls.length === 1
        ? printable(urls[0] ?? '')
        : `${urls.length} repositories of the configuration`;
  const deliveries = station.deliveries.profiles().includes(LOCAL_PROFILE)
    ? `drop files into ${printable(join(spool, 'incoming', LOCAL_PROFILE, LOCAL_BUCKET))}`
    : `drop files into ${printable(join(spool, 'incoming'))}/PROFILE/BUCKET (${station.deliveries.profiles().join(', ')})`;
  return `
${style.bold(`sluice ${cli.version}`)} is up. Ctrl-C stops it.

  pages       ${style.accent(url)}
  baking      ${baking}
  deliveries  ${deliveries}

Try next, in another terminal:
  ${said('bake https://github.com/git/git', options, cli)}
  ${said('deliveries ls', options, cli)}
  ${said('status', options, cli)}
${asking}
\n`;
}

interface Greeted {
  readonly station: Station;
  readonly url: string;
  readonly config: Config;
  readonly options: GlobalOptions;
}

/** A command as it is to be typed for this very station: with the options that said where it is. */
function said(command: string, { config, root, database, serverDirectory }: GlobalOptions, cli: Cli): string {
  const given = {
    '--config': config,
    '--root': root,
    '--database': database,
    '--server-directory': serverDirectory,
  };
  const words = Object.entries(given).flatMap(([option, value]) =>
    value === undefined ? [] : [option, quoted(value)],
  );
  return [cli.program, command, ...words].join(' ');
}

function quoted(value: string): string {
  const shown = printable(value);
  return /^[\w@%+=:,./~-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}
