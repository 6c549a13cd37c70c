import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DeliveryContext } from '../../src/deliver/context.ts';
import { FolderEnclosures } from '../../src/deliver/origin/folder-enclosures.ts';
import { folderFile } from '../../src/deliver/origin/folder-file.ts';
import { applyRetention, mustGo, type RetentionContext } from '../../src/deliver/retention.ts';
import { identityOf } from '../../src/deliver/spool/files.ts';
import type { FileRecord } from '../../src/keep/local/journal.ts';
import { hasProof } from '../../src/keep/local/journal.ts';
import { tempDirectory } from '../support/temp-directory.ts';

test('what retention removes (D-13)', () => {
  const file = { completedAtMs: 1000 };
  assert.equal(mustGo({ keep: 'always' }, file, 1e12, 1e12), false);
  assert.equal(mustGo({ keep: 'never' }, file, 0, 1000), true);
  assert.equal(mustGo({ keep: 'within', ms: 500, bytes: Number.POSITIVE_INFINITY }, file, 0, 1499), false);
  assert.equal(mustGo({ keep: 'within', ms: 500, bytes: Number.POSITIVE_INFINITY }, file, 0, 1500), true);
  assert.equal(mustGo({ keep: 'within', ms: Number.POSITIVE_INFINITY, bytes: 10 }, file, 11, 1000), true);
});

test('only what is proven to have arrived may be removed (T-161)', () => {
  const proven = (['checksum', 'size', 'none', null] as const).map(verified => hasProof({ verified }));
  assert.deepEqual(proven, [true, true, false, false]);
});

test('a folder with after: delete keeps a file whose delivery is not proven (T-161)', async t => {
  const folder = await tempDirectory(t);
  const path = join(folder, 'a.txt');
  writeFileSync(path, 'content');
  const delivered = { identity: identityOf(statSync(path)) };
  const settings = { folders: [{ path: folder, after: 'delete' }] };
  const context = { settings, folders: new FolderEnclosures() } as unknown as DeliveryContext;
  const record = { source: path, id: 1 } as FileRecord;
  assert.deepEqual(await folderFile.complete(context, record, delivered, false), { location: null });
  assert.equal(existsSync(path), true);
  assert.equal(await folderFile.complete(context, record, delivered, true), undefined);
  assert.equal(existsSync(path), false);
});

test('a stop does not wait for the files that retention has still to remove (D-169)', async () => {
  const stopping = new AbortController();
  const proven = { outcome: 'success', verified: 'checksum', size: 1, source: null } as const;
  const changed: number[] = [];
  const context = {
    clock: { nowMs: () => 0 },
    spool: { fileAt: () => undefined },
    journal: {
      retained: () => [1, 2, 3].map(id => ({ ...proven, id }) as FileRecord),
      change: async (id: number) => {
        changed.push(id);
        if (id === 2) stopping.abort();
      },
    },
  } as unknown as RetentionContext;
  await applyRetention(context, { keep: 'never' }, stopping.signal);
  assert.deepEqual(changed, [1, 2]);
});
