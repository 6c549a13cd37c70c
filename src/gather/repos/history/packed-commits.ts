import type { CommitRow, CommitRows, EncodedMessage, PersonIdentity } from '../../../keep/store/types.ts';

/** Commits of one packet at the most. */
export const PACKET_COMMITS = 1024;
/**
 * Numbers of one commit in a packet: author, authoredAt, zone, committer, committedAt, zone, parents, signed; of how many
 * bytes subject, message and trailers are, 0 where there is none beyond the subject.
 */
const NUMBERS = 11;
/** A packet begins with the numbers of all commits that it may have; their texts follow. */
const NUMBERS_BYTES = PACKET_COMMITS * NUMBERS * Float64Array.BYTES_PER_ELEMENT;
/** What one packet takes of the memory that both sides share: most commits are less than a kilobyte. */
export const PACKET_BYTES = 2 ** 19;
/** A character is three bytes of UTF-8 at the most. */
const CHARACTER_BYTES = 3;

/**
 * What goes from one thread to the other beside the bytes of a packet, in which there are of each commit its hash and its
 * parents' as digits, subject, whole message and trailers. As bytes in memory that both share they cost neither heap: as
 * strings they were copied three times, and outlived the collections of young garbage while they waited.
 */
export interface PackedCommits {
  readonly count: number;
  /** Digits of a hash. */
  readonly digits: number;
  /** Where its texts end. */
  readonly textEnd: number;
  /** People who are named for the first time, in the order of their numbers. */
  readonly people: readonly PersonIdentity[];
  /** Position of the commit and number of the person, in turn. */
  readonly coAuthors: readonly number[];
  /** The numbers begin anew with these people. */
  readonly anew: boolean;
  /** The bytes of a single commit that is too large for a packet. */
  readonly own: Uint8Array | undefined;
}

/** More people than this begin anew, so that neither side grows with the history. */
const MAX_PEOPLE = 65_536;

/** Packs commits, and gives people numbers. Its `CommitUnpacker` must get every packet, in order. */
export class CommitPacker {
  readonly #mostPeople: number;
  readonly #numberOf = new Map<PersonIdentity, number>();
  #bytes: Buffer = Buffer.alloc(0);
  #numbers: Float64Array = new Float64Array();
  #own: Uint8Array | undefined;
  #at = 0;
  #count = 0;
  #digits = 0;
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

  /** Begins a packet in these bytes, `PACKET_BYTES` of them. */
  begin(bytes: Uint8Array): void {
    this.#own = undefined;
    this.#useBytes(bytes);
  }

