import { type Command, Option } from 'commander';
import { INSIGHTS } from '../../insights/catalogue.ts';
import { type Cli, OUTPUT_OPTION, type Outcome } from '../cli.ts';

/** `sluice insights NAME`. */
export function defineInsights(program: Command, cli: Cli, _outcome: Outcome): void {
  const insights = program
    .command('insights')
    .description('what history says: commits, people, files, over one repository or many')
    .addHelpText(
      'after',
      `
Examples:
  sluice insights commits --by month                        of all repositories
  sluice insights authors --repo . --since 2026-01-01
  sluice insights hotspots --repo URL --repo URL --json
  sluice insights authors --repo . --path 'src/**' --path '*.sql'
  sluice insights churn --format parquet -o churn.parquet

--path takes globs: * and ? stop at slashes, ** does not. One without a slash
is a name anywhere, one with a slash a path from the top; a folder means all in
it. Which commits changed which files is read by "sluice bake --churn".

Repositories must have been baked. Days are those of the commit date, in UTC.`,
    );
  defineChangesetReport(insights, cli);
  for (const { name, about, byPeriod, limit } of INSIGHTS) {
    const command = insights
      .command(name)
      .description(about)
      .option(
        '--repo <url-or-path>',
        'this repository; may be given several times (default: all)',
        collect,
        [],
      )
      .option(
        '--path <glob>',
        'only commits that changed such files, and these files; may be given several times',
        collect,
        [],
      )
      .option('--since <day>', 'from this day on, like 2026-01-01')
      .option('--until <day>', 'before this day')
      .addOption(new Option('--bots <which>', 'what programs wrote').choices(['include', 'exclude']))
      .addOption(
        new Option('--format <format>').choices(['table', 'json', 'csv', 'parquet']).default('table'),
      )
      .option('--json', 'as --format json: one JSON object a row on a line')
      .option(...OUTPUT_OPTION);
    if (byPeriod) {
      command.addOption(new Option('--by <period>').choices(['day', 'week', 'month']).default('week'));
    }
    if (limit !== undefined) command.option('--limit <number>', `at most so many (default: ${limit})`);
    command
      .addHelpText(
        'after',
        `\nExamples:\n  sluice insights ${name} --repo .\n  sluice insights ${name} --format csv`,
      )
      .action(async (_options, self: Command) => {
        const { printInsight } = await import('../print-insight.ts');
        await printInsight(name, self.optsWithGlobals(), cli);
      });
  }
}

/** `sluice insights changesets`. */
function defineChangesetReport(insights: Command, cli: Cli): void {
  insights
    .command('changesets')
    .description('how pull and merge requests are reviewed and merged')
    .option('--host <name>', 'of this code host')
    .option('--repo <owner/name>', 'of this repository there')
    .option('--since <day>', 'from this day on (default: 90 days ago)')
    .option('--until <day>', 'before this day')
    .addOption(new Option('--by <period>').choices(['day', 'week', 'month']).default('week'))
    .addOption(new Option('--format <format>').choices(['table', 'json', 'csv', 'parquet']).default('table'))
    .option('--json', 'the whole report as one JSON object: throughput and stale ones, too')
    .option(...OUTPUT_OPTION)
    .addHelpText('after', '\nExamples:\n  sluice insights changesets --repo owner/name --since 2026-01-01')
    .action(async (_options, self: Command) => {
      const { printChangesetReport } = await import('../changeset-report.ts');
      await printChangesetReport(self.optsWithGlobals(), cli);
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
