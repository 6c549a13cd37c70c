import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownCollector } from '../../../src/api/capture.ts';
import { DURATION_BOUNDS_S, Statistics, type Throughput } from '../../../src/deliver/statistics.ts';
import type { CollectorStatus } from '../../../src/gather/capture/collectors/status.ts';
import { NO_CAPTURE } from '../../../src/gather/capture/service.ts';
import { type CallCount, Prometheus } from '../../../src/station/status/prometheus.ts';
import type { StationStatus } from '../../../src/station/status/status.ts';

const HOST = 'git.example:8443';

const COLLECTOR: CollectorStatus = {
  ...{ name: 'odd "name"\n\\', method: 'exec', everyMs: 1000, disabled: false },
  ...{
    progress: { readings: 0, bytes: 0 },
    unwritten: 0,
    lost: 2,
    readings: 7,
    missed: 0,
    filtered: 0,
    errors: 0,
  },
  ...{ perSecond: 0, latestByMs: null, lastReadingAtMs: null, lastError: null, pending: 0, writeError: null },
};

function statusOf(cacheMaxBytes: number | null = 9e9): StationStatus {
  const resource = { resource: 'rest', neededPerHour: 2, budgetPerHour: 5000, spentLastHour: 1 };
  return {
    station: { version: '1', uptimeS: 5, uptimeMs: 5000, mode: 'up', pid: 1, root: '/', database: '/db' },
    store: { figuresAt: null, away: null },
    schedule: { size: 1, due: 2, behindS: 3, behindMs: 3000, running: 4, raised: 5, next: [] },
    repos: {
      ...{ known: 1, tracked: 2, failing: 3, commits: 4, troubled: [], baking: [] },
      churn: { wanted: 0, behind: [] },
    },
    changesets: {
      ...{ known: 2, followed: 2, failing: 1, states: { open: 2 }, webhooksMissing: [] },
      hosts: [
        {
          ...{ host: HOST, followed: 3, state: 'ok', why: null, hint: null, stretch: 1.4 },
          credentialsRefused: ['token-2'],
          budgets: [{ ...resource, remaining: 4990, resetAt: null }],
        },
      ],
    },
    deliveries: {
      ...{ incoming: 1, processing: 2, completed: 3, failed: 4, waiting: 5, uploading: 6 },
      ...{ unproven: { files: 0, bytes: 0 }, left: [] },
      ...{ directory: '/', profiles: ['local'], syncing: true, oldestWaitingAt: '2026-01-01T00:00:00Z' },
    },
    capture: { ...NO_CAPTURE, collectors: [shownCollector(COLLECTOR)] },
    links: [
      { endpoint: 'https://s3', state: 'offline', since: '', sinceAt: '' },
      { endpoint: '/mnt', state: 'unknown', since: '', sinceAt: '' },
    ],
    pauses: [],
    holds: [
      {
        kind: 'bucket',
        place: 'p/b',
        code: 'bucket_missing',
        message: '',
        hint: '',
        files: 2,
        since: null,
        sinceAt: null,
      },
    ],
    cache: { clones: 12, usedBytes: 5e9, maxBytes: cacheMaxBytes, minFreeBytes: 1e9 },
    disk: { freeBytes: 1, totalBytes: 2, cacheDirectory: '/' },
    disks: [{ path: '/', holds: ['spool'], freeBytes: 1, totalBytes: 2, freeInodes: 3, totalInodes: 4 }],
    stations: [],
  };
}

const THROUGHPUT: Throughput = {
  ...{ destination: 'p/b"q', files: 3, bytes: 30, failures: 2, bytesInFlight: 7 },
  failuresByCause: { access_denied: 2 },
  duration: { upTo: DURATION_BOUNDS_S.map(bound => (bound < 60 ? 1 : 3)), count: 3, sumS: 70 },
};

interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Map<string, number>;
}

const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\S+)$/;

/** Reads Prometheus' text format and holds it to what that promises (prometheus.io, "Exposition formats"). */
function readExposition(text: string): ReadonlyMap<string, Family> {
  assert.ok(text.endsWith('\n'));
  const families = new Map<string, Family>();
  let help: string | undefined;
  let current: [string, Family] | undefined;
  for (const line of text.split('\n').filter(each => each !== '')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (word === 'HELP') help = rest;
    if (word === 'TYPE') {
      assert.ok(help !== undefined, `${name} has HELP before TYPE`);
      assert.ok(!families.has(name), `${name} stands once`);
      current = [name, { type: rest, help, samples: new Map() }];
      families.set(...current);
      help = undefined;
    }
    if (word !== undefined) continue;
    const [, sample = '', labels = '', value] = SAMPLE.exec(line) ?? assert.fail(`no sample: ${line}`);
    assert.ok(current, line);
    const [family, { type, samples }] = current;
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    assert.ok(
      suffixes.some(suffix => sample === family + suffix),
      `${sample} stands with its family`,
    );
    assert.ok(!samples.has(sample + labels), `${sample}${labels} stands once`);
    // Before anything was measured prom-client says Nan, which Prometheus takes for NaN.
    assert.ok(Number.isFinite(Number(value)) || (family.startsWith('nodejs_') && value === 'Nan'), line);
    samples.set(sample + labels, Number(value));
  }
  return families;
}

