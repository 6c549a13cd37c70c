import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapPersonIdentities } from '../../../../src/gather/repos/history/mailmap.ts';
import { queryRows } from '../../../support/sqlite-store.ts';
import { openBench } from './support.ts';

const MAILMAP = `
Ada Lovelace <ada@example.org>
Ada Lovelace <ada@example.org> <ADA@old.example>
Bob <bob@example.org> Robert <r@example.org>
`;

test('identities are mapped as git maps them; odd ones stay; a changed mailmap reads no history (R-26)', async t => {
  const { git, ingest, writer, store } = await openBench(t);
  const people = [
    'Ada <ada@example.org>',
    'A. <ada@OLD.example>',
    'Robert <r@example.org>',
    'Rob <r@example.org>',
    'Jörg <j@x>',
    ' <>',
    'Odd > One <odd@x>',
    '<only@mail>',
  ];
  const commits = people.map(author => git.commit({ author: `${author} 5 +0000` }));
  git.setRefs(new Map(commits.map((tip, index) => [`refs/heads/${index}`, tip])));
  const file = `${git.gitDir}/mailmap`;
  git.write('mailmap', MAILMAP);
  assert.equal((await ingest()).totals.authors, git.authors());
  const options = { gitDir: git.gitDir, writer: writer() };
  const totals = await mapPersonIdentities({ ...options, mailmap: Buffer.from(MAILMAP) });
  assert.equal(totals?.authors, git.authors(file));
  const mapped = queryRows(
    store,
    'SELECT mapped_name || mapped_email AS who FROM identities WHERE name <> mapped_name',
  );
  assert.deepEqual(mapped.map(row => row.who).sort(), [
    'Ada Lovelaceada@example.org',
    'Ada Lovelaceada@example.org',
    'Bobbob@example.org',
  ]);
  assert.equal(await mapPersonIdentities({ ...options, mailmap: Buffer.from(MAILMAP) }), undefined);
  const back = await mapPersonIdentities({ ...options, mailmap: undefined });
  assert.equal(back?.authors, git.authors());
  assert.deepEqual(queryRows(store, 'SELECT 1 FROM identities WHERE name <> mapped_name'), []);
});

test('a commit by somebody new is mapped by the same mailmap (R-26)', async t => {
  const { git, ingest, writer } = await openBench(t);
  const mailmap = Buffer.from('Ada <ada@example.org> <a@x>\n');
  const first = git.commit();
  git.setRefs(new Map([['refs/heads/main', first]]));
  await ingest();
  await mapPersonIdentities({ gitDir: git.gitDir, writer: writer(), mailmap });
  git.setRefs(new Map([['refs/heads/main', git.commit({ parents: [first], author: 'Ada <a@x> 5 +0000' })]]));
  assert.equal((await ingest()).totals.authors, 2);
  const totals = await mapPersonIdentities({ gitDir: git.gitDir, writer: writer(), mailmap });
  assert.deepEqual([totals?.authors, totals?.commits], [1, 2]);
});

test('names and e-mails that are not UTF-8 meet the mailmap as their bytes (R-107)', async t => {
  const { git, ingest, writer, store } = await openBench(t);
  const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
  const authors = ['J\xf6rg <j@x>', 'J\xe4rg <j@x>', 'B <b\xe9@x>', '\\xE4 <lit@x>'];
  const tips = authors.map(author => git.commit({ author: latin1(`${author} 5 +0000`) }));
  git.setRefs(new Map(tips.map((tip, index) => [`refs/heads/${index}`, tip])));
  await ingest();
  const mailmap = latin1('J\xe9rg <j2@x> J\xf6rg <j@x>\nBob <bob@x> <b\xe9@x>\n');
  await mapPersonIdentities({ gitDir: git.gitDir, writer: writer(), mailmap });
  const mapped = queryRows(
    store,
    `SELECT name || ' ' || email || ' → ' || mapped_name || ' ' || mapped_email AS line
       FROM identities WHERE commits > 0 ORDER BY line`,
  );
  assert.deepEqual(mapped.map(row => row.line).sort(), [
    'B b\\xE9@x → Bob bob@x',
    'J\\xE4rg j@x → J\\xE4rg j@x',
    'J\\xF6rg j@x → J\\xE9rg j2@x',
    '\\x5CxE4 lit@x → \\x5CxE4 lit@x',
  ]);
});

test("the station's mailmap augments each repository's own as git's mailmap.file does, and goes on from it (R-657)", async t => {
  const { git, ingest, writer, store } = await openBench(t);
  const people = ['A <a@x>', 'B <b@x>', 'C <c@x>', 'D <d@x>', 'E <e@x>'];
  git.setRefs(
    new Map(people.map((author, at) => [`refs/heads/${at}`, git.commit({ author: `${author} 5 +0000` })])),
  );
  await ingest();
  // No line at its end; what both say of c the station has the word of; e is what it stays.
  const mailmap = Buffer.from('Own B <ob@x> <b@x>\nOwn C <oc@x> <c@x>\nOwn E <oe@x> <e@x>');
  const station = Buffer.from(
    'Station C <sc@x> <c@x>\nStation B <sb@x> <ob@x>\nStation A <a@x>\n<oc@x> <e@x>\n',
  );
  const options = { gitDir: git.gitDir, writer: writer(), mailmap };
  await mapPersonIdentities({ ...options, station });
  const mapped = () =>
    queryRows(
      store,
      `SELECT name || ' → ' || mapped_name || ' ' || mapped_email AS line
         FROM identities WHERE commits > 0 ORDER BY line`,
    ).map(({ line }) => line);
  assert.deepEqual(mapped(), [
    'A → Station A a@x',
    'B → Station B sb@x',
    'C → Station C sc@x',
    'D → D d@x',
    'E → Own E oc@x',
  ]);
  assert.equal(await mapPersonIdentities({ ...options, station }), undefined);
  await mapPersonIdentities(options);
  assert.deepEqual(mapped(), [
    'A → A a@x',
    'B → Own B ob@x',
    'C → Own C oc@x',
    'D → D d@x',
    'E → Own E oe@x',
  ]);
});
