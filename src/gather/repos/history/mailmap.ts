import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesOfText, textOfBytes } from '../../../base/byte-text.ts';
import { SluiceError } from '../../../base/errors.ts';
import type { HistoryWriter } from '../../../keep/store/history.ts';
import type { PersonIdentity, RepositoryTotals } from '../../../keep/store/types.ts';
import { runGit } from '../git/spawn.ts';

/** Identities that one git process maps. */
const IDENTITIES_AT_ONCE = 20_000;

/** A mailmap, and the people that it is applied to. */
export interface MapPersonIdentitiesOptions {
  readonly gitDir: string;
  readonly writer: HistoryWriter;
  /** Content of the mailmap that counts; undefined when there is none. */
  readonly mailmap: Buffer | undefined;
  readonly signal?: AbortSignal;
}

/**
 * Records what the mailmap makes of every identity in the store, by git's own rules. Only identities
 * that this very mailmap has not been applied to are asked about, so a repeated call costs nothing and a
 * changed mailmap never reads history again.
 */
export async function mapPersonIdentities(
  options: MapPersonIdentitiesOptions,
): Promise<RepositoryTotals | undefined> {
  const { writer, mailmap } = options;
  const mailmapHash =
    mailmap === undefined || mailmap.length === 0 ? '' : createHash('sha256').update(mailmap).digest('hex');
  const identities = await writer.unmapped(mailmapHash);
  if (identities.length === 0) return undefined;
  if (mailmap === undefined || mailmapHash === '') {
    return writer.map(mailmapHash, identities.map(mapToItself));
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-mailmap-'));
  try {
    const file = join(folder, 'mailmap');
    await writeFile(file, mailmap);
    const mapped: { from: PersonIdentity; to: PersonIdentity }[] = [];
    for (let from = 0; from < identities.length; from += IDENTITIES_AT_ONCE) {
      mapped.push(...(await mapSome(identities.slice(from, from + IDENTITIES_AT_ONCE), file, options)));
    }
    return await writer.map(mailmapHash, mapped);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function mapToItself(identity: PersonIdentity): { from: PersonIdentity; to: PersonIdentity } {
  return { from: identity, to: identity };
}

/** What git could not read back as it was written stays as it is; of raw bytes. */
function isPlain({ name, email }: PersonIdentity): boolean {
  return !/[<>\r\n]|^[ \t]|[ \t]$/.test(name) && !/[<>\r\n]/.test(email);
}

function rawIdentity({ name, email }: PersonIdentity): PersonIdentity {
  return { name: bytesOfText(name), email: bytesOfText(email) };
}

async function mapSome(
  identities: readonly PersonIdentity[],
  file: string,
  { gitDir, signal }: MapPersonIdentitiesOptions,
): Promise<{ from: PersonIdentity; to: PersonIdentity }[]> {
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
  const mapped = plain.map((from, index) => ({ from, to: readContact(answers[index] ?? '') }));
  const asked = new Set(plain);
  return [...mapped, ...identities.filter(identity => !asked.has(identity)).map(mapToItself)];
}

/** `Name <email>`, or `<email>` alone; of raw bytes. */
function readContact(line: string): PersonIdentity {
  const open = line.lastIndexOf('<');
  return {
    name: textOfBytes(line.slice(0, open).replace(/ $/, '')),
    email: textOfBytes(line.slice(open + 1, line.lastIndexOf('>'))),
  };
}
