import type { FileAddress, Journal } from '../../keep/local/journal.ts';
import type { SpoolContext } from '../context.ts';
import { addressOf } from './address.ts';
import { creationDateOf, identityOf, sameIdentity } from './files.ts';
import { pathIn } from './spool.ts';
import { type WalkedFile, walkFiles } from './walk.ts';

/** Read, or entered so that they share a commit, at a time. */
const PAGE = 500;
/** A profile that the credentials no longer have is for the try to notice. */
const ANY_PROFILE = { has: () => true };

/**
 * Puts the files of `failed` on record that have none: their database was lost, or somebody put them there. From then on
 * they are listed, tried again and dropped like any other. May be repeated, also beside a station that moves files there.
 * @returns how many they were
 */
export async function recordFailedFiles(context: Pick<SpoolContext, 'spool' | 'journal'>): Promise<number> {
  const { spool, journal } = context;
  let onRecord: ReadonlySet<string> | undefined;
  let entering: Promise<void>[] = [];
  let entered = 0;
  for await (const file of walkFiles(spool.areaPath('failed'))) {
    onRecord ??= pathsOnRecord(journal);
    if ('problem' in file || onRecord.has(file.relative)) continue;
    const address = addressOf(file.relative, ANY_PROFILE);
    if ('fault' in address || isBeingMoved(context, address, file)) continue;
    entered += 1;
    entering.push(enter(journal, address, file));
    if (entering.length < PAGE) continue;
    await Promise.all(entering);
    entering = [];
  }
  await Promise.all(entering);
  return entered;
}

type PlainFile = Extract<WalkedFile, { stats: unknown }>;

/** Where failed files of the spool lie below the area, as their records say it. */
function pathsOnRecord(journal: Journal): ReadonlySet<string> {
  const paths = new Set<string>();
  for (let afterId = 0; ; ) {
    const page = journal.inState('failed', afterId, PAGE);
    for (const record of page)
      if (record.source === null && record.removedAtMs === null) paths.add(pathIn(record, record.location));
    if (page.length < PAGE) return paths;
    afterId = page.at(-1)?.id ?? afterId;
  }
}

/** Between a file's move and its record's change, or since the records were read, it is on record all the same. */
function isBeingMoved(
  { journal }: { readonly journal: Journal },
  address: FileAddress,
  { stats }: PlainFile,
): boolean {
  return (['processing', 'incoming', 'failed'] as const).some(state => {
    const record = journal.byAddress(address, state);
    return record !== undefined && record.removedAtMs === null && sameIdentity(record, identityOf(stats));
  });
}

async function enter(journal: Journal, address: FileAddress, { stats }: PlainFile): Promise<void> {
  const { id } = await journal.enter({
    ...address,
    ...identityOf(stats),
    state: 'failed',
    fileCreationDate: creationDateOf(stats),
    nextAttemptAtMs: null,
    hold: null,
  });
  await journal.change(id, {
    outcome: 'failure',
    errorCode: 'record_missing',
    errorAnswer: 'give-up',
    errorMessage: 'it lay in failed without a record, which would say why',
  });
}
