import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock as clock } from '../../src/base/clock.ts';
import { creationDateOf, identityOf, regularFile } from '../../src/deliver/spool/files.ts';
import { Spool } from '../../src/deliver/spool/spool.ts';
import type { RecordChange } from '../../src/keep/local/journal.ts';
import { openLocal } from '../../src/keep/sqlite/open-local.ts';

/** How a file of readings waits. */
export type Waiting = 'incoming' | 'backing off' | 'held' | 'failed' | 'sent' | 'not handed over';

const CHANGES: Record<Exclude<Waiting, 'not handed over'>, RecordChange> = {
  incoming: {},
  'backing off': { failures: 3, nextAttemptAtMs: clock.nowMs() + 3_600_000, errorCode: 'timed_out' },
  held: { hold: 'bucket', nextAttemptAtMs: null },
  sent: { sentAtMs: clock.nowMs() },
  failed: { outcome: 'failure', nextAttemptAtMs: null, errorCode: 'access_denied' },
};
const AREAS = {
  incoming: 'incoming',
  'backing off': 'processing',
  held: 'incoming',
  sent: 'processing',
  failed: 'failed',
} as const;

/** A spool with capture files that wait in it, and its journals; the caller closes them. */
export async function unsentSpool(root: string) {
  const path = join(root, 'sluice.db');
  const captures = await openLocal(path, { clock }).openCaptures();
  const journal = await openLocal(path, { clock }).openJournal();
  const spool = new Spool(root);
  spool.prepare([{ profile: 'local', buckets: ['outbox'] }]);
  const directory = join(root, 'capture');
  mkdirSync(join(directory, 'local/outbox/one'), { recursive: true });

  /** A file as delivery knows it. @returns the number of its record */
  async function put(
    area: 'incoming' | 'processing' | 'failed' | 'completed',
    filepath: string,
    bytes: number,
    change: RecordChange = {},
  ): Promise<number> {
    const address = { profile: 'local', bucket: 'outbox', filepath };
    const file = spool.pathOf(area, address);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, Buffer.alloc(bytes, 1));
    const stats = regularFile(file);
    if (!stats) throw new Error(`${file} is not there`);
    const record = await journal.enter({
      ...address,
      ...identityOf(stats),
      state: area,
      fileCreationDate: creationDateOf(stats),
      nextAttemptAtMs: area === 'completed' ? null : clock.nowMs(),
      hold: null,
    });
    await journal.change(record.id, change);
    return record.id;
  }

  return {
    root,
    directory,
    captures,
    journal,
    spool,
    put,
    /** A complete file of ten readings that waits so. @returns its path, and the number of its record */
    async putUnsent(index: number, waiting: Waiting, bytes: number) {
      const filepath = `one/20260105T000000.000Z-${String(index).padStart(6, '0')}.ndjson`;
      let recordId: number | null = null;
      if (waiting === 'not handed over')
        writeFileSync(join(directory, 'local/outbox', filepath), Buffer.alloc(bytes, 1));
      else recordId = await put(AREAS[waiting], filepath, bytes, CHANGES[waiting]);
      await captures.enter([
        {
          collector: 'one',
          method: 'file',
          profile: 'local',
          bucket: 'outbox',
          filepath,
          readings: 10,
          bytes,
          firstAt: '2026-01-05T00:00:00.000Z',
          lastAt: '2026-01-05T00:00:01.000Z',
          intervalMs: 100,
          tags: [],
          station: 'here',
          reason: 'size',
          completedAtMs: 1,
        },
      ]);
      return { path: `local/outbox/${filepath}`, recordId };
    },
    async close() {
      await captures.close();
      await journal.close();
    },
  };
}