  /** @returns false where the packet has no room for it: it then goes into the next one, where it always finds room */
  add(commit: CommitRow): boolean {
    const { hash, parents, subject, message = '', trailers = '' } = commit;
    const textChars = subject.length + message.length + trailers.length;
    const most = hash.length * (1 + parents.length) + textChars * CHARACTER_BYTES;
    if (this.#count === PACKET_COMMITS || this.#own) return false;
    if (this.#at + most > this.#bytes.length) {
      if (this.#count > 0) return false;
      this.#own = new Uint8Array(NUMBERS_BYTES + most);
      this.#useBytes(this.#own);
    }
    this.#digits = hash.length;
    this.#write(hash, 'latin1');
    for (const parent of parents) this.#write(parent, 'latin1');
    const numbers = this.#numbers;
    let at = this.#count * NUMBERS;
    numbers[at++] = this.#person(commit.author);
    numbers[at++] = commit.authoredAt;
    numbers[at++] = commit.authoredZone;
    numbers[at++] = this.#person(commit.committer);
    numbers[at++] = commit.committedAt;
    numbers[at++] = commit.committedZone;
    numbers[at++] = parents.length;
    numbers[at++] = commit.signed ? 1 : 0;
    numbers[at++] = this.#write(subject, 'utf8');
    numbers[at++] = this.#write(message, 'utf8');
    numbers[at++] = this.#write(trailers, 'utf8');
    for (const person of commit.coAuthors) this.#coAuthors.push(this.#count, this.#person(person));
    this.#count += 1;
    return true;
  }

  /** What has been added since `begin`, which must follow. */
  take(): PackedCommits {
    const packed = {
      count: this.#count,
      digits: this.#digits,
      textEnd: this.#at,
      people: this.#people,
      coAuthors: this.#coAuthors,
      anew: this.#anew,
      own: this.#own,
    };
    this.#count = 0;
    this.#people = [];
    this.#coAuthors = [];
    this.#anew = this.#numberOf.size >= this.#mostPeople;
    if (this.#anew) this.#numberOf.clear();
    return packed;
  }

  #useBytes(bytes: Uint8Array): void {
    this.#bytes = asBuffer(bytes);
    this.#numbers = numbersIn(bytes);
    this.#at = NUMBERS_BYTES;
  }

  /** @returns how many bytes it took */
  #write(text: string, encoding: 'latin1' | 'utf8'): number {
    if (text === '') return 0;
    const written = this.#bytes.write(text, this.#at, encoding);
    this.#at += written;
    return written;
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

/** The other end of a `CommitPacker`: the same person is the same object, in whichever packet. */
export class CommitUnpacker {
  #people: PersonIdentity[] = [];

  /**
   * Makes each commit when it is asked for, so that none lives longer than it takes to store it.
   * @param bytes what the packet was begun with; its commits are there as long as nothing else is packed into it
   */
  unpack(packed: PackedCommits, bytes: Uint8Array): CommitRows {
    if (packed.anew) this.#people = [];
    for (const person of packed.people) this.#people.push(person);
    const people = this.#people;
    const from = packed.own ?? bytes;
    return {
      length: packed.count,
      [Symbol.iterator]: () => rowsOf(packed, from, people, true),
      get encoded() {
        if (asBuffer(from.subarray(NUMBERS_BYTES, packed.textEnd)).includes(0)) return undefined;
        return {
          rows: { [Symbol.iterator]: () => rowsOf(packed, from, people, false) },
          messages: { [Symbol.iterator]: () => messagesOf(packed, from) },
        };
      },
    };
  }
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function numbersIn({ buffer, byteOffset }: Uint8Array): Float64Array {
  return new Float64Array(buffer, byteOffset, PACKET_COMMITS * NUMBERS);
}

const NOBODY: readonly PersonIdentity[] = [];

function* rowsOf(
  { count, digits, coAuthors }: PackedCommits,
  bytes: Uint8Array,
  people: readonly PersonIdentity[],
  withMessages: boolean,
): Generator<CommitRow> {
  const texts = asBuffer(bytes);
  const numbers = numbersIn(bytes);
  let textAt = NUMBERS_BYTES;
  let coAuthorAt = 0;
  const text = (length: number): string => {
    const start = textAt;
    textAt += length;
    return length === 0 ? '' : texts.toString('utf8', start, textAt);
  };
  for (let index = 0; index < count; index += 1) {
    const at = index * NUMBERS;
    const hashesEnd = textAt + digits * (1 + (numbers[at + 6] as number));
    const hashes = texts.toString('latin1', textAt, hashesEnd);
    textAt = hashesEnd;
    const parents: string[] = [];
    for (let hash = digits; hash < hashes.length; hash += digits)
      parents.push(hashes.slice(hash, hash + digits));
    let named: PersonIdentity[] | undefined;
    for (; coAuthors[coAuthorAt] === index; coAuthorAt += 2) {
      named ??= [];
      named.push(people[coAuthors[coAuthorAt + 1] as number] as PersonIdentity);
    }
    const subject = text(numbers[at + 8] as number);
    const message = numbers[at + 9] as number;
    const trailers = numbers[at + 10] as number;
    if (!withMessages) textAt += message + trailers;
    yield {
      hash: hashes.slice(0, digits),
      parents,
      author: people[numbers[at] as number] as PersonIdentity,
      authoredAt: numbers[at + 1] as number,
      authoredZone: numbers[at + 2] as number,
      committer: people[numbers[at + 3] as number] as PersonIdentity,
      committedAt: numbers[at + 4] as number,
      committedZone: numbers[at + 5] as number,
      subject,
      message: withMessages ? text(message) || undefined : undefined,
      trailers: withMessages ? text(trailers) || undefined : undefined,
      signed: numbers[at + 7] === 1,
      coAuthors: named ?? NOBODY,
    };
  }
}

function* messagesOf(
  { count, digits }: PackedCommits,
  packet: Uint8Array,
): Generator<EncodedMessage | undefined> {
  const bytes = asBuffer(packet);
  const numbers = numbersIn(packet);
  const found = { bytes, from: NUMBERS_BYTES, messageBytes: 0, trailersBytes: 0 };
  for (let at = 0; at < count * NUMBERS; at += NUMBERS) {
    found.from += digits * (1 + (numbers[at + 6] as number)) + (numbers[at + 8] as number);
    found.messageBytes = numbers[at + 9] as number;
    found.trailersBytes = numbers[at + 10] as number;
    yield found.messageBytes === 0 ? undefined : found;
    found.from += found.messageBytes + found.trailersBytes;
  }
}
