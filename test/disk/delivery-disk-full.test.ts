import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { standingPlace } from '../support/sluice.ts';
import { onSmallDisk } from '../support/small-disk.ts';

const FILES = 20;

/** A folder off the small disk, with the store in it and the credentials that name it. */
function storePlace(place: string): { readonly credentials: string; readonly target: string } {
  const target = join(place, 'store');
  mkdirSync(join(target, 'outbox'), { recursive: true });
  const credentials = join(place, 'credentials');
  writeFileSync(credentials, `[nas]\nprovider = directory\npath = ${target}\n`);
  return { credentials, target };
}

test('a disk that is full while copying says so, leaves nothing half; with room again the copy goes through (D-26, T-11)', t => {
  const outside = standingPlace(t);
  const { credentials } = storePlace(outside);
  writeFileSync(join(outside, 'large.bin'), Buffer.alloc(6 * 2 ** 20, 'x'));
  const copy = `$SLUICE copy ${outside}/large.bin s3://nas/outbox/ --json --only-credentials ${credentials}; echo "exit $?"`;
  const script = `${copy}
    find station -type f -name '*.bin'
    mount -o remount,size=64m .
    ${copy}
    find station -type f -name '*.bin'`;
  const [first = '', exit, second = '', exitAgain, ...found] = onSmallDisk(standingPlace(t), '5m', script)
    .trim()
    .split('\n');
  assert.match(JSON.parse(first).error, /no room left on the disk/);
  assert.equal(exit, 'exit 1');
  assert.equal(JSON.parse(second).error, undefined);
  assert.equal(exitAgain, 'exit 0');
  assert.deepEqual(found, ['station/incoming/nas/outbox/large.bin']);
});

test('a disk that is full while files are moved and recorded loses none, and all goes on by itself with room again (D-17, D-45, T-11)', t => {
  const outside = standingPlace(t);
  const { credentials, target } = storePlace(outside);
  const log = join(outside, 'log');
  const waitFor = (what: string): string =>
    `n=0; until ${what}; do sleep 0.1; n=$((n+1)); [ $n -lt 400 ] || exit 9; done`;
  const script = `
    printf 'sync:\\n  interval: 200ms\\n' > sluice.yaml
    $SLUICE up --port 0 --only-credentials ${credentials} > ${log} 2>&1 & pid=$!
    ${waitFor(`grep -q pages ${log}`)}
    mkdir aside
    for i in $(seq ${FILES}); do mkdir aside/d$i; echo "content of $i" > aside/d$i/$i.txt; done
    dd if=/dev/zero of=filler bs=4k 2> /dev/null
    for i in $(seq ${FILES}); do mv aside/d$i station/incoming/nas/outbox/; done
    ${waitFor(`grep -q 'no room left' ${log}`)}
    sleep 1
    rm filler
    ${waitFor(`[ $(find station/completed -type f | wc -l) = ${FILES} ]`)}
    kill $pid; wait $pid; echo "exit $?"
    find station/incoming station/processing station/failed -type f
    $SLUICE deliveries ls --json --limit 100`;
  const [exit, ...rest] = onSmallDisk(standingPlace(t), '12m', script).trim().split('\n');
  const said = readFileSync(log, 'utf8');
  assert.equal(exit, 'exit 0', said);
  const records = rest.map(line => JSON.parse(line));
  assert.equal(records.length, FILES, 'one record a file, and nothing left lying');
  for (const record of records) assert.equal(record.state, 'completed', JSON.stringify(record));
  for (let file = 1; file <= FILES; file += 1) {
    const path = join(target, 'outbox', `d${file}`, `${file}.txt`);
    assert.equal(readFileSync(path, 'utf8'), `content of ${file}\n`);
  }
  assert.match(said, /no room left on the disk/);
});
