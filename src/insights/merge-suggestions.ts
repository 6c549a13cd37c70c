import { type Person, type RefusedMerge, refusalNameOf } from '../keep/store/people.ts';
import { emailKey } from '../keep/store/rows/people.ts';

/**
 * Why people may be one: they share an e-mail, the mailmap of another repository says so, a code host's address tells a
 * login that is theirs, or they share a name.
 */
export type MergeReason = 'email' | 'mailmap' | 'noreply' | 'name';

/** People who may be one and the same. */
export interface MergeSuggestion {
  /** The same as long as the people are. */
  readonly id: string;
  /** The strongest of the reasons. */
  readonly reason: MergeReason;
  /** Those with most commits first: whoever the others would become. */
  readonly people: readonly Person[];
  /** What `PeopleStore.merge` makes them one by. */
  readonly emails: readonly string[];
}

/** What `suggestMerges` learns of an e-mail. */
export type LoginOfAddress = (email: string) => string | undefined;
type KeysOf = (person: Person) => readonly string[];

/** Larger groups are no person, but a word that many use as a name. */
const LARGEST_GROUP = 20;
/** Shorter words are names of too many. */
const LEAST_LETTERS = 4;

/** Names that say nothing of who somebody is. */
const NAMELESS = new Set(
  ['root', 'admin', 'administrator', 'user', 'unknown', 'developer', 'your name', 'test'].concat([
    'no author',
    '(no author)',
    'nobody',
    'ubuntu',
    'jenkins',
    'build',
    'info',
    'mail',
    'contact',
    'name',
  ]),
);

/**
 * Who may be one person, those with most commits first. Two of whom somebody said that they are not are no pair; they are
 * in one suggestion only where a third one ties them together. Programs are left out. Pure.
 * @param loginOfAddress the login that an address tells which a code host made up; undefined for any other address
 */
export function suggestMerges(
  people: readonly Person[],
  refused: readonly RefusedMerge[],
  loginOfAddress: LoginOfAddress,
): MergeSuggestion[] {
  const candidates = people.filter(({ bot }) => !bot);
  const isRefused = new Set(refused.map(({ one, other }) => `${one}\n${other}`));
  const groups = new Groups(candidates);
  const loginsOf = ({ emails }: Person): string[] =>
    emails.flatMap(email => loginOfAddress(email) ?? []).map(loginKey);
  const known = { loginsOf, ofSeveral: mailmappedToSeveral(candidates) };
  for (const reason of ['email', 'mailmap', 'noreply', 'name'] as const)
    for (const alike of alikeBy(candidates, person => KEYS[reason](person, known), loginsOf))
      for (const [one, other] of pairs(alike))
        if (!isRefused.has(pairKey(one, other))) groups.join(one, other, reason);
  return groups
    .all()
    .map(({ reason, members }) => suggestionOf(reason, members))
    .sort((one, other) => commitsOf(other) - commitsOf(one) || (one.id < other.id ? -1 : 1));
}

/** Two people as `PeopleStore.refuse` has them, the lesser first. Pure. */
export function refusalsOf(people: readonly Pick<Person, 'name' | 'email'>[]): RefusedMerge[] {
  return pairs(people).flatMap(([first, second]) => {
    const [one, other] = [refusalNameOf(first), refusalNameOf(second)].sort() as [string, string];
    return one === other ? [] : [{ one, other }];
  });
}

interface KnownOfAll {
  readonly loginsOf: KeysOf;
  /** Addresses that mailmaps give to several people. */
  readonly ofSeveral: ReadonlySet<string>;
}

