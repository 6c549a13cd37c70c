import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StationEvent } from '../../src/api/events.ts';
import { silentLogger } from '../../src/base/log.ts';
import type { Run } from '../../src/keep/store/types.ts';
import { EventObserver, type ObservedStation } from '../../src/station/event-observer.ts';
import type { StationStatus } from '../../src/station/status/status.ts';
import type { Trouble } from '../../src/station/status/troubles.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const COUNTS = { incoming: 0, processing: 0, completed: 0, failed: 0, waiting: 0, uploading: 0 };
const TROUBLE: Trouble = {
  ...{ kind: 'place', stage: 'bucket', subject: 'p/b', code: 'bucket_missing', count: 1 },
  ...{ example: 'gone', hint: null, lastAt: null, isWaiting: false },
};
const RUN: Run = {
  ...{ id: 1, repositoryId: 1, url: 'https://h/a', state: 'waiting', reason: 'by hand', requestedAtMs: 1 },
  ...{ startedAtMs: null, finishedAtMs: null, summary: null, error: null },
};

function observed() {
  const clock = new VirtualClock();
  const state = {
    ...{ files: 0, bytes: 0, failures: 0, counts: COUNTS, looks: 0 },
    runs: [] as readonly Run[],
    troubles: [] as readonly Trouble[],
    status: { station: { uptimeMs: 0 }, disks: [] } as unknown as StationStatus,
  };
  const station: ObservedStation = {
    deliveries: () => {
      const { files, bytes, failures, counts } = state;
      state.looks += 1;
      return { ...counts, throughput: [{ files, bytes, failures }] };
    },
    recentRuns: async () => state.runs,
    troubles: async () => state.troubles,
    status: async () => state.status,
  };
  const observer = new EventObserver(station, { clock, log: silentLogger });
  const events: StationEvent[] = [];
  const look = async (): Promise<readonly string[]> => {
    await clock.advance(1000);
    return events.splice(0).map(({ type }) => type);
  };
  const open = (id?: string) => observer.open(id, ({ event }) => events.push(event));
  return { state, observer, events, look, open, clock };
}

test('any number of files within a second are one event; runs and troubles begin and end; nothing is told twice (A-535)', async () => {
  const { state, events, look, open, clock } = observed();
  const close = open();
  assert.deepEqual(await look(), ['reset']);
  state.files = 5000;
  state.bytes = 5e6;
  state.counts = { ...COUNTS, completed: 5000 };
  await clock.advance(1000);
  assert.deepEqual(events.splice(0), [
    {
      type: 'deliveries',
      data: { ...COUNTS, completed: 5000, delivered: 5000, deliveredBytes: 5e6, failures: 0 },
    },
  ]);
  assert.deepEqual(await look(), []);
  // Another session counts from none.
  state.files = 2;
  assert.deepEqual(await look(), ['deliveries']);
  state.runs = [RUN];
  assert.deepEqual(await look(), []);
  state.runs = [{ ...RUN, state: 'running', startedAtMs: 5 }];
  assert.deepEqual(await look(), ['runBegun']);
  const done = { ...RUN, state: 'done', startedAtMs: 5, finishedAtMs: 6 } as const;
  state.runs = [{ ...done, id: 2, state: 'failed' }, done];
  assert.deepEqual(await look(), ['runEnded', 'runBegun', 'runEnded']);
  state.troubles = [TROUBLE, { ...TROUBLE, subject: 'p/c' }];
  assert.deepEqual(await look(), ['troubleBegun', 'troubleBegun']);
  state.troubles = [{ ...TROUBLE, count: 2 }];
  assert.deepEqual(await look(), ['troubleEnded']);
  state.status = { ...state.status, station: { ...state.status.station, uptimeMs: 9 } };
  assert.deepEqual(await look(), []);
  state.status = { ...state.status, holds: [] };
  assert.deepEqual(await look(), ['status']);
  close();
});

test('where nobody reads nothing is looked at, but for a minute in which somebody may come back (A-536)', async () => {
  const { state, observer, look, open } = observed();
  observer.configurationReloaded();
  assert.equal((await look()).length + state.looks, 0);
  open()();
  await look();
  observer.configurationReloaded();
  assert.ok(state.looks > 0);
  for (let second = 0; second < 70; second += 1) await look();
  const { looks } = state;
  assert.ok(looks < 65, `${looks}`);
  for (let second = 0; second < 5; second += 1) await look();
  assert.equal(state.looks, looks);
  open();
  await look();
  await look();
  assert.ok(state.looks > looks);
  await observer.stop();
});
