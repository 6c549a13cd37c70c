import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { OPERATIONS } from '../../../src/api/operations.ts';
import { SluiceError } from '../../../src/base/errors.ts';
import { OngoingFaults } from '../../../src/base/ongoing-faults.ts';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import type { HoldStatus } from '../../../src/deliver/queue/hold-status.ts';
import { NO_CAPTURE } from '../../../src/gather/capture/service.ts';
import type { HostHold } from '../../../src/gather/changesets/hosts/host-health.ts';
import { openLocal } from '../../../src/keep/sqlite/open-local.ts';
import { findStuck, LATE_MS, type StuckSources } from '../../../src/station/status/stuck/stuck.ts';
import { openTestStore } from '../../support/sqlite-store.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const PROFILES = ['alpha', 'beta', 'gamma', 'removed'];
const BUCKETS = ['one', 'two', 'free'];
const HOSTS = ['github.com', 'gitlab.com'];
const ROOT = '/station';

const hold = (kind: HoldStatus['kind'], place: string, code: HoldStatus['code']): HoldStatus => ({
  ...{ kind, place, code, sinceMs: 5, message: `${place} ${code}`, hint: 'mend it', files: 0 },
});
const HOLDS = [
  hold('endpoint', 'https://alpha.example', 'host_unreachable'),
  hold('profile', 'beta', 'key_expired'),
  hold('bucket', 'gamma/one', 'paused'),
  hold('bucket', 'gamma/two', 'bucket_missing'),
  hold('disk', '/mnt/folder', 'disk_failed'),
];
const HOST_HOLD: HostHold = {
  ...{ host: 'github.com', kind: 'down', sinceMs: 5, untilMs: 10, code: 'host_unreachable' },
  ...{ message: 'nothing answers', hint: 'wait', sparesHigh: false, failures: 1 },
};

/** A database with files, targets, repositories and changesets in states that a seed says. */
async function generated(t: TestContext, seed: number, files: number) {
  const clock = new VirtualClock();
  const { path, store, queue } = await openTestStore(t, clock);
  const journal = await openLocal(path, { clock }).openJournal();
  t.after(() => journal.close());
  const random = seededRandom(seed);
  const database = new DatabaseSync(path);
  database.exec('BEGIN');
  for (let id = 1; id <= files; id += 1) putFile(database, id, random, clock.nowMs());
  for (let id = 1; id <= files; id += 1) putTarget(database, id, random, clock.nowMs());
  for (let id = 1; id <= 40; id += 1) putRepository(database, id, random);
  database.exec('COMMIT');
  t.after(() => database.close());
  const number = (sql: string): number => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  return { clock, store, queue, journal, random, number };
}

function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

