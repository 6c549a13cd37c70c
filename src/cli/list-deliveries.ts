import { textWidth } from '../base/columns.ts';
import { SluiceError } from '../base/errors.ts';
import { nearest } from '../base/text.ts';
import { formatBytes } from '../base/units.ts';
import { toListedDelivery } from '../deliver/listing.ts';
import {
  FILE_STATES,
  type FileRecord,
  LISTED_STATES,
  type RecordFilter,
  statesOf,
} from '../keep/local/journal.ts';
import { type RecordPlace, recordPlace } from '../keep/local/record-order.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { moreLine, type PageOptions, rowsAsked } from './list-page.ts';
import { load } from './load.ts';
import { assertDatabase, withJournal } from './stores.ts';
import { jsonText, printable, rowName, styleFor } from './terminal.ts';

/** Records are read and printed in pages, so that a million of them need no memory. */
const PAGE = 500;

export interface DeliveryListOptions extends GlobalOptions, PageOptions {
  readonly state?: string;
  readonly profile?: string;
  readonly bucket?: string;
  readonly search?: string;
}

/** Prints the records that the options ask for, newest first. */
export async function listDeliveries(options: DeliveryListOptions, cli: Cli): Promise<void> {
  const filter = filterOf(options);
  const limit = rowsAsked(options);
  const { config } = await load(options, cli);
  assertDatabase(config);
  await withJournal(config.database, cli, async journal => {
    let left = limit;
    let after: RecordPlace | undefined;
    while (left > 0) {
      const page = journal.list({ ...filter, limit: Math.min(PAGE, left), after });
      for (const record of page) printRecord(record, options.json === true, cli);
      if (page.length === 0 && after === undefined && !options.json)
        cli.stdout.write('no file is on record\n');
      left -= page.length;
      if (page.length < PAGE) break;
      const last = page.at(-1);
      after = last && recordPlace(last, 'newest');
    }
    if (left === 0 && !options.json) cli.stdout.write(moreLine(journal.count(filter), limit));
  });
}

function filterOf({ state, profile, bucket, search }: DeliveryListOptions): RecordFilter {
  const listed = LISTED_STATES.find(each => each === state);
  if (state !== undefined && listed === undefined) {
    const meant = nearest(state, LISTED_STATES);
    throw new SluiceError('usage', `"${state}" is no state of a file`, {
      hint: `${meant === undefined ? '' : `Did you mean "${meant}"? `}There are ${LISTED_STATES.join(', ')}.`,
    });
  }
  return {
    states: listed && statesOf(listed),
    profile,
    bucket,
    text: search,
  };
}

/** For the longest of them, and a space. */
const STATE_COLUMNS = Math.max(...FILE_STATES.map(({ length }) => length)) + 1;

/** One record as a line. */
export function printRecord(record: FileRecord, json: boolean, cli: Cli): void {
  if (json) {
    cli.stdout.write(`${jsonText(toListedDelivery(record))}\n`);
    return;
  }
  const style = styleFor(cli.stdout, cli.env);
  const { id, state, profile, bucket, filepath, size, attempts, errorMessage } = record;
  const shown = state === 'failed' ? style.bad(state.padEnd(STATE_COLUMNS)) : state.padEnd(STATE_COLUMNS);
  const why = errorMessage === null || state === 'completed' ? '' : `\n          ${printable(errorMessage)}`;
  const facts = formatBytes(size) + (attempts > 1 ? `, ${attempts} tries` : '');
  const row = `${String(id).padStart(8)}  ${shown}`;
  const where = rowName(
    printable(`${profile}/${bucket}/${filepath}`),
    textWidth(row) + 2 + facts.length,
    cli,
  );
  cli.stdout.write(`${row}${where}  ${style.dim(facts)}${why}\n`);
}
