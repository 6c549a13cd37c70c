import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice store copy FROM TO`. */
export function defineStore(program: Command, cli: Cli, _outcome: Outcome): void {
  const store = program
    .command('store')
    .description('what is known (repositories, commits, changesets, the schedule) and where it stands')
    .addHelpText('after', '\nExamples:\n  sluice store copy database store      as sluice.yaml names them');
  store
    .command('copy')
    .description('copy a store from SQLite to Postgres, or back, and prove that both are the same')
    .argument(
      '<from>',
      'a SQLite file, postgres://…, or "database" or "store": as the configuration has them',
    )
    .argument('<to>', 'the same; made where it is not there')
    .option('--json', 'one JSON object a table')
    .addHelpText(
      'after',
      `
Examples:
  sluice store copy database store      as sluice.yaml names them
  sluice store copy sluice.db "postgres://sluice@db.example.com/sluice"
  sluice store copy store /backups/known.db

Other users may read a command line: name a store with a password as "store",
or keep the password in ~/.pgpass. Cut off, the next copy goes on from there.
A first copy may be made while the station works; for the last one stop it, or
the copy ends by saying which table has changed. Deliveries, captures and clones
stay where they are.`,
    )
    .action(async (from: string, to: string, _options, command: Command) => {
      const { printCopiedStore } = await import('../copy-store.ts');
      await printCopiedStore(
        { from, to },
        command.optsWithGlobals<GlobalOptions & { json?: boolean }>(),
        cli,
      );
    });
}
