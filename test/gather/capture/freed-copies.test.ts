import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { deliveryPlace } from '../../support/delivery-station.ts';

test('the status says how many kept copies gave way on a full disk, and nothing where none did (K-15)', async t => {
  const place = await deliveryPlace(t);
  await place.up();
  assert.doesNotMatch((await place.run('status')).stdout, /gave way/);
  const database = new DatabaseSync(join(place.cwd, 'sluice.db'), { timeout: 5000 });
  database.exec(
    "INSERT INTO disk_freed (at_ms, step, files, bytes) VALUES (1, 'completed', 12, 3145728), (2, 'clones', 1, 99)",
  );
  database.close();
  const { stdout } = await place.run('status');
  assert.match(stdout, /freed 12 kept copies \(3 MiB\) gave way on a full disk; their buckets have them/);
});
