import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOfText, textOfBytes } from '../../../base/byte-text.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { HistoryWriter } from '../../../keep/store/history.ts';
import { mailmapName } from '../../../keep/store/people.ts';
import type { PersonIdentity, RepositoryTotals } from '../../../keep/store/types.ts';
import { runGit } from '../git/spawn.ts';

/** Identities that one git process maps. */
const IDENTITIES_AT_ONCE = 20_000;

/** Mailmaps, and the people that they are applied to. */
export interface MapPersonIdentitiesOptions {
  /** Any repository: git wants one to stand in. */
  readonly gitDir: string;
  readonly writer: Pick<HistoryWriter, 'unmapped' | 'map'>;
  /** Content of the repository's own; undefined when there is none. */
  readonly mailmap: Buffer | undefined;
  /** Content of the one that the configuration names for all repositories. */
  readonly station?: Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Records what the mailmaps make of every identity in the store, by git's own rules: the station's augments the
 * repository's, and is above it, as `mailmap.file` is. Where it says nothing of an identity, it is asked of what the
 * repository's made of that one. Only identities that these very mailmaps have not been applied to are asked about, so a
 * repeated call costs nothing and a changed mailmap never reads history again.
 */
export async function mapPersonIdentities(
  options: MapPersonIdentitiesOptions,
): Promise<RepositoryTotals | undefined> {
  const { writer, mailmap, station } = options;
  const name = mailmapName(hashOf(mailmap), hashOf(station));
  const identities = await writer.unmapped(name);
  if (identities.length === 0) return undefined;
  if (name === '') return writer.map(name, identities.map(mapToItself));
  const folder = await mkdtemp(join(tmpdir(), 'sluice-mailmap-'));
  try {
    const own = mailmap ?? Buffer.alloc(0);
    const maps: Mailmaps = { both: await write(join(folder, 'both'), own), station: undefined };
    if (station !== undefined && station.length > 0) {
      // A line that nothing ended would swallow the next.
      maps.both = await write(join(folder, 'both'), Buffer.concat([own, Buffer.from('\n'), station]));
      maps.station = await write(join(folder, 'station'), station);
    }
    const mapped: Mapped[] = [];
    for (let from = 0; from < identities.length; from += IDENTITIES_AT_ONCE) {
      mapped.push(...(await mapSome(identities.slice(from, from + IDENTITIES_AT_ONCE), maps, options)));
    }
    return await writer.map(name, mapped);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a mailmap is called by its content; empty where it says nothing. Pure. */
export function hashOf(mailmap: Buffer | undefined): string {
  return mailmap === undefined || mailmap.length === 0
    ? ''
    : createHash('sha256').update(mailmap).digest('hex');
}

/** Files. */
interface Mailmaps {
  both: string;
  station: string | undefined;
}

interface Mapped {
  readonly from: PersonIdentity;
  readonly to: PersonIdentity;
}

async function write(file: string, content: Buffer): Promise<string> {
  await writeFile(file, content);
  return file;
}

async function mapSome(
  identities: readonly PersonIdentity[],
  { both, station }: Mailmaps,
  options: MapPersonIdentitiesOptions,
): Promise<Mapped[]> {
  const mapped = await mapBy(both, identities, options);
  if (station === undefined) return mapped;
  const made = mapped.map(({ to }) => to);
  const further = await mapBy(station, [...identities, ...made], options);
  return mapped.map(({ from, to }, at) => {
    const saysNothing = isSame(further[at]?.to, from);
    return { from, to: (saysNothing && further[identities.length + at]?.to) || to };
  });
}

function isSame(one: PersonIdentity | undefined, other: PersonIdentity): boolean {
  return one?.name === other.name && one.email === other.email;
}

function mapToItself(identity: PersonIdentity): Mapped {
  return { from: identity, to: identity };
}

/** What git could not read back as it was written stays as it is; of raw bytes. */
function isPlain({ name, email }: PersonIdentity): boolean {
  return !/[<>\r\n]|^[ \t]|[ \t]$/.test(name) && !/[<>\r\n]/.test(email);
}

function rawIdentity({ name, email }: PersonIdentity): PersonIdentity {
  return { name: bytesOfText(name), email: bytesOfText(email) };
}

/** In the order of the identities. */
async function mapBy(
  file: string,
  identities: readonly PersonIdentity[],
  { gitDir, signal }: MapPersonIdentitiesOptions,
): Promise<Mapped[]> {
  const plain = identities.filter(identity => isPlain(rawIdentity(identity)));
  // The blob is named so that there is none: git would else look for HEAD:.mailmap, which may not be here.
  const config = ['-c', `mailmap.file=${file}`, '-c', 'mailmap.blob=refs/sluice/no-mailmap:none'];
  const lines = plain.map(rawIdentity).map(({ name, email }) => `${name} <${email}>\n`);
  const answer = await runGit([...config, 'check-mailmap', '--stdin'], {
    gitDir,
    input: Buffer.from(lines.join(''), 'latin1'),
    maxBytes: 2 ** 30,
    signal,
  });
  const answers = answer.toString('latin1').split('\n');
  if (answers.length - 1 !== plain.length) {
    throw new SluiceError(
      'git_failed',
      `git check-mailmap answered ${answers.length - 1} of ${plain.length}`,
    );
  }
  const answered = new Map(plain.map((from, index) => [from, readContact(answers[index] ?? '')]));
  return identities.map(from => ({ from, to: answered.get(from) ?? from }));
}

/** `Name <email>`, or `<email>` alone; of raw bytes. */
function readContact(line: string): PersonIdentity {
  const open = line.lastIndexOf('<');
  return {
    name: textOfBytes(line.slice(0, open).replace(/ $/, '')),
    email: textOfBytes(line.slice(open + 1, line.lastIndexOf('>'))),
  };
}
