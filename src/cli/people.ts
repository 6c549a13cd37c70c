import { SluiceError } from '../base/errors.ts';
import { loginOfAddress } from '../gather/forges/definitions.ts';
import {
  type MergeReason,
  type MergeSuggestion,
  refusalsOf,
  suggestMerges,
} from '../insights/merge-suggestions.ts';
import type { Person } from '../keep/store/people.ts';
import type { Store } from '../keep/store/store.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { rowsAsked, someMoreLine } from './list-page.ts';
import { load } from './load.ts';
import { withExistingStores } from './stores.ts';
import { jsonText, printable } from './terminal.ts';

/** More than anybody has. */
const MOST_PEOPLE = 10_000_000;

export interface PeopleOptions extends GlobalOptions {
  readonly search?: string;
  readonly bots?: boolean;
  readonly limit?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** Prints people, those with most commits first. */
export async function listPeople(options: PeopleOptions, cli: Cli): Promise<void> {
  const shown = rowsAsked(options);
  await withStore(options, cli, async store => {
    const people = await store.people.list({
      limit: Math.min(shown + 1, MOST_PEOPLE),
      text: options.search,
      bots: options.bots ? 'only' : undefined,
    });
    for (const person of people.slice(0, shown)) print(person, options.json === true, cli);
    if (!options.json) cli.stdout.write(someMoreLine(people.length, shown));
    if (people.length === 0 && !options.json) cli.stdout.write('nobody is known\n');
  });
}

/** Changes who is who and prints the person that it was about. */
export async function changePeople(
  change: (store: Store) => Promise<Person | undefined>,
  options: GlobalOptions & { readonly json?: boolean },
  cli: Cli,
): Promise<void> {
  await withStore(options, cli, async store => {
    const person = await change(store);
    if (person) print(person, options.json === true, cli);
  });
}

const REASONS: Readonly<Record<MergeReason, string>> = {
  email: 'one e-mail under several names',
  mailmap: 'one person by the mailmap of another repository',
  noreply: 'an address of a code host with this login',
  name: 'one name, written alike',
};

/** Prints who may be one person, those with most commits first, each with the command that makes them one. */
export async function listSuggestions(options: PeopleOptions, cli: Cli): Promise<void> {
  const shown = rowsAsked(options);
  await withStore(options, cli, async ({ people }) => {
    const everybody = await people.list({ limit: MOST_PEOPLE });
    const suggestions = suggestMerges(everybody, await people.refusals(), loginOfAddress);
    for (const suggestion of suggestions.slice(0, shown)) printSuggestion(suggestion, options, cli);
    if (!options.json) cli.stdout.write(someMoreLine(suggestions.length, shown));
    if (suggestions.length === 0 && !options.json) cli.stdout.write('nobody seems to be somebody else\n');
  });
}

/**
 * Says that those who have the e-mails are not one person, or takes that back. @throws SluiceError `not_found` where they
 * are fewer than two
 */
export async function refuseMerge(
  emails: readonly string[],
  refused: boolean,
  options: GlobalOptions,
  cli: Cli,
): Promise<void> {
  await withStore(options, cli, async ({ people }) => {
    const wanted = new Set(emails.map(email => email.toLowerCase()));
    const meant = (await people.list({ limit: MOST_PEOPLE })).filter(person =>
      person.emails.some(email => wanted.has(email.toLowerCase())),
    );
    if (meant.length < 2) {
      throw new SluiceError('not_found', `${emails.join(', ')}: fewer than two people have these e-mails`, {
        hint: 'See "sluice people suggestions".',
      });
    }
    await people.refuse(refusalsOf(meant), refused);
    const names = meant.map(({ name, email }) => printable(`${name} <${email}>`)).join(', ');
    cli.stdout.write(`${refused ? 'not suggested again' : 'suggested again'}: ${names}\n`);
  });
}

function printSuggestion(suggestion: MergeSuggestion, { json }: PeopleOptions, cli: Cli): void {
  if (json) {
    cli.stdout.write(`${jsonText(suggestion)}\n`);
    return;
  }
  cli.stdout.write(`${REASONS[suggestion.reason]}\n`);
  for (const person of suggestion.people) print(person, false, cli);
  cli.stdout.write(`  sluice people merge ${suggestion.emails.map(printable).join(' ')}\n\n`);
}

async function withStore(
  options: GlobalOptions,
  cli: Cli,
  action: (store: Store) => Promise<void>,
): Promise<void> {
  const { config } = await load(options, cli);
  await withExistingStores(config, cli, ({ store }) => action(store));
}

function print(person: Person, json: boolean, cli: Cli): void {
  if (json) {
    cli.stdout.write(`${jsonText(person)}\n`);
    return;
  }
  const { name, email, commits, bot, emails } = person;
  const further = emails.filter(each => each !== email).map(printable);
  const also = further.length === 0 ? '' : `, also ${further.join(', ')}`;
  const count = commits.toLocaleString('en').padStart(9);
  cli.stdout.write(`${count}  ${printable(name)} <${printable(email)}>${also}${bot ? ' (program)' : ''}\n`);
}