function prometheus(calls: readonly CallCount[] = [], maxBytes?: { value: number | null }) {
  return new Prometheus({
    station: async () => statusOf(maxBytes?.value),
    calls: () => calls,
    throughput: () => [THROUGHPUT],
    nowMs: () => Date.parse('2026-01-01T00:01:30Z'),
  });
}

test('each family has its type and says what it is; counters alone end in _total (C-23, S-102)', async () => {
  const calls = [{ host: HOST, resource: 'rest', outcome: 'ok', calls: 41 }];
  const made = prometheus(calls);
  const claim = { kind: 'changeset', group: `${HOST} API` };
  made.countWork({ claim, ending: 'done', durationMs: 1500 } as never);
  await made.render();
  calls[0] = { ...calls[0], calls: 42 } as CallCount;
  const families = readExposition(await made.render());
  for (const [name, { type, help }] of families) {
    // What every Node program has goes by the names that it has everywhere.
    assert.match(name, /^(sluice|process|nodejs)_[a-z0-9_]+$/);
    if (!name.startsWith('sluice_')) continue;
    assert.equal(type === 'counter', name.endsWith('_total'), `${name} is a ${type}`);
    assert.match(help, /\.$/);
  }
  const value = (name: string, labels = '') =>
    families.get(`sluice_${name}`)?.samples.get(`sluice_${name}${labels}`);
  assert.equal(
    value('api_calls_total', `{host="${HOST}",resource="rest",outcome="ok"}`),
    42,
    'as it is, not added up',
  );
  assert.equal(value('syncs_total', `{kind="changeset",host="${HOST}",outcome="done"}`), 1);
  assert.equal(families.get('sluice_sync_duration_seconds')?.type, 'histogram');
  assert.deepEqual(
    ['clones', 'cache_used_bytes', 'cache_max_bytes', 'cache_min_free_bytes'].map(name => value(name)),
    [12, 5e9, 9e9, 1e9],
  );
  assert.equal(value('credentials_refused', `{host="${HOST}"}`), 1);
  assert.equal(value('capture_readings_total', '{collector="odd \\"name\\"\\n\\\\"}'), 7);
});

test('what there is nothing to say of is left out, not said to be 0 (S-102)', async () => {
  const maxBytes: { value: number | null } = { value: 7 };
  const made = prometheus([], maxBytes);
  assert.ok(readExposition(await made.render()).has('sluice_cache_max_bytes'));
  maxBytes.value = null;
  const families = readExposition(await made.render());
  assert.ok(!families.has('sluice_cache_max_bytes') && !families.has('sluice_api_calls_total'));
});

test('deliveries are counted by profile, bucket and cause, with how long they take and who waits longest (S-509)', async () => {
  const families = readExposition(await prometheus().render());
  const value = (name: string, labels = '') => {
    const family = /_(bucket|sum|count)$/.test(name) ? name.replace(/_(bucket|sum|count)$/, '') : name;
    return families.get(`sluice_${family}`)?.samples.get(`sluice_${name}${labels}`);
  };
  const place = 'profile="p",bucket="b\\"q"';
  assert.equal(value('delivered_files_total', `{${place}}`), 3);
  assert.equal(value('delivered_bytes_total', `{${place}}`), 30);
  assert.equal(value('delivery_failures_total', `{${place},cause="access_denied"}`), 2);
  assert.equal(value('uploading_bytes', `{${place}}`), 7);
  assert.equal(value('oldest_waiting_seconds'), 90);
  assert.equal(value('link_up', '{endpoint="https://s3"}'), 0);
  assert.equal(value('link_up', '{endpoint="/mnt"}'), undefined, 'nobody has asked it yet');
  assert.equal(value('delivery_duration_seconds_bucket', `{${place},le="60"}`), 3);
  assert.equal(value('delivery_duration_seconds_bucket', `{${place},le="+Inf"}`), 3);
  assert.equal(value('delivery_duration_seconds_count', `{${place}}`), 3);
  for (const name of ['nodejs_eventloop_lag_seconds', 'process_resident_memory_bytes', 'process_open_fds'])
    assert.ok(families.has(name), name);
});

test('durations fall into the right buckets, and unknown ones into none (S-509)', () => {
  const statistics = new Statistics();
  for (const ms of [50, 100, 4000, 90_000, 10 ** 9]) statistics.delivered('p/b', 1, ms);
  statistics.delivered('p/b', 1);
  const { files, duration } = statistics.all()[0] as Throughput;
  assert.deepEqual([files, duration.count], [6, 5]);
  assert.deepEqual(duration.upTo, [2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4]);
});
