import type { Command } from 'commander';
import type { Store } from '../../keep/store/store.ts';
import type { Cli, Outcome } from '../cli.ts';

/** `sluice people ls|suggestions|merge|refuse|split|bot`. */
export function definePeople(program: Command, cli: Cli, _outcome: Outcome): void {
  const people = program
    .command('people')
    .description('who is who: merge the e-mails of one person, say who is a program')
    .addHelpText(
      'after',
      `
Examples:
  sluice people ls --search ada
  sluice people suggestions                               who may be one person
  sluice people merge ada@work.example ada@home.example   the first one stays
  sluice people split ada@home.example                    undoes that
  sluice people bot ci@example.org                        a program (--not: no)

No history is read again. Mailmaps of repositories apply before this.`,
    );
  people
    .command('ls')
    .description('list people, those with most commits first')
    .option('--search <text>', 'with this text in a name or e-mail')
    .option('--bots', 'programs only')
    .option('--limit <number>', 'at most so many (default: 50; all with --json)')
    .option('--all', 'all of them')
    .option('--json', 'one JSON object a person on a line')
    .addHelpText('after', '\nExamples:\n  sluice people ls --bots --json')
    .action(async (_options, command: Command) => {
      const { listPeople } = await import('../people.ts');
      await listPeople(command.optsWithGlobals(), cli);
    });
  people
    .command('suggestions')
    .description('list who may be one person: by e-mail, by name, by the login of a code host')
    .option('--limit <number>', 'at most so many (default: 50; all with --json)')
    .option('--all', 'all of them')
    .option('--json', 'one JSON object a suggestion on a line')
    .addHelpText('after', '\nExamples:\n  sluice people suggestions --limit 5')
    .action(async (_options, command: Command) => {
      const { listSuggestions } = await import('../people.ts');
      await listSuggestions(command.optsWithGlobals(), cli);
    });
  people
    .command('refuse')
    .description('say that people are not one and the same: they are not suggested again')
    .argument('<email...>', 'their e-mails; one is enough where they share it')
    .option('--undo', 'take that back')
    .addHelpText('after', '\nExamples:\n  sluice people refuse ada@work.example ada@club.example')
    .action(async (emails: string[], { undo = false }: { undo?: boolean }, command: Command) => {
      const { refuseMerge } = await import('../people.ts');
      await refuseMerge(emails, !undo, command.optsWithGlobals(), cli);
    });
  people
    .command('merge')
    .description('count the commits under several e-mails as those of one person')
    .argument('<email...>', 'the e-mails; the name most used under the first one stays')
    .option('--json', 'the person as a JSON object')
    .addHelpText('after', '\nExamples:\n  sluice people merge ada@work.example ada@home.example')
    .action(async (emails: string[], _options, command: Command) => {
      const { changePeople } = await import('../people.ts');
      await changePeople(store => store.people.merge(emails), command.optsWithGlobals(), cli);
    });
  people
    .command('split')
    .description('take e-mails out of the person that they were merged into')
    .argument('<email...>', 'the e-mails')
    .addHelpText('after', '\nExamples:\n  sluice people split ada@home.example')
    .action(async (emails: string[], _options, command: Command) => {
      const { changePeople } = await import('../people.ts');
      const split = (store: Store) => store.people.split(emails).then(() => undefined);
      await changePeople(split, command.optsWithGlobals(), cli);
    });
  people
    .command('bot')
    .description('say that somebody is a program, or is not')
    .argument('<email>', 'any e-mail of the person')
    .option('--not', 'a person, whatever the name looks like')
    .option('--auto', 'as the patterns have it')
    .option('--json', 'the person as a JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice people bot ci@example.org\n  sluice people bot abbot@example.org --not',
    )
    .action(async (email: string, options: { not?: boolean; auto?: boolean }, command: Command) => {
      const { changePeople } = await import('../people.ts');
      const bot = options.auto ? null : !options.not;
      await changePeople(store => store.people.setBot(email, bot), command.optsWithGlobals(), cli);
    });
}
