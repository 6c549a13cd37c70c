import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../../src/base/errors.ts';
import type { FileTrouble } from '../../src/keep/local/journal.ts';
import { cursorOf } from '../../src/server/cursor.ts';
import type { StationApi } from '../../src/station/station-api.ts';
import { type Answered, asJson, assertProblem, servedApp } from '../support/served-app.ts';
import { stationStub } from '../support/station-stub.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** The app over a station of which something is changed. */
function serve(changed: Partial<StationApi> = {}, clock = new VirtualClock()) {
  return servedApp({ station: { ...stationStub(), ...changed }, clock });
}

function contentType({ headers }: Answered): string {
  return headers.get('content-type') ?? '';
}

test('Dashboard: pages, scripts and styles are served under the strict content policy, nothing else of the folder is (S-22)', async () => {
  const { ask } = serve();
  const { text } = await ask('/');
  const assets = [...text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
  assert.ok(assets.length >= 2, text);
  for (const [path, type] of [
    ['/', 'text/html'],
    ['/api.html', 'text/html'],
    ['/icon.svg', 'image/svg+xml'],
    ...assets.map(asset => [asset, asset.endsWith('.css') ? 'text/css' : 'text/javascript'] as const),
  ] as const) {
    const answer = await ask(path);
    assert.equal(answer.status, 200, path);
    assert.ok(contentType(answer).startsWith(type), contentType(answer));
    assert.match(answer.headers.get('content-security-policy') ?? '', /script-src 'self'; style-src 'self'/);
  }
  for (const path of [
    '/tsconfig.json',
    '/main.tsx',
    '/index.html',
    '/assets/',
    '/assets/../../main.ts',
    '/assets/absent.js',
  ])
    assert.equal((await ask(path)).status, 404, path);
});

test('another round for failed files by text; the answer counts all and lists problems first, as many as asked for (D-42)', async () => {
  const lastUpdated = '2026-01-01T00:00:00.000Z';
  const record = {
    ...{ id: 1, profile: 'p', bucket: 'b', filepath: 'f', state: 'failed', outcome: 'failure', attempts: 1 },
    ...{ size: 5, nextAttemptAtMs: null, errorCode: null, removedAtMs: null, hold: null, lastUpdated },
  };
  const selections: unknown[] = [];
  const { deliveries } = stationStub();
  const { post } = serve({
    deliveries: {
      ...deliveries,
      retryFailed: async selection => {
        selections.push(selection);
        const outcomes = [{ record }, { record: { ...record, id: 2 }, problem: 'gone' }];
        return outcomes as unknown as Awaited<ReturnType<typeof deliveries.retryFailed>>;
      },
    },
  });
  const path = '/api/v1/deliveries/failed/retry';
  const { body } = await post(path, { text: 'scan', limit: 1 });
  const listed = body.deliveries as { readonly id: number }[];
  assert.deepEqual([body.total, body.problems, listed.map(({ id }) => id)], [2, 1, [2]]);
  assert.deepEqual(selections, [{ text: 'scan' }]);
  assert.equal(((await post(path, { all: true })).body.deliveries as unknown[]).length, 2);
  assertProblem(await post(path, { limit: 5 }), 400, 'body_invalid');
});

test('changesets are listed by several states, what waits for review, and what is idle; in the order asked for (C-22)', async () => {
  const asked: unknown[] = [];
  const { changesets } = stationStub();
  const clock = new VirtualClock();
  const list: typeof changesets.list = async (filter, page) => {
    asked.push(asJson([filter, page]));
    return [];
  };
  const { ask } = serve({ changesets: { ...changesets, list } }, clock);
  const { body } = await ask(
    `/api/v1/changesets?state=open,draft&review=waiting&order=idle&limit=3&cursor=${cursorOf([5, 7])}`,
  );
  assert.deepEqual(body, { changesets: [], total: 0, next: null });
  assert.deepEqual(asked.splice(0), [
    [
      { states: ['open', 'draft'], waitingForReview: true },
      { order: 'idle', reverse: false, after: { value: 5, id: 7 }, offset: 0, limit: 3 },
    ],
  ]);
  await ask('/api/v1/changesets?idleDays=14');
  assert.deepEqual(asked, [
    [
      { idleSinceMs: clock.nowMs() - 14 * 86_400_000 },
      { order: 'id', reverse: false, offset: 0, limit: 100 },
    ],
  ]);
  for (const query of ['state=open,absent', 'review=done', 'order=title', 'idleDays=0'])
    assert.equal((await ask(`/api/v1/changesets?${query}`)).status, 400, query);
});

test('people, repositories and the schedule go out in pages, never all at once (S-19)', async () => {
  const { people, schedule } = stationStub();
  const filters: unknown[] = [];
  const one = {
    id: 1,
    name: 'A',
    email: 'a@x',
    bot: false,
    botByHand: false,
    commits: 1,
    emails: ['a@x'],
    mailmapped: [],
  };
  const { ask } = serve({
    people: {
      ...people,
      list: async filter => {
        filters.push(asJson(filter));
        return [one, one];
      },
    },
    schedule: {
      ...schedule,
      upcoming: async limit => {
        filters.push(limit);
        return schedule.upcoming(limit);
      },
      list: async (filter, page) => {
        filters.push(asJson({ ...filter, ...page }));
        return schedule.list(filter, page);
      },
    },
  });
  const { next } = (await ask('/api/v1/people?limit=2')).body;
  assert.equal((await ask(`/api/v1/people?limit=2&cursor=${next}`)).status, 200);
  assert.equal((await ask('/api/v1/people?limit=3')).body.next, null);
  assert.equal((await ask('/api/v1/schedule')).status, 200);
  const chosen = 'kind=owner&show=failing&from=1970-01-01T00:00:01.000Z&offset=200&limit=50';
  const listed = await ask(`/api/v1/schedule/targets?${chosen}`);
  assert.deepEqual(listed.body, { targets: [], total: 0 });
  assert.deepEqual(filters, [
    { limit: 2 },
    { after: { commits: 1, name: 'A', email: 'a@x', id: 1 }, limit: 2 },
    { limit: 3 },
    100,
    { kind: 'owner', show: 'failing', fromMs: 1000, offset: 200, limit: 50 },
  ]);
  assert.deepEqual((await ask('/api/v1/repositories')).body, { repositories: [], total: 0, next: null });
  for (const path of [
    'people?limit=1001',
    'schedule?limit=501',
    'schedule/targets?limit=501',
    'schedule/targets?offset=-1',
    'schedule/targets?show=all',
    'schedule/due?ahead=year',
    'repositories?limit=1001',
    'repositories?order=x',
    'repositories?cursor=x',
  ])
    assert.equal((await ask(`/api/v1/${path}`)).status, 400, path);
});

test('Dashboard: what is stuck is listed by cause, what a person must see to first, with what to do (S-20)', async () => {
  const { questions, deliveries, changesets, captures } = stationStub();
  const gone = { stage: 'gone', code: null, subject: null, count: 1, example: 'why', lastAtMs: 0 };
  const files = (state: 'failed' | 'processing', errorCode: string, count: number): FileTrouble => ({
    state,
    errorCode,
    count,
    example: 'why',
    lastUpdated: '2026-01-01T00:00:00.000Z',
  });
  const { ask } = serve({
    questions: { ...questions, troubledRepositories: async () => [gone] },
    deliveries: {
      ...deliveries,
      troubles: () => [files('processing', 'timed_out', 9), files('failed', 'access_denied', 2)],
      holds: () => [],
    },
    changesets: {
      ...changesets,
      holds: () => [
        {
          host: 'git.example',
          kind: 'refused',
          sinceMs: 0,
          untilMs: 1,
          code: 'token_refused',
          message: 'refused',
          hint: 'Give another token.',
          failures: 1,
          sparesHigh: false,
        },
      ],
    },
    captures,
  });
  const { body } = await ask('/api/v1/troubles');
  const troubles = body.troubles as Record<string, unknown>[];
  assert.deepEqual(
    troubles.map(({ kind, code, count, isWaiting }) => [kind, code, count, isWaiting]),
    [
      ['delivery', 'access_denied', 2, false],
      ['code host', null, 1, false],
      ['delivery', 'timed_out', 9, true],
      ['repository', null, 1, true],
    ],
  );
  assert.match(String(troubles[0]?.hint), /permission/);
  assert.equal(troubles[1]?.hint, 'Give another token.');
  assert.equal(troubles[3]?.lastAt, '1970-01-01T00:00:00.000Z');
  const broken = serve({
    questions: {
      ...questions,
      failingChangesets: () => Promise.reject(new SluiceError('database_busy', 'busy')),
    },
  });
  assert.match(contentType(await broken.ask('/api/v1/troubles')), /problem\+json/);
});

test('alerts that last are listed, with what to do and since when (S-603)', async () => {
  const { ask } = serve();
  const { body } = await ask('/api/v1/alerts');
  assert.deepEqual(body.alerts, [
    {
      alert: 'failed',
      message: '2 files failed',
      hint: 'See: sluice failed ls.',
      beganAt: '1970-01-01T00:01:00.000Z',
    },
  ]);
});
