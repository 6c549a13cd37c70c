import { unlinkSync } from 'node:fs';
import { asSluiceError } from '../../base/errors.ts';
import type { FileRecord } from '../../keep/local/journal.ts';
import type { FolderSettings } from '../settings.ts';
import { codeOf, identityOf, regularFile, sameIdentity } from '../spool/spool.ts';
import type { AttemptContext } from './attempt-context.ts';
import type { Sent } from './upload/sending.ts';

/** What is special about files that are delivered from where they lie (V4). */

function folderOf(context: AttemptContext, source: string): FolderSettings | undefined {
  return context.settings.folders.find(folder => source.startsWith(`${folder.path}/`));
}

/** Whether the file has no content yet (V3), or was modified too lately; its record then waits until it would have settled. */
export async function isUnsettled(
  context: AttemptContext,
  record: FileRecord,
  source: string,
): Promise<boolean> {
  const folder = folderOf(context, source);
  const stats = regularFile(source);
  if (!folder) {
    // No longer among the folders: nothing is tried until it is again.
    await context.journal.change(record.id, { nextAttemptAtMs: null });
    return true;
  }
  if (stats?.size === 0 && context.settings.emptyFiles === 'wait') {
    await context.journal.change(record.id, { ...identityOf(stats), hold: 'empty', nextAttemptAtMs: null });
    return true;
  }
  const settledAtMs = Math.ceil((stats?.mtimeMs ?? 0) + folder.settleMs);
  // A file dated in the future would otherwise never settle.
  const inFuture = stats !== undefined && stats.mtimeMs > context.clock.nowMs();
  if (!stats || inFuture || settledAtMs <= context.clock.nowMs()) return false;
  await context.journal.change(record.id, { ...identityOf(stats), nextAttemptAtMs: settledAtMs });
  return true;
}

/**
 * What becomes of a delivered file (`after`). One that has changed since it was sent is left: it will be sent again.
 * @returns as Spool.finish; `source` null where the file now lies in `completed`
 */
export async function leaveFolder(
  context: AttemptContext,
  record: FileRecord,
  sent: Sent,
): Promise<{ readonly location: string | null; readonly source?: null } | undefined> {
  const source = record.source ?? '';
  const folder = folderOf(context, source);
  const stats = regularFile(source);
  if (!folder || folder.after === 'keep') return { location: null };
  if (!stats || !sameIdentity(identityOf(stats), sent.identity)) return { location: null };
  if (folder.after === 'completed') {
    const location = await context.spool.adopt(source, record, record.id);
    return { location, source: null };
  }
  try {
    unlinkSync(source);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw asSluiceError(error, { operation: 'delete', subject: source });
  }
  return undefined;
}
