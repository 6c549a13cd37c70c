import { shownCaptureFile } from '../api/capture.ts';
import type { Answer } from '../api/operations.ts';
import { textWidth } from '../base/columns.ts';
import { formatBytes, formatCount, formatDuration } from '../base/units.ts';
import type { CaptureLineage } from '../keep/local/captures.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { type PageOptions, rowsAsked, someMoreLine } from './list-page.ts';
import { load } from './load.ts';
import { askStation } from './station-client.ts';
import { existingDatabase, withCaptures } from './stores.ts';
import { jsonText, printable, rowName, styleFor } from './terminal.ts';

/** More than anybody has. */
const MOST_FILES = 10_000_000;

/** Prints each collector of the running station. Throws `not_found` where none runs. */
export async function listCollectors(
  options: GlobalOptions & { readonly json?: boolean },
  cli: Cli,
): Promise<void> {
  const { config } = await load(options, cli);
  const { collectors } = await askStation(config, 'getCapture', {}, cli.stopSignal());
  if (collectors.length === 0 && !options.json) cli.stdout.write('no collector is configured\n');
  for (const one of collectors)
    cli.stdout.write(options.json ? `${jsonText(one)}\n` : renderCollector(one, cli));
}

type ListedCollector = Answer<'getCapture'>['collectors'][number];

function renderCollector(one: ListedCollector, cli: Cli): string {
  const style = styleFor(cli.stdout, cli.env);
  const every = one.everyMs === null ? 'each message' : `every ${formatDuration(one.everyMs)}`;
  const state = one.disabled
    ? 'rests'
    : `${one.perSecond.toFixed(1)}/s, ${formatCount(one.readings, 'reading')}, ${one.missed.toLocaleString('en')} missed, ${formatCount(one.errors, 'error')}`;
  const waits = one.unwritten > 0 ? `, ${one.unwritten} wait in memory for the disk` : '';
  const gone = one.lost + (one.kept?.lostReadings ?? 0);
  const lost = gone > 0 ? style.bad(`, ${gone} lost: the disk did not take them`) : '';
  const why =
    (one.lastError === null ? '' : `\n  ${style.bad('last error')} ${printable(one.lastError.message)}`) +
    (one.writeError === null ? '' : `\n  ${style.bad('not written')} ${printable(one.writeError.message)}`);
  return `${one.name.padEnd(24)}  ${one.method.padEnd(5)}  ${every.padEnd(14)}  ${style.dim(state + waits)}${lost}${why}\n`;
}

/** Prints files of readings, newest first. */
export async function listCaptureFiles(
  options: GlobalOptions & PageOptions & { readonly collector?: string },
  cli: Cli,
): Promise<void> {
  const { collector, json } = options;
  const shown = rowsAsked(options);
  const { config } = await load(options, cli);
  await withCaptures(existingDatabase(config), cli, captures => {
    const files = captures.list({ limit: Math.min(shown + 1, MOST_FILES), collector });
    for (const file of files.slice(0, shown))
      cli.stdout.write(json ? `${jsonText(shownCaptureFile(file))}\n` : renderFile(file, cli));
    if (!json) cli.stdout.write(someMoreLine(files.length, shown));
    if (files.length === 0 && !json) cli.stdout.write('no file of readings is on record\n');
  });
}

function renderFile(file: CaptureLineage, cli: Cli): string {
  const style = styleFor(cli.stdout, cli.env);
  const state = file.lostAtMs === null ? (file.state ?? 'complete') : style.bad('lost');
  const where = `s3://${file.profile}/${file.bucket}/${file.objectKey ?? file.filepath}`;
  const facts = `${formatCount(file.readings, 'reading')}, ${formatBytes(file.bytes)}`;
  const row = `${String(file.id).padStart(8)}  ${state.padEnd(12)}`;
  const name = rowName(printable(where), textWidth(row) + 2 + facts.length, cli);
  return `${row}${name}  ${style.dim(facts)}\n`;
}
