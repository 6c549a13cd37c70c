/** A person: one or several e-mails, over all repositories. */
export interface Person {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  /** A program. */
  readonly bot: boolean;
  /** Somebody said whether it is one; otherwise the patterns did. */
  readonly botByHand: boolean;
  readonly commits: number;
  /** Every mailmapped e-mail that counts as this person, the person's own first. */
  readonly emails: readonly string[];
  /** E-mails of commits that mailmaps make this person's, where they are others. */
  readonly mailmapped: readonly string[];
}

/** A repository whose people are named by another mailmap of the station than is in force. */
export interface MailmapBehind {
  readonly repositoryId: number;
  /** The repository's own, empty where it has none; undefined where the next bake has to say what it is. */
  readonly mailmap: Buffer | undefined;
}

export interface PeopleFilter {
  /** Somewhere in a name or an e-mail, without regard to case (ASCII). */
  readonly text?: string | undefined;
  readonly bots?: 'only' | 'exclude' | undefined;
  /** Goes on behind this person of the page before, as they were then. */
  readonly after?: Pick<Person, 'commits' | 'name' | 'email' | 'id'> | undefined;
  readonly limit: number;
}

/** Between the names of a repository's own mailmap and the station's. */
const BESIDE = '+';

/**
 * What mailmaps in force are called by their content: as hashes, the repository's own alone where there is no other.
 * Empty without any. Pure.
 */
export function mailmapName(own: string, station: string): string {
  return station === '' ? own : `${own}${BESIDE}${station}`;
}

/** Two people of whom somebody said that they are not one, each as `refusalNameOf` has it; the lesser first. */
export interface RefusedMerge {
  readonly one: string;
  readonly other: string;
}

/** A person as refusals know them: whatever becomes of their number. Pure. */
export function refusalNameOf({ name, email }: Pick<Person, 'name' | 'email'>): string {
  return `${name} <${email}>`.toLowerCase();
}

/**
 * Who is who, beyond mailmaps. Identities are merged by e-mail, without regard to case; no history is read
 * again. Every method may be repeated.
 */
export interface PeopleStore {
  /** Those with most commits first. */
  list(filter: PeopleFilter): Promise<Person[]>;
  /** How many there are, on all pages. */
  count(filter: Pick<PeopleFilter, 'text' | 'bots'>): Promise<number>;
  /**
   * Makes all commits under any of the e-mails those of one person: who has most commits under the first. What an
   * e-mail was merged into before comes along. One e-mail alone is merged where several people have it under
   * different names. Throws `usage` for one that only one person has, `not_found` for an unknown one.
   */
  merge(emails: readonly string[]): Promise<Person>;
  /** Takes e-mails out of the person that they were merged into. Throws `not_found` for one that is not merged. */
  split(emails: readonly string[]): Promise<void>;
  /** Says whether a person is a program; null leaves it to the patterns again. Throws `not_found`. */
  setBot(email: string, bot: boolean | null): Promise<Person>;
  /**
   * Repositories of which not the station's mailmap of that name is in force beside their own, by their ids.
   * @param stationMailmap as it was given to `mailmapName`; empty where there is none
   */
  mailmapsBehind(stationMailmap: string, afterRepositoryId: number, limit: number): Promise<MailmapBehind[]>;
  /** Keeps in mind, or no longer, that two people each are not one. */
  refuse(refused: readonly RefusedMerge[], isRefused: boolean): Promise<void>;
  /** All of whom that was said. */
  refusals(): Promise<RefusedMerge[]>;
}
