import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../../src/base/clock.ts';
import type { FileRecord, FileState, RecordFilter } from '../../../../src/keep/local/journal.ts';
import { RECORD_ORDERS, type RecordOrder, recordPlace } from '../../../../src/keep/local/record-order.ts';
import { Database } from '../../../../src/keep/sqlite/database.ts';
import { listRecords } from '../../../../src/keep/sqlite/local/journal/list.ts';
import { tempDirectory } from '../../../support/temp-directory.ts';

/** More than the newest that are looked at first. */
const RECORDS = 5000;
const STATES: readonly FileState[] = ['incoming', 'processing', 'completed', 'failed'];

/** After which record, and how many of the next are left out. */
const PARTS = [
  [undefined, undefined],
  [800, undefined],
  [100, 2300],
  [RECORDS - 1, 0],
] as const;

/** Whether a record fits, in the plainest words there are. */
function fits(record: FileRecord, filter: RecordFilter): boolean {
  const { states, profile, bucket, text, errorCode, present } = filter;
  const name = `${record.profile}/${record.bucket}/${record.filepath}`.toLowerCase();
  return (
    (states?.includes(record.state) ?? true) &&
    (profile === undefined || record.profile === profile) &&
    (bucket === undefined || record.bucket === bucket) &&
    (text === undefined || name.includes(text.toLowerCase())) &&
    (errorCode === undefined || record.errorCode === errorCode) &&
    (!present || record.removedAtMs === null)
  );
}

test('a list of deliveries is what fits, in each order and from any place on, whichever way it is found (D-200)', async t => {
  const path = join(await tempDirectory(t), 'sluice.db');
  const database = await Database.open({ path, clock: systemClock });
  t.after(() => database.close());
  await database.write(() => {
    const insert = database.statement(
      `INSERT INTO file_records (profile, bucket, filepath, file_creation_date, current_state, last_updated, size_bytes,
         mtime_ms, inode, error_code, removed_at_ms) VALUES (?, ?, ?, '', ?, ?, ?, 1, ?, ?, ?)`,
    );
    for (let id = 1; id <= RECORDS; id += 1) {
      const state = STATES[id % 97 === 0 ? 3 : id % 89 === 0 ? 1 : 2] as string;
      const cause = state === 'failed' ? (id === 97 ? 'disk_full' : 'access_denied') : null;
      const place = [
        id % 2 ? 'Alpha' : 'beta',
        id % 500 === 3 ? 'rare' : `b${id % 3}`,
        `in/F_${id}.txt`,
      ] as const;
      insert.run(
        ...place,
        state,
        `2026-${(id * 31) % 700}`,
        (id * 7919) % 901,
        id,
        cause,
        id % 194 === 0 ? 1 : null,
      );
    }
  });
  const list = (filter: RecordFilter): FileRecord[] => listRecords(database, filter);
  const everything = list({ limit: RECORDS });
  assert.equal(everything.length, RECORDS);

  const texts = [
    'f_12',
    'F_3.',
    'RARE',
    'alp',
    'ha/b',
    'a/rare/in',
    '/in/f_77',
    'rare/',
    '/',
    'f%',
    '\\',
    '',
    'none',
  ];
  const filters: RecordFilter[] = texts.map(text => ({ text }));
  for (const states of [
    ['failed'],
    ['completed'],
    ['processing', 'incoming'],
    [],
    [...STATES],
  ] as FileState[][])
    for (const more of [
      {},
      { bucket: 'rare' },
      { profile: 'beta' },
      { text: 'f_9' },
      { text: 'rare/in/F_2' },
    ])
      filters.push({ states, ...more }, { states, ...more, present: true, limit: 7 });
  for (const errorCode of ['access_denied', 'disk_full', 'absent'])
    for (const more of [{}, { bucket: 'b1' }, { text: 'in/f_97.' }, { states: ['failed'] as const }])
      filters.push({ errorCode, ...more });
  filters.push({ bucket: 'rare' }, { profile: 'none' }, { bucket: 'b1', profile: 'Alpha', limit: 2 });

  for (const order of RECORD_ORDERS)
    for (const reverse of [false, true]) {
      const ordered = everything.toSorted((a, b) => compared(a, b, order) * (reverse ? -1 : 1));
      const wanted = order === 'newest' && !reverse ? filters : filters.filter((_, index) => index % 3 === 0);
      for (const filter of wanted) {
        const fitting = ordered
          .map((record, index) => ({ record, index }))
          .filter(one => fits(one.record, filter));
        for (const [afterAt, offset] of PARTS) {
          const after = afterAt === undefined ? undefined : recordPlace(at(ordered, afterAt), order);
          const asked = { ...filter, order, reverse, after, offset };
          const expected = fitting
            .filter(({ index }) => index > (afterAt ?? -1))
            .slice(offset ?? 0)
            .slice(0, filter.limit ?? 100);
          assert.deepEqual(
            list(asked).map(({ id }) => id),
            expected.map(({ record }) => record.id),
            JSON.stringify(asked),
          );
        }
      }
    }
});

/** What comes first, by the place that a record has. */
function compared(a: FileRecord, b: FileRecord, order: RecordOrder): number {
  const other = recordPlace(b, order);
  const sign = order === 'path' ? 1 : -1;
  for (const [index, mine] of recordPlace(a, order).entries()) {
    const theirs = other[index] ?? 0;
    if (mine !== theirs) return mine < theirs ? -sign : sign;
  }
  return 0;
}

function at(records: readonly FileRecord[], index: number): FileRecord {
  const record = records[index];
  assert.ok(record);
  return record;
}
