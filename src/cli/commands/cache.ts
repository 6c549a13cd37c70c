import type { Command } from 'commander';
import type { Cli, GlobalOptions, Outcome } from '../cli.ts';

const ACTIONS = [
  ['pin', 'keep clones from being evicted', 'sluice cache pin https://github.com/git/git'],
  ['unpin', 'let clones be evicted again', 'sluice cache unpin https://github.com/git/git'],
] as const;

/** `sluice cache ls|pin|unpin|evict|fetch`. */
export function defineCache(program: Command, cli: Cli, outcome: Outcome): void {
  const cache = program
    .command('cache')
    .description('the clones on disk: look, keep, let go, fetch')
    .addHelpText(
      'after',
      `
Examples:
  sluice cache ls                               least recently used first
  sluice cache pin https://github.com/git/git   never evict it
  sluice cache evict --bytes 5GiB               make room now

Works beside a running station and without one.`,
    );
  defineList(cache, cli);
  for (const [action, description, example] of ACTIONS) {
    cache
      .command(action)
      .description(description)
      .argument('<url...>', 'repositories')
      .option('--json', 'one JSON object a repository on a line')
      .addHelpText('after', `\nExamples:\n  ${example}`)
      .action(async (urls: string[], _options, command: Command) => {
        const { pinClones } = await import('../manage-cache.ts');
        const done = await pinClones(urls, action === 'pin', command.optsWithGlobals(), cli);
        if (!done) outcome.exitCode = 1;
      });
  }
  defineEvict(cache, cli, outcome);
  cache
    .command('fetch')
    .description('bring clones up to date, cloning or restoring them if need be, and bake them')
    .argument('<url...>', 'repositories')
    .option('--json', 'one JSON object a repository on a line')
    .addHelpText('after', '\nExamples:\n  sluice cache fetch https://github.com/git/git')
    .action(async (urls: string[], _options, command: Command) => {
      const { bakeTargets } = await import('../bake-targets.ts');
      const failed = await bakeTargets(urls, command.optsWithGlobals(), cli);
      if (failed > 0) outcome.exitCode = 1;
    });
}

function defineList(cache: Command, cli: Cli): void {
  cache
    .command('ls')
    .description('list clones with size, last use, hits, pins and cold copies; least recently used first')
    .option('--limit <number>', 'at most so many (default: 50; all with --json)')
    .option('--all', 'all of them')
    .option('--json', 'one JSON object a clone on a line')
    .addHelpText('after', '\nExamples:\n  sluice cache ls\n  sluice cache ls --json | jq .bytes')
    .action(async (_options, command: Command) => {
      const { listClones } = await import('../manage-cache.ts');
      await listClones(command.optsWithGlobals<GlobalOptions & { json?: boolean }>(), cli);
    });
}

function defineEvict(cache: Command, cli: Cli, outcome: Outcome): void {
  cache
    .command('evict')
    .description('take clones off the disk, into cold storage where there is one')
    .argument('[url...]', 'repositories; these go although they are pinned')
    .option('--bytes <size>', 'instead: least recently used ones until so much is free, such as 5GiB')
    .option('--json', 'one JSON object a clone on a line')
    .addHelpText(
      'after',
      `
Examples:
  sluice cache evict https://github.com/git/git
  sluice cache evict --bytes 5GiB

Exit code 1 if one could not go, or less was freed than asked for.`,
    )
    .action(async (urls: string[], _options, command: Command) => {
      const { evictClones } = await import('../manage-cache.ts');
      if (!(await evictClones(urls, command.optsWithGlobals(), cli))) outcome.exitCode = 1;
    });
}
