import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice backup FILE`. */
export function defineBackup(program: Command, cli: Cli, _outcome: Outcome): void {
  program
    .command('backup')
    .description('copy the database as it is now into a file, while the station works on')
    .argument('<file>', 'where to; one of that name is replaced once the copy is whole')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  sluice backup /backups/sluice.db
  sluice backup "/backups/sluice-$(date +%F).db"

The copy is a database of one moment, checked and on the disk. It has all that
is known and the journal of deliveries; not the files in the spool, clones,
sluice.yaml and credentials. To restore: stop the station, remove sluice.db-wal,
sluice.db-shm and sluice.db-journal, put the copy in the place of sluice.db, and
start.`,
    )
    .action(async (file: string, _options, command: Command) => {
      const { backUp } = await import('../back-up.ts');
      await backUp(file, command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), cli);
    });
}
