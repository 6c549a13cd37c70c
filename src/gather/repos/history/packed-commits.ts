import type { CommitRow, CommitRows, PersonIdentity } from '../../../keep/store/types.ts';

/**
 * Numbers of one commit in `PackedCommits.numbers`: author, authoredAt, zone, committer, committedAt, zone, parents,
 * signed.
 */
const NUMBERS = 8;

/**
 * Commits as they go from one thread to another: a few long strings and one array of numbers are copied in a tenth of
 * the time that as many objects take.
 */
export interface PackedCommits {
  readonly count: number;
  /** Digits of a hash. */
  readonly digits: number;
  /** One after the other: of each commit its hash and its parents'. */
  readonly hashes: string;
  /** Subject, whole message and trailers, NUL after each; empty where there is none beyond the subject. */
  readonly texts: string;
  readonly numbers: Float64Array;
  /** People who are named for the first time, in the order of their numbers. */
  readonly people: readonly PersonIdentity[];
  /** Position of the commit and number of the person, in turn. */
  readonly coAuthors: readonly number[];
  /** The numbers begin anew with these people. */
  readonly anew: boolean;
}

/** More people than this begin anew, so that neither side grows with the history. */
const MAX_PEOPLE = 65_536;

/** Packs commits, and gives people numbers. Its `CommitUnpacker` must get every batch, in order. */
export class CommitPacker {
  readonly #mostPeople: number;
  readonly #numberOf = new Map<PersonIdentity, number>();
  #count = 0;
  #digits = 0;
  #hashes = '';
  #texts = '';
  #numbers: number[] = [];
  #people: PersonIdentity[] = [];
  #coAuthors: number[] = [];
  #anew = false;

  constructor(mostPeople = MAX_PEOPLE) {
    this.#mostPeople = mostPeople;
  }

  /** Commits that have been added and not taken. */
  get count(): number {
    return this.#count;
  }

  add(commit: CommitRow): void {
    this.#digits = commit.hash.length;
    this.#hashes += commit.hash;
    for (const parent of commit.parents) this.#hashes += parent;
    this.#texts += `${commit.subject}\0${commit.message ?? ''}\0${commit.trailers ?? ''}\0`;
    this.#numbers.push(
      this.#person(commit.author),
      commit.authoredAt,
      commit.authoredZone,
      this.#person(commit.committer),
      commit.committedAt,
      commit.committedZone,
      commit.parents.length,
      commit.signed ? 1 : 0,
    );
    for (const person of commit.coAuthors) this.#coAuthors.push(this.#count, this.#person(person));
    this.#count += 1;
  }

  /** What has been added since the last call. */
  take(): PackedCommits {
    const packed = {
      count: this.#count,
      digits: this.#digits,
      hashes: this.#hashes,
      texts: this.#texts,
      numbers: Float64Array.from(this.#numbers),
      people: this.#people,
      coAuthors: this.#coAuthors,
      anew: this.#anew,
    };
    this.#count = 0;
    this.#hashes = '';
    this.#texts = '';
    this.#numbers = [];
    this.#people = [];
    this.#coAuthors = [];
    this.#anew = this.#numberOf.size >= this.#mostPeople;
    if (this.#anew) this.#numberOf.clear();
    return packed;
  }

  #person(person: PersonIdentity): number {
    let number = this.#numberOf.get(person);
    if (number === undefined) {
      number = this.#numberOf.size;
      this.#numberOf.set(person, number);
      this.#people.push(person);
    }
    return number;
  }
}

/** The other end of a `CommitPacker`: the same person is the same object, in whichever batch. */
export class CommitUnpacker {
  #people: PersonIdentity[] = [];

  /** Makes each commit when it is asked for, so that none lives longer than it takes to store it. */
  unpack(packed: PackedCommits): CommitRows {
    if (packed.anew) this.#people = [];
    for (const person of packed.people) this.#people.push(person);
    const people = this.#people;
    return { length: packed.count, [Symbol.iterator]: () => rowsOf(packed, people) };
  }
}

const NOBODY: readonly PersonIdentity[] = [];

function* rowsOf(packed: PackedCommits, people: readonly PersonIdentity[]): Generator<CommitRow> {
  const { count, digits, hashes, texts, numbers, coAuthors } = packed;
  let hashAt = 0;
  let textAt = 0;
  let coAuthorAt = 0;
  for (let index = 0; index < count; index += 1) {
    const at = index * NUMBERS;
    const hash = hashes.slice(hashAt, hashAt + digits);
    hashAt += digits;
    const parents: string[] = [];
    for (let parent = numbers[at + 6] as number; parent > 0; parent -= 1) {
      parents.push(hashes.slice(hashAt, hashAt + digits));
      hashAt += digits;
    }
    const subjectEnd = texts.indexOf('\0', textAt);
    const messageEnd = texts.indexOf('\0', subjectEnd + 1);
    const trailersEnd = texts.indexOf('\0', messageEnd + 1);
    let named: PersonIdentity[] | undefined;
    for (; coAuthors[coAuthorAt] === index; coAuthorAt += 2) {
      named ??= [];
      named.push(people[coAuthors[coAuthorAt + 1] as number] as PersonIdentity);
    }
    yield {
      hash,
      parents,
      author: people[numbers[at] as number] as PersonIdentity,
      authoredAt: numbers[at + 1] as number,
      authoredZone: numbers[at + 2] as number,
      committer: people[numbers[at + 3] as number] as PersonIdentity,
      committedAt: numbers[at + 4] as number,
      committedZone: numbers[at + 5] as number,
      subject: texts.slice(textAt, subjectEnd),
      message: texts.slice(subjectEnd + 1, messageEnd) || undefined,
      trailers: texts.slice(messageEnd + 1, trailersEnd) || undefined,
      signed: numbers[at + 7] === 1,
      coAuthors: named ?? NOBODY,
    };
    textAt = trailersEnd + 1;
  }
}
