import type { Answer } from '../api/operations.ts';
import type { Pausable } from '../keep/local/pauses.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { askStation } from './station-client.ts';
import { jsonText, printable } from './terminal.ts';

interface PauseOptions extends GlobalOptions {
  readonly kind?: Pausable['kind'];
  readonly json?: boolean;
}

type Pause = Answer<'pause'>;

/** Pauses each of the names, or prints what is paused where there is none. Throws what the station says. */
export async function pauseNamed(names: readonly string[], options: PauseOptions, cli: Cli): Promise<void> {
  const { config } = await load(options, cli);
  const signal = cli.stopSignal();
  if (names.length > 0) {
    for (const name of names)
      print(
        await askStation(config, 'pause', { name, kind: options.kind }, signal),
        'is paused',
        options,
        cli,
      );
    return;
  }
  const { pauses } = await askStation(config, 'listPauses', {}, signal);
  for (const pause of pauses) print(pause, `is paused since ${pause.sinceAt}`, options, cli);
  if (pauses.length === 0 && !options.json) cli.stdout.write('nothing is paused\n');
}

/** Has each of the names go on. Throws what the station says. */
export async function resumeNamed(names: readonly string[], options: PauseOptions, cli: Cli): Promise<void> {
  const { config } = await load(options, cli);
  const signal = cli.stopSignal();
  for (const name of names)
    print(await askStation(config, 'resume', { name, kind: options.kind }, signal), 'goes on', options, cli);
}

function print(pause: Pause, words: string, { json }: PauseOptions, cli: Cli): void {
  cli.stdout.write(json ? `${jsonText(pause)}\n` : `${pause.kind} ${printable(pause.name)} ${words}\n`);
}
