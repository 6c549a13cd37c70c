import type { Command } from 'commander';
import type { Cli, GlobalOptions, ListenOptions, Outcome } from '../cli.ts';

/** `sluice up`. */
export function defineUp(program: Command, cli: Cli, _outcome: Outcome): void {
  program
    .command('up')
    .description('start a station: schedule, workers, HTTP server and pages, until Ctrl-C or SIGTERM')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <number>', 'port to listen on, 0 for any (default: 8750)')
    .addHelpText(
      'after',
      `
Examples:
  sluice up                              keeps all in ./station and ./sluice.db
  sluice up --config /etc/sluice.yaml
  sluice up --root /srv/sluice --database /srv/sluice/sluice.db --port 9000

Without a configuration file it tracks the repository you stand in.`,
    )
    .action(async (_options, command: Command) => {
      const { runStation } = await import('../run-station.ts');
      await runStation(command.optsWithGlobals<GlobalOptions & ListenOptions>(), cli);
    });
}
