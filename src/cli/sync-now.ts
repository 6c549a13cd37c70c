import type { Answer } from '../api/operations.ts';
import { SluiceError } from '../base/errors.ts';
import { formatCount } from '../base/units.ts';
import type { Config } from '../config/schema.ts';
import type { UnfinishedSync } from '../deliver/sync-now.ts';
import { changesetTargets, parseFilter, syncChangesets } from './changesets.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { askStation } from './station-client.ts';
import { jsonText, printable, styleFor } from './terminal.ts';

/**
 * Asks the running station. Answers whether all went well; throws what the station says, `not_found` where none runs.
 */
export async function syncNow(
  urls: readonly string[],
  options: GlobalOptions & { readonly json?: boolean; readonly filter?: string; readonly wait?: boolean },
  cli: Cli,
): Promise<boolean> {
  if (options.filter !== undefined) {
    await syncChangesets({ filter: parseFilter(options.filter) }, options, cli);
    return true;
  }
  const changesets = changesetTargets(urls);
  if (changesets.size > 0) await syncChangesets({ urls: [...changesets] }, options, cli);
  const rest = urls.filter(url => !changesets.has(url));
  return rest.length === 0 && changesets.size > 0 ? true : syncRest(rest, options, cli);
}

/** Repositories, or deliveries where none is named. */
async function syncRest(
  urls: readonly string[],
  options: GlobalOptions & { readonly json?: boolean; readonly wait?: boolean },
  cli: Cli,
): Promise<boolean> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  const print = (answer: unknown, words: string): unknown =>
    cli.stdout.write(options.json ? `${jsonText(answer)}\n` : `${words}\n`);
  if (urls.length === 0) {
    const given = options.wait ? ({ wait: 'true' } as const) : {};
    const outcome = await askStation(config, 'syncDeliveries', given, signal);
    const { delivered, failed, waiting, empty, held, unfinished } = outcome;
    const words = empty > 0 ? `, ${empty} empty and waiting for content` : '';
    print(outcome, `${delivered} delivered, ${failed} failed, ${waiting} to be tried again${words}`);
    if (!options.json)
      for (const place of held)
        cli.stderr.write(`${styleFor(cli.stderr, cli.env).bad('held:')} ${inWords(place)}\n`);
    if (!options.json && unfinished) cli.stderr.write(`${goingOn(unfinished)}\n`);
    return failed === 0 && waiting === 0 && held.length === 0 && unfinished === undefined;
  }
  for (const url of urls) {
    const raised = await raise(url, config, signal);
    const what = raised.id === undefined ? 'tracked' : `run ${raised.id}`;
    print(raised, `${printable(url)}: ${what}, first in line`);
  }
  return true;
}

/** What the station goes on with. Pure. */
function goingOn({ files, endpoints }: UnfinishedSync): string {
  const silent = endpoints.map(endpoint => `${printable(endpoint)} has not answered yet`);
  const words = [`${formatCount(files, 'file')} still under way`, ...silent].join('; ');
  return `${words}. The station goes on; "sluice sync now --wait" waits for the rest.`;
}

function inWords({ kind, place, files, message, hint }: Answer<'syncDeliveries'>['held'][number]): string {
  const was = kind === 'endpoint' ? 'was not reached' : 'cannot be used now';
  const waits = files === 0 ? '' : `; ${formatCount(files, 'file')} wait${files === 1 ? 's' : ''} for it`;
  return `${kind} ${printable(place)} ${was}: ${printable(message)}${waits}\n  ${printable(hint)}`;
}

/** What is tracked has its remote checked, and is fetched if it has news; anything else is baked once. */
async function raise(
  url: string,
  config: Config,
  signal: AbortSignal,
): Promise<{ readonly url: string; readonly id?: number }> {
  try {
    await askStation(config, 'syncRepositories', { url }, signal);
    return { url };
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'not_tracked') throw error;
  }
  return askStation(config, 'bake', { url }, signal);
}
