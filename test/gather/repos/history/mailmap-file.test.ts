import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAX_MAILMAP_BYTES, readMailmapFile } from '../../../../src/gather/repos/history/mailmap-file.ts';
import { temporaryDirectory } from '../../../support/temp-directory.ts';

test('a mailmap of the configuration is read up to a bound, whatever its size is said to be (R-657)', async t => {
  const path = join(temporaryDirectory(t), 'mailmap');
  writeFileSync(path, 'Ada <ada@example.org>\n');
  truncateSync(path, MAX_MAILMAP_BYTES);
  const { content, fault } = await readMailmapFile(path);
  assert.equal(fault, undefined);
  assert.equal(content?.length, MAX_MAILMAP_BYTES);
  truncateSync(path, MAX_MAILMAP_BYTES + 1);
  assert.match((await readMailmapFile(path)).fault ?? '', /is larger than \d+ bytes/);
  // Of the kernel's making: it says that it is empty.
  const made = await readMailmapFile('/proc/self/status');
  assert.match(made.content?.toString() ?? '', /^Name:/);
});
