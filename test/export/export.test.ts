import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { parquetChunks } from '../../src/export/parquet.ts';
import { EXPORT_TABLES, type ExportRow, type ExportSource } from '../../src/export/tables.ts';
import { storeHistory } from '../suites/store-fixture.ts';
import { grownRepository, sluice, standingPlace, startStation, until } from '../support/sluice.ts';
import { openTestStore } from '../support/sqlite-store.ts';

const compressors = { ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)) };

function readBack(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: bufferOf(bytes), compressors });
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

test('every table that is exported has columns of the schema, and is read page by page to its end', async t => {
  const { store } = await openTestStore(t);
  const files = { 'src/a.ts': [3, 1] as const, 'b.bin': [null, null] as const };
  const commits = Array.from({ length: 2_500 }, (_, at) => ({ who: 'Ada', at: 1_700_000_000 + at, files }));
  await storeHistory(store, '/one', commits);
  const source: ExportSource = { tables: store.tables, deliveries: () => [], captures: () => [] };
  const counts = new Map<string, number>();
  for (const table of EXPORT_TABLES) {
    let count = 0;
    for await (const page of table.rows(source)) {
      count += page.length;
      for (const name of Object.keys(table.columns))
        assert.ok(name in (page[0] ?? {}), `${table.name}.${name}`);
    }
    counts.set(table.name, count);
  }
  assert.equal(counts.get('commits'), 2_500);
  assert.equal(counts.get('file_changes'), 5_000);
  assert.equal(counts.get('paths'), 2);
  await store.close();
});

test('rows are written in groups, so that as many as there are take the same memory (S-606)', async () => {
  const groups: number[] = [];
  let most = 0;
  async function* rows(): AsyncGenerator<readonly ExportRow[]> {
    for (let page = 0; page < 30; page += 1) {
      yield Array.from({ length: 5_000 }, (_, at) => ({ id: page * 5_000 + at, text: `row ${at}` }));
    }
  }
  const parts: Uint8Array[] = [];
  const columns = { id: 'integer', text: 'text' } as const;
  for await (const chunk of parquetChunks(columns, rows(), {
    compression: 'zstd',
    onRows: n => groups.push(n),
  })) {
    parts.push(chunk);
    most = Math.max(most, chunk.length);
  }
  const file = bufferOf(Buffer.concat(parts));
  const metadata = parquetMetadata(file);
  assert.equal(Number(metadata.num_rows), 150_000);
  assert.equal(metadata.row_groups.length, groups.length);
  assert.ok(
    groups.length > 5 && most < file.byteLength / 4,
    `${groups.length} groups, the largest ${most} bytes`,
  );
  const read = await parquetReadObjects({ file, compressors, rowStart: 149_999 });
  assert.deepEqual(read, [{ id: 149_999n, text: 'row 4999' }]);
});

test('sluice export writes every table as a Parquet file with types of its own, as the API does (S-605)', async t => {
  const cwd = standingPlace(t);
  const origin = grownRepository(join(cwd, 'origin.git'), 12, 3);
  origin.commit('naïve “subject”', { 'a file': 'one\ntwo\n' });
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await sluice(t, args, { cwd });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await run('bake', origin.path, '--churn');
  const said = await run('export', 'rows');
  assert.match(said, /rows\/commits\.parquet: 13 rows, [\d.]+ KiB\n/);
  assert.deepEqual(
    (await readdir(join(cwd, 'rows'))).sort(),
    EXPORT_TABLES.map(({ name }) => `${name}.parquet`).sort(),
  );
  const database = new DatabaseSync(join(cwd, 'sluice.db'), { readOnly: true });
  t.after(() => database.close());
  const commits = await readBack(readFileSync(join(cwd, 'rows/commits.parquet')));
  const rows = database
    .prepare(
      `SELECT id, lower(hex(hash)) AS hash, lower(hex(parents)) AS parents, committed_at, signed, subject, authored_zone
         FROM commits ORDER BY id`,
    )
    .all();
  assert.deepEqual(
    commits.map(({ id, hash, parents, committed_at, signed, subject, authored_zone }) => ({
      ...{ id, hash, parents, committed_at, signed, subject, authored_zone },
    })),
    rows.map(row => ({
      ...row,
      id: BigInt(Number(row.id)),
      committed_at: new Date(Number(row.committed_at) * 1000),
      signed: false,
      authored_zone: BigInt(Number(row.authored_zone)),
    })),
  );
  const [change] = await readBack(readFileSync(join(cwd, 'rows/file_changes.parquet')));
  assert.ok(change?.day instanceof Date);
  for (const codec of ['snappy', 'none']) {
    await run('export', `people.parquet`, '--compression', codec);
    assert.equal((await readBack(readFileSync(join(cwd, 'people.parquet')))).length, 4);
  }
  assert.match(
    await run('export', 'who.parquet', '--table', 'people', '--json'),
    /"rows":4,"bytes":\d+\}\n$/,
  );

  for (const [args, why] of [
    [['export', 'nothing.parquet'], /there is no table "nothing" to export/],
    [
      ['export', 'x.parquet', '--table', 'people', '--table', 'refs'],
      /is one file, and 2 tables are to go into it/,
    ],
    [['export', 'rows', '--database', 'none.db'], /there is no database \S+none\.db/],
    [['export', 'sluice.db'], /sluice\.db is no folder\n\s+Name a folder, or one file/],
  ] as const) {
    const refused = await sluice(t, args, { cwd });
    assert.ok(refused.code === 1 || refused.code === 2, args.join(' '));
    assert.match(refused.stderr, why);
  }

  const station = await startStation(t, { cwd, yaml: `repos: [${origin.path}]\n` });
  writeFileSync(join(cwd, 'station/incoming/local/outbox/x.txt'), 'hello');
  const exported = async (table: string): Promise<Uint8Array> => {
    const { body, status } = await fetch(`${station.url}/api/v1/export?table=${table}&compression=none`);
    assert.equal(status, 200);
    return Buffer.concat(await Array.fromAsync(body ?? []));
  };
  const [delivery] = await until('a file is delivered', async () => {
    const all = await readBack(await exported('deliveries'));
    return all[0]?.current_state === 'completed' && all;
  });
  assert.equal(delivery?.filepath, 'x.txt');
  assert.ok(delivery?.completed_at_ms instanceof Date && delivery.file_creation_date instanceof Date);
  const answer = await fetch(`${station.url}/api/v1/export?table=commits`);
  assert.equal(answer.headers.get('content-type'), 'application/vnd.apache.parquet');
  assert.match(answer.headers.get('content-disposition') ?? '', /filename="commits.parquet"/);
  assert.deepEqual(await readBack(new Uint8Array(await answer.arrayBuffer())), commits);
  assert.equal((await fetch(`${station.url}/api/v1/export?table=nothing`)).status, 400);
});
