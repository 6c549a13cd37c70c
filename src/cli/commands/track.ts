import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

/** `sluice track`. */
export function defineTrack(program: Command, cli: Cli, outcome: Outcome): void {
  program
    .command('track')
    .description('keep repositories and changesets fresh from now on, or list the repositories that are')
    .argument(
      '[url-or-path...]',
      'repositories, pull and merge requests; tracked repositories are listed where none is named',
    )
    .option('--all', 'where none is named: all that are tracked')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice track https://github.com/git/git   fetched on a schedule from now on
  sluice track ../project                   a path does, too
  sluice track https://github.com/o/n/pull/7  a pull request, too
  sluice track                              what is tracked, by whom, when next

Works beside a running station and without one. What is listed under "repos" in
sluice.yaml is tracked anyway; owners (github:name) can only be listed there.
Exit code 1 if any of them failed.`,
    )
    .action(async (targets: string[], _options, command: Command) => {
      const { listTracked, trackTargets } = await import('../track.ts');
      const options = command.optsWithGlobals<GlobalOptions & { all?: boolean; json?: boolean }>();
      const well =
        targets.length === 0 ? await listTracked(options, cli) : await trackTargets(targets, options, cli);
      if (!well) outcome.exitCode = 1;
    });
}

export function defineUntrack(program: Command, cli: Cli, outcome: Outcome): void {
  program
    .command('untrack')
    .description('keep repositories or changesets fresh no longer; what is known of them stays')
    .argument('<url-or-path...>', 'what was tracked by hand')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice untrack https://github.com/git/git
  sluice untrack ../project --json

Exit code 1 for one that is not known, or that the configuration goes on
tracking: take it out of "repos" in sluice.yaml then.`,
    )
    .action(async (targets: string[], _options, command: Command) => {
      const { untrackTargets } = await import('../track.ts');
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      if (!(await untrackTargets(targets, options, cli))) outcome.exitCode = 1;
    });
}

/** `sluice forget`. */
export function defineForget(program: Command, cli: Cli, outcome: Outcome): void {
  program
    .command('forget')
    .description('take repositories out as if they had never been named: clone, history and schedule')
    .argument('<url-or-path...>', 'repositories; the originals are not touched')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice forget /srv/git/mistypde.git        which is not there, and never was
  sluice forget https://github.com/git/git   with its clone and 80,000 commits

Works beside a running station and without one. What sluice.yaml lists under
"repos" has to be taken out there first. Exit code 1 if one could not be.`,
    )
    .action(async (targets: string[], _options, command: Command) => {
      const { forgetTargets } = await import('../track.ts');
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      if (!(await forgetTargets(targets, options, cli))) outcome.exitCode = 1;
    });
}
