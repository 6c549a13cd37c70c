import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readMailmapFile } from '../../../../src/gather/repos/history/mailmap-file.ts';
import { temporaryDirectory } from '../../../support/git-repositories.ts';
import { grownRepository, rows, standingPlace, startStation, until } from '../../../support/sluice.ts';

test("the station's mailmap is in force in all repositories as it is written, changed and taken out, with no history read and no clone there (R-657)", async t => {
  const origins = standingPlace(t);
  const [one, two] = ['one', 'two'].map(name => grownRepository(join(origins, `${name}.git`), 9, 3));
  const cwd = standingPlace(t);
  const file = join(cwd, 'mailmap');
  writeFileSync(file, 'Ada <author0@example.org>\nAda <author0@example.org> <author1@example.org>\n');
  const yaml = (more: string) => `repos: [${one?.path}, ${two?.path}]\n${more}`;
  const station = await startStation(t, { cwd, yaml: yaml('mailmap: mailmap\ngit: {allowPaths: [/]}\n') });
  const authors = async (): Promise<number[]> => {
    const { body } = await station.ask('/api/v1/repositories');
    return body.repositories.map((each: { authors: number }) => each.authors).sort();
  };
  const are = (expected: number) =>
    until(`each has ${expected} authors`, async () => (await authors()).join() === `${expected},${expected}`);
  await are(2);
  const database = join(cwd, 'sluice.db');
  const named = "SELECT DISTINCT mapped_name AS name FROM identities WHERE email = 'author1@example.org'";
  assert.deepEqual(rows(database, named), [{ name: 'Ada' }]);
  const runs = () => rows(database, 'SELECT id FROM runs').length;
  const baked = runs();
  for (const { url } of (await station.ask('/api/v1/repositories')).body.repositories)
    await station.ask('/api/v1/cache/evict', { url });
  writeFileSync(
    file,
    'Ada <author0@example.org>\nAda <author0@example.org> <author1@example.org>\nAda <author0@example.org> <author2@example.org>\n',
  );
  await are(1);
  rmSync(file);
  await until('it is said', () => /mailmap of the configuration is left out/.test(station.stderr()));
  assert.deepEqual(await authors(), [1, 1]);
  writeFileSync(file, '# nobody\n');
  await are(3);
  assert.equal(runs(), baked);
  writeFileSync(
    file,
    'Ada <author0@example.org>\nAda <author0@example.org> <author1@example.org>\n<late@example.org> <author3@example.org>\n',
  );
  await are(2);
  // Whoever comes with a bake is named by it, too.
  const grown = grownRepository(join(origins, 'three.git'), 8, 4);
  await station.ask('/bake', { url: grown.path, wait: true });
  const late = "SELECT mapped_email AS email FROM identities WHERE email = 'author3@example.org'";
  assert.deepEqual(rows(database, late), [{ email: 'late@example.org' }]);
});

test('a mailmap that is none, a folder, or too large is left out with its reason, and keeps nobody waiting (R-657)', async t => {
  const folder = temporaryDirectory(t, 'sluice-mailmap');
  assert.deepEqual(await readMailmapFile(undefined), { content: undefined, fault: undefined });
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const large = join(folder, 'large');
  writeFileSync(large, Buffer.alloc(4 * 2 ** 20 + 1));
  for (const path of [folder, fifo, large, join(folder, 'nowhere')]) {
    const { content, fault } = await readMailmapFile(path);
    assert.equal(content, undefined);
    assert.match(fault ?? '', /the mailmap of the configuration is left out: /);
  }
  writeFileSync(large, 'x');
  assert.equal((await readMailmapFile(large)).content?.toString(), 'x');
});