function putFile(database: DatabaseSync, id: number, random: Random, nowMs: number): void {
  const state = pick(random, ['incoming_tmp', 'incoming', 'incoming', 'processing', 'completed', 'failed']);
  const isOnItsWay = state === 'incoming' || state === 'processing';
  const held =
    isOnItsWay && random() < 0.4 ? pick(random, ['empty', 'bucket', 'bucket_held', 'folder_held']) : null;
  const atMs =
    isOnItsWay && held === null ? nowMs + pick(random, [-9e6, -LATE_MS - 1, -1000, 0, 1000, 9e6]) : null;
  const hasNoTime = random() < 0.05;
  const isGone = state === 'failed' && random() < 0.3;
  const code = state === 'failed' || random() < 0.3 ? pick(random, ['timed_out', 'access_denied']) : null;
  database
    .prepare(
      `INSERT INTO file_records (id, profile, bucket, filepath, file_creation_date, current_state, last_updated, size_bytes,
         mtime_ms, inode, next_attempt_at_ms, hold, error_code, error_message, source, removed_at_ms, dropped_at_ms, entered_at_ms)
       VALUES (?, ?, ?, ?, '2026-01-01T00:00:00.000Z', ?, '2026-01-01T00:00:00.000Z', 1, 1, 1, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      id,
      pick(random, PROFILES),
      pick(random, BUCKETS),
      `f${id}`,
      state,
      hasNoTime ? null : atMs,
      held,
      code,
      code && `${code}!`,
      held === 'folder_held' ? pick(random, ['/mnt/folder/x', '/mnt/other/x']) : null,
      isGone ? 1 : null,
      state === 'failed' && random() < 0.2 ? 1 : null,
      random() < 0.9 ? nowMs - 1000 : null,
    );
}

function putTarget(database: DatabaseSync, id: number, random: Random, nowMs: number): void {
  const kind = pick(random, ['repository', 'owner', 'changeset', 'changeset source', 'churn']);
  const host = pick(random, HOSTS);
  const group = kind.startsWith('changeset') ? `${host} API` : kind === 'churn' ? 'churn' : host;
  const isFailing = random() < 0.3;
  const isRunning = random() < 0.1;
  database
    .prepare(
      `INSERT INTO targets (key, kind, work_group, priority, run_at_ms, reason, failures, last_error, lease_owner, lease_until_ms, claim_token)
       VALUES (?, ?, ?, ?, ?, 'why', ?, ?, ?, ?, ?)`,
    )
    .run(
      `t${id}`,
      kind,
      group,
      pick(random, [0, 0, 1]),
      nowMs + pick(random, [-9e6, -LATE_MS - 1, -10, 10, 9e6]),
      isFailing ? 1 : 0,
      isFailing ? JSON.stringify({ code: 'timed_out', message: 'late', hint: '', answer: 'retry' }) : null,
      ...(isRunning ? ['somebody', nowMs + 1000, id] : [null, null, null]),
    );
}

function putRepository(database: DatabaseSync, id: number, random: Random): void {
  const state = pick(random, ['new', 'ok', 'failing', 'unreachable', 'gone', 'private', 'moved']);
  database
    .prepare("INSERT INTO repositories (url, host, state, last_error) VALUES (?, 'github.com', ?, 'why')")
    .run(`https://github.com/o/r${id}`, state);
}

type Generated = Awaited<ReturnType<typeof generated>>;

function stuckIn(
  { clock, store, queue, journal, number }: Generated,
  more: Partial<StuckSources> = {},
  isSyncing = true,
) {
  const tried = number("SELECT id FROM file_records WHERE current_state = 'processing' LIMIT 1");
  return findStuck({
    questions: store.questions,
    queue,
    deliveries: {
      unsettled: lateMs => journal.unsettled(lateMs),
      underWay: () => [journal.byId(tried)].filter(record => record !== undefined),
      endpoints: () => new Map(PROFILES.slice(0, 3).map(name => [name, `https://${name}.example`])),
      status: () => ({
        ...{
          incoming: 0,
          processing: 0,
          completed: 0,
          failed: 0,
          waiting: 0,
          uploading: 0,
          refused: 0,
          left: [],
        },
        ...{ syncing: isSyncing, links: [], holds: HOLDS, unproven: { files: 0, bytes: 0 }, throughput: [] },
        oldestWaitingAtMs: null,
      }),
    },
    changesets: { holds: () => [HOST_HOLD], refusals: () => [], unseen: () => [] },
    captures: { status: async () => NO_CAPTURE },
    faults: { all: () => [] },
    stations: async () => [],
    disks: async () => [],
    storeOutage: () => undefined,
    askStore: ask => ask(),
    minFreeDiskBytes: 1,
    root: ROOT,
    nowMs: () => clock.nowMs(),
    ...more,
  });
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);

for (const seed of [1, 2, 3, 4])
  test(`stuck: every file and every target is in it or counted elsewhere, once; seed ${seed} (W-53)`, async t => {
    const made = await generated(t, seed, 600);
    const answer = await stuckIn(made);
    OPERATIONS.listStuck.answer.parse(answer);
    const { stuck, elsewhere } = answer;
    const of = (kind: string, stage?: string): number =>
      sum(
        stuck.filter(one => one.kind === kind && (!stage || one.stage === stage)).map(({ count }) => count),
      );
    const { number } = made;
    const files = "FROM file_records WHERE dropped_at_ms IS NULL AND current_state <> 'completed'";
    assert.equal(of('files') + sum(Object.values(elsewhere.files)), number(`SELECT count(*) ${files}`));
    assert.equal(
      of('files', 'failed') + of('files', 'gone'),
      number(`SELECT count(*) ${files} AND current_state = 'failed'`),
    );
    assert.equal(
      elsewhere.files.empty + elsewhere.files.copying + elsewhere.files.uploading,
      number(
        `SELECT count(*) ${files} AND (current_state = 'incoming_tmp' OR hold = 'empty' OR id = (
           SELECT id FROM file_records WHERE current_state = 'processing' LIMIT 1))`,
      ),
    );
    // Nothing is wrong with where these go.
    const free = `${files} AND profile = 'gamma' AND bucket = 'free' AND current_state IN ('incoming', 'processing')
      AND hold IS NULL AND error_code IS NULL AND id <> (
        SELECT id FROM file_records WHERE current_state = 'processing' LIMIT 1)`;
    const nowMs = made.clock.nowMs();
    const due = `next_attempt_at_ms <= ${nowMs}`;
    assert.equal(
      of('files', 'late'),
      number(`SELECT count(*) ${free} AND next_attempt_at_ms < ${nowMs - LATE_MS}`),
    );
    assert.equal(
      of('files', 'without a time'),
      number(`SELECT count(*) ${free} AND next_attempt_at_ms IS NULL`),
    );
    assert.equal(
      elsewhere.files.due,
      number(`SELECT count(*) ${free} AND ${due} AND next_attempt_at_ms >= ${nowMs - LATE_MS}`),
    );
    assert.equal(
      elsewhere.files.resting,
      number(`SELECT count(*) ${free} AND next_attempt_at_ms > ${nowMs}`),
    );
    const { repositories, changesets, ...others } = elsewhere.targets;
    assert.equal(
      of('targets') + repositories + changesets + sum(Object.values(others)),
      number('SELECT count(*) FROM targets'),
    );
    const failing = 'SELECT count(*) FROM targets WHERE failures > 0 AND lease_owner IS NULL AND kind';
    assert.equal(repositories, number(`${failing} = 'repository'`));
    assert.equal(changesets, number(`${failing} = 'changeset'`));
    assert.equal(of('targets', 'failing'), number(`${failing} NOT IN ('repository', 'changeset')`));
    assert.equal(
      of('targets', 'held'),
      number(
        `SELECT count(*) FROM targets WHERE failures = 0 AND lease_owner IS NULL AND work_group = 'github.com API'
           AND run_at_ms <= ${nowMs}`,
      ),
    );
    assert.equal(
      of('repositories'),
      number("SELECT count(*) FROM repositories WHERE state NOT IN ('ok', 'new')"),
    );
    assert.equal(new Set(stuck.map(({ id }) => id)).size, stuck.length);
  });

test('stuck: each says where, why, since when, what to do and which operation does it, as that takes it (W-53)', async t => {
  const { stuck } = await stuckIn(await generated(t, 9, 600));
  const one = (stage: string, place: string) =>
    stuck.find(item => item.stage === stage && item.place?.name === place && item.code !== 'access_denied');
  assert.deepEqual(
    [one('held', 'beta'), one('paused', 'gamma/one'), one('failed', 'alpha')].map(
      item =>
        item && {
          code: item.code,
          kind: item.place?.kind,
          hint: item.hint !== null,
          since: item.sinceAt !== null,
          actions: item.actions.map(({ action, operation }) => `${action} ${operation}`),
        },
    ),
    [
      {
        ...{ code: 'key_expired', kind: 'profile', hint: true, since: true },
        actions: ['probe probePlace', 'pause pause'],
      },
      { ...{ code: 'paused', kind: 'bucket', hint: true, since: true }, actions: ['resume resume'] },
      {
        ...{ code: 'timed_out', kind: 'profile', hint: true, since: true },
        actions: ['retry retryFailed', 'drop dropFailed'],
      },
    ],
  );
  assert.ok(one('unknown profile', 'removed'));
  for (const { actions, isWaiting, hint } of stuck) {
    assert.ok(isWaiting || hint !== null || actions.length > 0, 'what needs a person says what that can do');
    for (const { operation, given } of actions) {
      const schemas = OPERATIONS[operation];
      const schema = 'body' in schemas ? schemas.body : schemas.query;
      schema.parse(given);
    }
  }
});

test('stuck: what goes wrong at the station itself is in it as long as it lasts, with what to do (W-53)', async t => {
  const made = await generated(t, 6, 20);
  const faults = new OngoingFaults(made.clock);
  const shown = async () => (await stuckIn(made, { faults })).stuck.filter(({ kind }) => kind === 'station');
  assert.deepEqual(await shown(), []);
  faults.begin('configuration', new SluiceError('config_invalid', 'sluice.yaml: no such setting: rots'), {
    words: 'the configuration is not taken over',
  });
  const [fault, ...others] = await shown();
  assert.deepEqual(others, []);
  assert.equal(fault?.cause, 'the configuration is not taken over: sluice.yaml: no such setting: rots');
  assert.equal(fault.sinceAt, new Date(made.clock.nowMs()).toISOString());
  assert.ok(fault.hint !== null && !fault.isWaiting);
  faults.end('configuration');
  assert.deepEqual(await shown(), []);
});

test('stuck: where files do not go by themselves all that is due is in it; a store that is away hides no files (W-53)', async t => {
  const made = await generated(t, 5, 300);
  const sources = { storeOutage: () => undefined, askStore: async () => undefined };
  const away = await stuckIn(made, sources);
  const there = await stuckIn(made);
  const shut = await stuckIn(made, {}, false);
  const files = (answer: typeof there) => answer.stuck.filter(({ kind }) => kind === 'files');
  assert.deepEqual(files(away), files(there));
  assert.deepEqual(away.elsewhere.files, there.elsewhere.files);
  assert.ok(there.elsewhere.files.due > 0);
  assert.equal(shut.elsewhere.files.due, 0);
  assert.ok(
    shut.stuck.some(({ stage, actions }) => stage === 'not syncing' && actions[0]?.action === 'sync'),
  );
});