/** A program or a list sends from them for many, whom a mailmap tells apart by their names. */
function mailmappedToSeveral(people: readonly Person[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const several = new Set<string>();
  for (const { mailmapped } of people)
    for (const key of new Set(keysOfEmails(mailmapped))) (seen.has(key) ? several : seen).add(key);
  return several;
}

const KEYS: Readonly<Record<MergeReason, (person: Person, known: KnownOfAll) => readonly string[]>> = {
  email: ({ emails }) => keysOfEmails(emails),
  mailmap: ({ emails, mailmapped }, { ofSeveral }) =>
    keysOfEmails([...emails, ...mailmapped]).filter(key => !ofSeveral.has(key)),
  noreply: (person, { loginsOf }) => [...loginsOf(person), ...wordsThatMayBeLogins(person)],
  name: ({ name }) => {
    const plain = plainName(name);
    // One word alone is the first name of many.
    return plain.includes(' ') && !NAMELESS.has(plain) ? [plain] : [];
  },
};

function keysOfEmails(emails: readonly string[]): string[] {
  return emails.map(emailKey).filter(email => email !== '');
}

const LOGIN = 'login ';
const loginKey = (login: string): string => `${LOGIN}${login}`;

/** What of a person may be the login of a code host: the name, where it is one word, and what e-mails begin with. */
function wordsThatMayBeLogins({ name, emails }: Person): string[] {
  const words = [plainName(name), ...emails.map(email => email.toLowerCase().split('@')[0] ?? '')];
  return words
    .filter(
      word =>
        word.length >= LEAST_LETTERS && !word.includes(' ') && !word.includes('+') && !NAMELESS.has(word),
    )
    .map(loginKey);
}

/** A name without regard to case, spaces and dots. Pure. */
function plainName(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s.]+/g, ' ')
    .trim();
}

/** People who have a key in common; for logins, at least one of them by a code host's address. */
function alikeBy(people: readonly Person[], keysOf: KeysOf, loginsOf: KeysOf): Person[][] {
  const byKey = new Map<string, Person[]>();
  for (const person of people)
    for (const key of new Set(keysOf(person))) {
      const known = byKey.get(key);
      if (known) known.push(person);
      else byKey.set(key, [person]);
    }
  return [...byKey].flatMap(([key, alike]) => {
    if (alike.length < 2 || alike.length > LARGEST_GROUP) return [];
    if (!key.startsWith(LOGIN)) return [alike];
    return alike.some(person => loginsOf(person).includes(key)) ? [alike] : [];
  });
}

function pairs<T>(all: readonly T[]): (readonly [T, T])[] {
  return all.flatMap((one, at) => all.slice(at + 1).map(other => [one, other] as const));
}

function pairKey(first: Person, second: Person): string {
  return [refusalNameOf(first), refusalNameOf(second)].sort().join('\n');
}

function commitsOf({ people }: MergeSuggestion): number {
  return people.reduce((sum, { commits }) => sum + commits, 0);
}

function suggestionOf(reason: MergeReason, members: readonly Person[]): MergeSuggestion {
  const people = members.toSorted((one, other) => other.commits - one.commits || one.id - other.id);
  const emails = [...new Map(people.map(({ email }) => [email.toLowerCase(), email])).values()];
  return { id: people.map(({ id }) => id).join('-'), reason, people, emails };
}

/** People in groups that grow together, each with the strongest reason that made it. */
class Groups {
  readonly #leader = new Map<number, number>();
  readonly #reasons = new Map<number, MergeReason>();
  readonly #people: ReadonlyMap<number, Person>;

  constructor(people: readonly Person[]) {
    this.#people = new Map(people.map(person => [person.id, person]));
  }

  join(one: Person, other: Person, reason: MergeReason): void {
    const first = this.#leaderOf(one.id);
    const second = this.#leaderOf(other.id);
    // Reasons come from the strongest to the weakest.
    const strongest = this.#reasons.get(first) ?? this.#reasons.get(second) ?? reason;
    this.#leader.set(second, first);
    this.#reasons.set(first, strongest);
  }

  all(): { readonly reason: MergeReason; readonly members: readonly Person[] }[] {
    const ids = [...this.#leader.keys()];
    const groups = Map.groupBy(new Set([...ids, ...this.#reasons.keys()]), id => this.#leaderOf(id));
    return [...groups].flatMap(([leader, members]) => {
      const reason = this.#reasons.get(leader);
      const people = members.map(id => this.#people.get(id)).filter(person => person !== undefined);
      return reason === undefined || people.length < 2 || people.length > LARGEST_GROUP
        ? []
        : [{ reason, members: people }];
    });
  }

  #leaderOf(id: number): number {
    let at = id;
    for (let next = this.#leader.get(at); next !== undefined && next !== at; next = this.#leader.get(at))
      at = next;
    return at;
  }
}
