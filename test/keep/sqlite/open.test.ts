import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../../src/base/clock.ts';
import { isUri } from '../../../src/base/text.ts';
import { openLocal } from '../../../src/keep/sqlite/open-local.ts';
import { openStore } from '../../../src/keep/sqlite/open-store.ts';
import { tempDirectory } from '../../support/temp-directory.ts';

const ADDRESSES = [
  'postgres://sluice:hunter2@db.example.org/sluice',
  'PostgreSQL://db/x',
  'mysql://db/x',
  'file:///var/lib/sluice.db?mode=ro',
  'file:sluice.db',
  'sqlite:sluice.db',
  'https://example.org/sluice.db',
];

test('a database is the path of a file; an address is refused in words that hold no password (S-140)', async () => {
  for (const address of ADDRESSES) {
    const refusal = { code: 'database_invalid', message: /is an address/, hint: /path of a file/ };
    await assert.rejects(openStore(address, { clock: systemClock }), refusal, address);
    await assert.rejects(openLocal(address, { clock: systemClock }).openJournal(), refusal, address);
    const error = await openStore(address, { clock: systemClock }).catch(String);
    assert.doesNotMatch(String(error), /hunter2/);
    assert.equal(existsSync(address), false);
  }
});

test('odd names of files are paths all the same', () => {
  for (const path of [':memory:', '/a:b/c.db', './x', 'C.db', 'file', '/mnt/s3://x', 'a+b.db', '']) {
    assert.equal(isUri(path), false, path);
  }
});

test('a database in a folder that is not there says which folder (S-140)', async t => {
  const path = join(await tempDirectory(t), 'absent/sluice.db');
  await assert.rejects(openStore(path, { clock: systemClock }), {
    code: 'disk_failed',
    message: /^there is no folder .*absent for the database/,
    hint: /--database/,
  });
});
