import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readNames } from '../../../../src/deliver/intake/watch/names.ts';
import { tempDirectory } from '../../../support/temp-directory.ts';

test('the names of a directory come in order, as a listing of the bucket will have them (D-360)', async t => {
  const directory = await tempDirectory(t);
  const names = Array.from({ length: 300 }, (_, index) => `${(index * 7919) % 300}é.txt`);
  for (const name of names) writeFileSync(`${directory}/${name}`, '');
  assert.deepEqual(readNames(directory), names.toSorted());
  writeFileSync(Buffer.from([...Buffer.from(`${directory}/`), 0xff, 0x31]), '');
  const all = readNames(directory);
  assert.deepEqual(all, all.toSorted());
  assert.equal(all.length, 301);
});
