import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice track` and `sluice untrack` for changesets (C1). */
export function defineTrack(program: Command, cli: Cli, _outcome: Outcome): void {
  for (const action of ['track', 'untrack'] as const) {
    program
      .command(action)
      .description(action === 'track' ? 'follow pull and merge requests' : 'follow them no longer')
      .argument('<url...>', 'their addresses')
      .option('--json', 'one JSON object a changeset on a line')
      .addHelpText(
        'after',
        `
Examples:
  sluice ${action} https://github.com/owner/name/pull/7

Works beside a running station and without one.`,
      )
      .action(async (urls: string[], _options, command: Command) => {
        const { trackChangesets } = await import('../changesets.ts');
        await trackChangesets(
          urls,
          action,
          command.optsWithGlobals<GlobalOptions & { json?: boolean }>(),
          cli,
        );
      });
  }
}
