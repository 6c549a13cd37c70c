import { asSluiceError, CATALOGUE, SluiceError } from '../base/errors.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import type { Config } from '../config/schema.ts';
import {
  causesInWords,
  dropFailed,
  type FailedCause,
  type FailedSelection,
  failedCauses,
  listFailed,
  retryFailed,
} from '../deliver/failed.ts';
import { type ListedDelivery, toListedDelivery } from '../deliver/listing.ts';
import { settingsFrom } from '../deliver/settings.ts';
import { Spool } from '../deliver/spool/spool.ts';
import { recordFailedFiles } from '../deliver/spool/unrecorded.ts';
import type { Journal } from '../keep/local/journal.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { printRecord } from './list-deliveries.ts';
import { moreLine, type PageOptions, rowsAsked } from './list-page.ts';
import { load } from './load.ts';
import { askStation } from './station-client.ts';
import { assertDatabase, withJournal } from './stores.ts';
import { jsonText, printable, styleFor } from './terminal.ts';

export interface FailedOptions extends GlobalOptions, PageOptions {
  readonly match?: string;
  readonly cause?: string;
}

/**
 * Lists, retries or drops failed files. Answers whether all of it could be done. Throws `usage` where none are named.
 */
export async function failedFiles(
  action: 'ls' | 'retry' | 'drop',
  options: FailedOptions,
  cli: Cli,
): Promise<boolean> {
  const { all, match, cause } = options;
  const named = all === true || match !== undefined || cause !== undefined;
  if (action !== 'ls' && !named) {
    throw new SluiceError('usage', `say which failed files to ${action}: --all, --match or --cause`);
  }
  const selection: FailedSelection = { all: match === undefined && cause === undefined, match, cause };
  const { config } = await load(options, cli);
  assertDatabase(config);
  return withJournal(config.database, cli, async journal => {
    const rest = (): string => causesInWords(failedCauses(journal));
    const retried = action === 'retry' ? await retryAtStation(config, selection, cli) : undefined;
    if (retried) return report('retry', retried, rest, options.json === true, cli);
    await recordUnrecorded(config, journal, cli);
    if (action === 'ls') {
      list(journal, selection, named, options, cli);
      return true;
    }
    const context = {
      spool: new Spool(config.deliver.directory),
      journal,
      clock: cli.clock,
      settings: settingsFrom(config),
    };
    const outcomes = await (action === 'retry' ? retryFailed : dropFailed)(context, selection);
    const lines = outcomes.map(({ record, problem }) => ({ ...toListedDelivery(record), problem }));
    return report(action, lines, rest, options.json === true, cli);
  });
}

/** Has the files of `failed` that no record is of among the others. A journal that takes nothing can still be read. */
async function recordUnrecorded(config: Config, journal: Journal, cli: Cli): Promise<void> {
  try {
    await recordFailedFiles({ spool: new Spool(config.deliver.directory), journal });
  } catch (error) {
    const { message } = asSluiceError(error);
    cli.stderr.write(`${printable(`files in failed without a record are left out: ${message}`)}\n`);
  }
}

/** A file and, where it could not be done, why. */
type FailedLine = ListedDelivery & { readonly problem?: string };

/**
 * What a running station did; its retries begin at once. Undefined where none runs or answers: then the journal will
 * do.
 */
async function retryAtStation(
  config: Config,
  selection: FailedSelection,
  cli: Cli,
): Promise<readonly FailedLine[] | undefined> {
  try {
    const { deliveries } = await askStation(config, 'retryFailed', selection, cli.stopSignal());
    return deliveries;
  } catch (error) {
    const isNotThere = error instanceof SluiceError && ['not_found', 'host_unreachable'].includes(error.code);
    if (isNotThere) return undefined;
    throw error;
  }
}

/** For people a table of causes, or where some files are named those, a page of them. */
function list(
  journal: Journal,
  selection: FailedSelection,
  named: boolean,
  options: FailedOptions,
  cli: Cli,
): void {
  const causes = options.json ? [] : failedCauses(journal, selection);
  if (!options.json && causes.length === 0) {
    const others = named ? failedCauses(journal) : [];
    cli.stdout.write(others.length === 0 ? 'nothing has failed\n' : `none fits; ${causesInWords(others)}\n`);
    return;
  }
  if (!options.json && !named) {
    printCauses(causes, cli);
    return;
  }
  const rows = rowsAsked(options);
  const records = listFailed(journal, selection);
  for (const record of records.slice(0, rows)) printRecord(record, options.json === true, cli);
  cli.stdout.write(moreLine(records.length, rows));
}

/** What went wrong, how often, with whose words, and what to do: three lines a cause. */
function printCauses(causes: readonly FailedCause[], cli: Cli): void {
  const style = styleFor(cli.stdout, cli.env);
  const digits = Math.max(...causes.map(({ files }) => files.toLocaleString('en').length));
  for (const { code, files, bytes, gone, example } of causes) {
    const count = files.toLocaleString('en').padStart(digits);
    const lost = gone === 0 ? '' : `, ${gone === files ? 'none' : formatCount(gone, 'file')} there any more`;
    cli.stdout.write(`${count}  ${style.bold(printable(code))}  ${style.dim(formatBytes(bytes) + lost)}\n`);
    const indent = ' '.repeat(digits + 2);
    const { profile, bucket, filepath, errorMessage } = example;
    const told = `as ${profile}/${bucket}/${filepath}: ${errorMessage ?? 'nothing was said'}`;
    for (const text of [told, remedyOf(code, gone === files, cli)])
      cli.stdout.write(`${indent}${printable(text)}\n`);
  }
  cli.stdout.write(`\n${cli.program} failed ls --all lists every file, --cause CODE those of one cause\n`);
}

function remedyOf(code: string, areGone: boolean, { program }: Cli): string {
  if (areGone) return `→ ${program} failed drop --cause ${code}, once you know why they went`;
  const remedy = Object.hasOwn(CATALOGUE, code) ? CATALOGUE[code as keyof typeof CATALOGUE].remedy : '';
  return `→ ${remedy} Then: ${program} failed retry --cause ${code}`;
}

/** @param rest what has failed and was not meant, in words; asked for where nothing was */
function report(
  action: 'retry' | 'drop',
  outcomes: readonly FailedLine[],
  rest: () => string,
  json: boolean,
  cli: Cli,
): boolean {
  const problems = outcomes.filter(({ problem }) => problem !== undefined);
  if (json) {
    for (const line of outcomes) cli.stdout.write(`${jsonText(line)}\n`);
    return problems.length === 0;
  }
  for (const { profile, bucket, filepath, problem } of problems) {
    cli.stderr.write(`${printable(`${profile}/${bucket}/${filepath}: ${problem}`)}\n`);
  }
  const done = outcomes.length - problems.length;
  const words = action === 'retry' ? 'will be tried again' : 'removed';
  const why = outcomes.length === 0 ? `: ${rest()}` : '';
  cli.stdout.write(`${done.toLocaleString('en')} ${words}${why}\n`);
  return problems.length === 0;
}
