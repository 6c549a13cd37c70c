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
