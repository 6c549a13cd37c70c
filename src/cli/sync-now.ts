import type { SyncOutcome } from '../deliver/sync-now.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { askStation } from './station-client.ts';
import { printable } from './terminal.ts';

/** Asks the running station. Answers whether all went well; throws what the station says, `not_found` where none runs. */
export async function syncNow(
  urls: readonly string[],
  options: GlobalOptions & { readonly json?: boolean },
  cli: Cli,
): Promise<boolean> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  const print = (answer: unknown, words: string): unknown =>
    cli.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : `${words}\n`);
  if (urls.length === 0) {
    const path = '/api/v1/deliveries/sync';
    const outcome = (await askStation(config, path, { method: 'POST', signal })) as SyncOutcome;
    const { delivered, failed, waiting, empty } = outcome;
    const words = empty > 0 ? `, ${empty} empty and waiting for content` : '';
    print(outcome, `${delivered} delivered, ${failed} failed, ${waiting} to be tried again${words}`);
    return failed === 0 && waiting === 0;
  }
  for (const url of urls) {
    const run = (await askStation(config, '/bake', { method: 'POST', body: { url }, signal })) as {
      id: number;
    };
    print(run, `${printable(url)}: run ${run.id} is first in line`);
  }
  return true;
}
