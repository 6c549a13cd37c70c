import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { grownRepository, standingPlace } from '../support/sluice.ts';
import { onSmallDisk } from '../support/small-disk.ts';

const BAKE = '$SLUICE bake "$ORIGIN" --json; echo "exit $?"; ls -A station/cache;';

test('a disk that is full while git writes ends with a clear message and nothing of the clone (R-13, T-11)', t => {
  const origin = grownRepository(join(standingPlace(t), 'a.git'), 20_000, 50);
  const printed = onSmallDisk(standingPlace(t), '1m', `ORIGIN=${origin.path}\n${BAKE}`);
  const [line = '', exit, ...left] = printed.trim().split('\n');
  const { error } = JSON.parse(line);
  assert.equal(error.code, 'disk_full');
  assert.match(error.message, /no room left/);
  assert.deepEqual([exit, left], ['exit 1', []]);
});

test('a disk without inodes is full as well: what may go goes, and the work is done once more (R-649)', t => {
  const [a, b] = ['a', 'b'].map(name => grownRepository(join(standingPlace(t), `${name}.git`), 100, 5).path);
  const bake = (path = ''): string => `$SLUICE bake "${path}" --json --config "$AWAY/sluice.yaml"`;
  const script = `
AWAY=$(mktemp -d "$OUTSIDE/away.XXXX")
printf 'cache: {minFreeDisk: 0, directory: %s/cache}\nroot: %s\n' "$PWD" "$AWAY" > "$AWAY/sluice.yaml"
${bake(a)}; ${bake(b)}; ls cache | wc -l`;
  const place = standingPlace(t);
  const printed = onSmallDisk(place, '64m,nr_inodes=24', `OUTSIDE=${standingPlace(t)}\n${script}`);
  const lines = printed.trim().split('\n');
  const baked = lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line));
  assert.deepEqual(
    baked.map(({ commits, error }) => [commits, error?.message]),
    [
      [100, undefined],
      [100, undefined],
    ],
  );
  assert.equal(lines.at(-1)?.trim(), '1');
});

test('a disk that is full while rows are written says so; with room again the same bake completes (R-24, T-11)', t => {
  const origin = grownRepository(join(standingPlace(t), 'a.git'), 20_000, 50);
  const script = `ORIGIN=${origin.path}\n${BAKE}\nmount -o remount,size=64m .\n${BAKE}`;
  const lines = onSmallDisk(standingPlace(t), '7m', script).trim().split('\n');
  const [first, second] = lines.filter(line => line.startsWith('{')).map(line => JSON.parse(line));
  assert.equal(first.error.code, 'disk_full');
  assert.match(first.error.message, /database/);
  assert.deepEqual([second.error, second.commits, second.authors], [undefined, 20_000, 50]);
  assert.deepEqual(
    lines.filter(line => /^exit/.test(line)),
    ['exit 1', 'exit 0'],
  );
});
