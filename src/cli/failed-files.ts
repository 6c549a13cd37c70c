import { SluiceError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import {
  causesInWords,
  dropFailed,
  type FailedSelection,
  failedByCause,
  listFailed,
  retryFailed,
} from '../deliver/failed.ts';
import { type ListedDelivery, toListedDelivery } from '../deliver/listing.ts';
import { Spool } from '../deliver/spool/spool.ts';
import type { FileRecord } from '../keep/local/journal.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { printRecord } from './list-deliveries.ts';
import { load } from './load.ts';
import { askStation } from './station-client.ts';
import { assertDatabase, withJournal } from './stores.ts';
import { jsonText, printable, styleFor } from './terminal.ts';

export interface FailedOptions extends GlobalOptions {
  readonly all?: boolean;
  readonly match?: string;
  readonly cause?: string;
  readonly json?: boolean;
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
  const selection: FailedSelection = { all: all === true || !named, match, cause };
  const { config } = await load(options, cli);
  assertDatabase(config);
  return withJournal(config.database, cli, async journal => {
    const rest = (): string => causesInWords(failedByCause(journal));
    const retried = action === 'retry' ? await retryAtStation(config, selection, cli) : undefined;
    if (retried) return report('retry', retried, rest, options.json === true, cli);
    if (action === 'ls') {
      const records = listFailed(journal, selection);
      if (records.length === 0 && !options.json)
        cli.stdout.write(
          named && failedByCause(journal).size > 0 ? `none fits; ${rest()}\n` : 'nothing has failed\n',
        );
      else print(records, options.json === true, cli);
      return true;
    }
    const context = { spool: new Spool(config.deliver.directory), journal, clock: cli.clock };
    const outcomes = await (action === 'retry' ? retryFailed : dropFailed)(context, selection);
    const lines = outcomes.map(({ record, problem }) => ({ ...toListedDelivery(record), problem }));
    return report(action, lines, rest, options.json === true, cli);
  });
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

/** For people grouped by cause, the commonest first. */
function print(records: readonly FileRecord[], json: boolean, cli: Cli): void {
  if (json) {
    for (const record of records) printRecord(record, true, cli);
    return;
  }
  const style = styleFor(cli.stdout, cli.env);
  const groups = Map.groupBy(records, ({ errorCode }) => errorCode ?? 'unknown');
  const commonestFirst = [...groups].sort(([, a], [, b]) => b.length - a.length);
  for (const [cause, group] of commonestFirst) {
    cli.stdout.write(`${style.bold(cause)}  ${group.length.toLocaleString('en')} files\n`);
    for (const record of group) printRecord(record, false, cli);
  }
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
