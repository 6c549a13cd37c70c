import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { asSluiceError } from '../../src/base/errors.ts';
import { DirectoryStore } from '../../src/keep/buckets/directory/store.ts';

/** Stores objects whose keys differ in case, one after another and two at once, in the folder named; prints how each went. */
const path = resolve(process.argv[2] ?? '.');
mkdirSync(join(path, 'bucket'));
const profile = { kind: 'directory', name: 'stick', provider: 'directory', path } as const;
const store = new DirectoryStore(profile, { clock: systemClock });

async function put(key: string): Promise<[string, string]> {
  const source = { body: Buffer.from(`content of ${key}`) };
  return store.putObject({ bucket: 'bucket', key }, source).then(
    () => [key, 'ok'],
    error => [key, asSluiceError(error).code],
  );
}

const outcomes: [string, string][] = [];
for (const key of ['A.txt', 'a.txt', 'A.txt', 'Dir/x', 'Dir/y', 'dir/x', 'dir/z'])
  outcomes.push(await put(key));
const atOnce = await Promise.all([put('b.txt'), put('B.txt')]);
// Whichever of them comes first.
outcomes.push(
  ...atOnce
    .map(([, code]): [string, string] => ['at once', code])
    .sort()
    .reverse(),
);
process.stdout.write(JSON.stringify(outcomes));
