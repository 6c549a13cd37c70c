import { type Command, Option } from 'commander';
import { COMPRESSIONS } from '../../export/parquet.ts';
import { EXPORT_TABLES } from '../../export/tables.ts';
import type { Cli, Outcome } from '../cli.ts';

/** `sluice export DIRECTORY|FILE`. */
export function defineExport(program: Command, cli: Cli, _outcome: Outcome): void {
  const widest = Math.max(...EXPORT_TABLES.map(({ name }) => name.length));
  program
    .command('export')
    .description('all rows as Parquet files, for DuckDB, pandas and the like, while the station works on')
    .argument('<directory-or-file>', 'a folder, for a file a table; or one file that ends in .parquet')
    .option('--table <name>', 'this table; may be given several times (default: all)', collect, [])
    .addOption(new Option('--compression <codec>').choices(COMPRESSIONS).default('zstd'))
    .option('--json', 'one JSON object a file')
    .addHelpText(
      'after',
      `
Tables:
${EXPORT_TABLES.map(({ name, about }) => `  ${name.padEnd(widest)}  ${about}`).join('\n')}

Examples:
  sluice export rows
  sluice export rows --table commits --table people
  sluice export commits.parquet

Columns are those of the schema; times are timestamps, object ids hexadecimal.
A file of that name is replaced once the new one is whole.`,
    )
    .action(async (target: string, _options, self: Command) => {
      const { exportRows } = await import('../export-rows.ts');
      await exportRows(target, self.optsWithGlobals(), cli);
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
