import { SluiceError } from '../base/errors.ts';
import type { Config } from '../config/schema.ts';
import { dropFailed, type FailedSelection, listFailed, retryFailed } from '../deliver/failed.ts';
import { type ListedDelivery, toListedDelivery } from '../deliver/listing.ts';
import { Spool } from '../deliver/spool/spool.ts';
import type { FileRecord } from '../keep/local/journal.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { withJournal } from './delivery.ts';
import { printRecord } from './list-deliveries.ts';
import { askStation } from './station-client.ts';
import { printable, styleFor } from './terminal.ts';

export interface FailedOptions extends GlobalOptions {
  readonly all?: boolean;
  readonly match?: string;
  readonly cause?: string;
  readonly json?: boolean;
}

/** Lists, retries or drops failed files. Answers whether all of it could be done. Throws `usage` where none are named. */
export function failedFiles(
  action: 'ls' | 'retry' | 'drop',
  options: FailedOptions,
  cli: Cli,
): Promise<boolean> {
  const { all, match, cause } = options;
  const named = all === true || match !== undefined || cause !== undefined;
  if (action !== 'ls' && !named) {
    throw new SluiceError('usage', `say which failed files to ${action}: --all, --match or --cause`);
  }
  const selection: FailedSelection = {
    all: all === true || !named,
    ...(match === undefined ? {} : { match }),
    ...(cause === undefined ? {} : { cause }),
  };
  return withJournal(options, cli, async ({ config, journal }) => {
    const asked = action === 'retry' ? await askedStation(config, selection, cli) : undefined;
    if (asked) return report('retry', asked, options.json === true, cli);
    if (action === 'ls') {
      print(listFailed(journal, selection), options.json === true, cli);
      return true;
    }
    const context = { spool: new Spool(config.deliver.directory), journal, clock: cli.clock };
    const outcomes = await (action === 'retry' ? retryFailed : dropFailed)(context, selection);
    const told = outcomes.map(({ record, problem }) => ({
      ...toListedDelivery(record),
      ...(problem ? { problem } : {}),
    }));
    return report(action, told, options.json === true, cli);
  });
}

type Told = ListedDelivery & { readonly problem?: string };

/** What a running station did; its retries begin at once. Undefined where none runs or answers: then the journal will do. */
async function askedStation(
  config: Config,
  selection: FailedSelection,
  cli: Cli,
): Promise<Told[] | undefined> {
  try {
    const request = { method: 'POST', body: selection, signal: cli.stopSignal() } as const;
    const answer = await askStation(config, '/api/v1/deliveries/failed/retry', request);
    return (answer as { readonly deliveries: Told[] }).deliveries;
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
  if (records.length === 0) cli.stdout.write('nothing has failed\n');
  const style = styleFor(cli.stdout, cli.env);
  const groups = Map.groupBy(records, ({ errorCode }) => errorCode ?? 'unknown');
  const commonestFirst = [...groups].sort(([, a], [, b]) => b.length - a.length);
  for (const [cause, group] of commonestFirst) {
    cli.stdout.write(`${style.bold(cause)}  ${group.length.toLocaleString('en')} files\n`);
    for (const record of group) printRecord(record, false, cli);
  }
}

function report(action: 'retry' | 'drop', outcomes: readonly Told[], json: boolean, cli: Cli): boolean {
  const problems = outcomes.filter(({ problem }) => problem !== undefined);
  if (json) {
    for (const told of outcomes) cli.stdout.write(`${JSON.stringify(told)}\n`);
    return problems.length === 0;
  }
  for (const { profile, bucket, filepath, problem } of problems) {
    cli.stderr.write(`${printable(`${profile}/${bucket}/${filepath}: ${problem}`)}\n`);
  }
  const done = outcomes.length - problems.length;
  cli.stdout.write(
    `${done.toLocaleString('en')} ${action === 'retry' ? 'will be tried again' : 'removed'}\n`,
  );
  return problems.length === 0;
}
