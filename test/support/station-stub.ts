import type { Answer } from '../../src/api/operations.ts';
import { type ErrorRecord, SluiceError, toErrorRecord } from '../../src/base/errors.ts';
import type { HoldReason } from '../../src/engine/place-hold.ts';
import { NO_CAPTURE } from '../../src/gather/capture/service.ts';
import type { BakeSummary } from '../../src/gather/repos/bake/bake.ts';
import { percentiles } from '../../src/keep/store/changeset-life.ts';
import type { Questions } from '../../src/keep/store/questions.ts';
import type { Run } from '../../src/keep/store/types.ts';
import { seriesOf } from '../../src/station/rates.ts';
import type { StationApi } from '../../src/station/station-api.ts';

/** What a stubbed station is to do; everything else it answers with nothing known. */
export interface StubBehaviour {
  /** How the runs that are waited for end: an error, or a summary where absent. */
  runError?: SluiceError;
  /** Runs never end; who waits learns of the end by their signal alone. */
  runsHang?: boolean;
  requestError?: SluiceError;
  databaseError?: Error;
  ready?: boolean;
  /** What is wrong with the journal. */
  journalTrouble?: HoldReason;
  /** Nothing here has a secret for webhooks. */
  noWebhooks?: boolean;
}

async function nothingKnown(url: string): Promise<never> {
  throw new SluiceError('not_found', `no repository ${url} is known here`);
}

/** Of a bake that a stub has done. */
export const SUMMARY: BakeSummary = {
  url: 'https://example.org/x',
  commits: 3,
  newCommits: 3,
  removedCommits: 0,
  authors: 1,
  firstCommitAt: '2026-01-01T00:00:00.000Z',
  lastCommitAt: '2026-01-02T00:00:00.000Z',
  durationMs: 5,
  fetchMs: 3,
  cache: 'clone',
};

const NONE = percentiles([]);

const NO_ANSWERS: Questions = {
  activityByDay: async () => [],
  topAuthors: async () => [],
  commitsByPerson: async () => [],
  daysByPerson: async () => [],
  commitsByHourOfWeek: async () => [],
  mostChangedFiles: async () => [],
  lastCommits: async () => [],
  unreadChurn: async () => [],
  countPaths: async () => 0,
  countOpenChangesets: async () => [],
  changesetFigures: async ({ upToLines }) => ({
    ...{ timeToFirstReviewMs: NONE, reviewRounds: NONE, cycleMs: NONE, draftMs: NONE },
    ...{ firstReviewMs: NONE, inReviewMs: NONE, waitForMergeMs: NONE },
    cycleBySizeMs: [...upToLines, null].map(() => NONE),
    days: [],
  }),
  mergedCycles: async () => [],
  reviewsByDay: async () => [],
  staleChangesets: async () => ({ count: 0, oldest: [] }),
  troubledRepositories: async () => [],
  failingChangesets: async () => [],
};

const NO_RATES = seriesOf([], { spanMs: 60_000, count: 60, fromMs: 0 });

const NOTHING_STUCK: Answer<'listStuck'> = {
  stuck: [],
  elsewhere: {
    files: { uploading: 0, due: 0, resting: 0, copying: 0, empty: 0 },
    targets: { running: 0, due: 0, resting: 0, repositories: 0, changesets: 0 },
    unproven: 0,
    left: 0,
  },
};

/** A station of which only the server's part is tested. `asked` collects the URLs that were to be baked. */
export function stationStub(behaviour: StubBehaviour = {}): StationApi & { readonly asked: string[] } {
  const asked: string[] = [];
  const run = (id: number, error?: ErrorRecord): Run => ({
    id,
    repositoryId: 1,
    url: asked.at(-1) ?? 'https://example.org/x',
    state: error ? 'failed' : 'done',
    reason: 'asked for by hand',
    requestedAtMs: 1000,
    startedAtMs: 2000,
    finishedAtMs: 3000,
    summary: error ? null : JSON.stringify(SUMMARY),
    error: error ? JSON.stringify(error) : null,
  });
  return {
    asked,
    questions: NO_ANSWERS,
    rows: { tables: { read: async () => [] }, deliveries: () => [], captures: () => [] },
    cache: {
      list: async () => [],
      figures: () => Promise.reject(new SluiceError('internal', 'no cache here')),
      pin: async () => undefined,
      evict: async () => ({ freedBytes: 0, evicted: [] }),
    },
    people: {
      list: async () => [],
      merge: async () => Promise.reject(new SluiceError('not_found', 'nobody has that e-mail')),
      split: async () => undefined,
      count: async () => 0,
      refuse: async () => undefined,
      mailmapsBehind: async () => [],
      refusals: async () => [],
      setBot: async () => Promise.reject(new SluiceError('not_found', 'nobody has that e-mail')),
    },
    deliveries: {
      list: () => [],
      count: () => 0,
      troubles: () => [],
      holds: () => [],
      journalTrouble: () => behaviour.journalTrouble,
      record(id) {
        throw new SluiceError('not_found', `there is no delivery ${id}`);
      },
      syncNow: async () => ({ delivered: 0, failed: 0, waiting: 0, empty: 0, held: [] }),
      retryFailed: async () => [],
      dropFailed: async () => [],
      profiles: () => ['local'],
      async probe({ name }) {
        throw new SluiceError('not_found', `${name} is not held`);
      },
    },
    tracking: {
      track: async () => [],
      untrack: nothingKnown,
      findScheduled: nothingKnown,
      syncNow: async () => [],
      syncState: async () => [],
      syncAfterPush: async () => [],
    },
    alerts: {
      active: () => [
        { key: 'failed', message: '2 files failed', hint: 'See: sluice failed ls.', beganAtMs: 60_000 },
      ],
    },
    pauses: {
      list: () => [],
      pause: async ({ kind = 'host', name }) => ({ kind, name, sinceMs: 1000 }),
      resume: async ({ kind = 'host', name }) => ({ kind, name, sinceMs: 1000 }),
    },
    diskHistory: { read: async () => [] },
    rates: {
      read: async () => ({ hour: NO_RATES, day: NO_RATES }),
    },
    notifications: { recent: async () => [] },
    changesets: {
      track: async url => unknown(url),
      untrack: async url => unknown(url),
      find: async url => unknown(url),
      events: async () => [],
      list: async () => [],
      count: async () => 0,
      syncNow: async urls => urls.length,
      syncWhere: async () => 0,
      checkSender() {
        if (behaviour.noWebhooks) throw new SluiceError('signature_invalid', 'no host here has a secret');
      },
      receive: async (_kind, _headers, body) => {
        asked.push(`${body.length} bytes`);
        return { outcome: 'ping' };
      },
      isChangeset: () => false,
      totals: async () => [],
      forecasts: () => [],
      holds: () => [],
      unseen: () => [],
      refusals: () => [],
      webhookGaps: async () => [],
      probe(host) {
        throw new SluiceError('not_found', `${host} is not on hold`);
      },
    },
    metrics: {
      render: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'sluice_schedule_size 0\n' }),
    },
    captures: {
      status: async () => NO_CAPTURE,
      files: () => [],
      file(id) {
        throw new SluiceError('not_found', `there is no capture file ${id}`);
      },
      totals: () => [],
      waiting: () => ({ files: 0, bytes: 0, oldestAtMs: null }),
      disk: () => Promise.reject(new SluiceError('stopping', 'not running')),
    },
    schedule: {
      upcoming: async () => ({
        counts: { size: 0, due: 0, behindMs: 0, running: 0, raised: 0, byKind: [] },
        running: [],
        next: [],
      }),
      due: async () => ({
        fromAt: '2026-01-01T00:00:00.000Z',
        spanMs: 60_000,
        lanes: [],
        others: { hosts: 0, lanes: [] },
      }),
      list: async () => ({ targets: [], total: 0 }),
      raise: async () => 0,
    },
    repositories: {
      async requestBake(url) {
        if (behaviour.requestError) throw behaviour.requestError;
        asked.push(url);
        return { ...run(7), state: 'waiting', startedAtMs: null, finishedAtMs: null, summary: null };
      },
      forget: nothingKnown,
      waitForRun(id, signal) {
        if (!behaviour.runsHang) {
          return Promise.resolve(run(id, behaviour.runError && toErrorRecord(behaviour.runError)));
        }
        return new Promise((_, reject) => {
          if (signal.aborted) reject(signal.reason);
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      },
      async run(id) {
        return id === 7 ? run(7) : undefined;
      },
      recentRuns: async () => [run(7)],
      list: async () => [],
      find: nothingKnown,
    },
    listRepositories: async () => ({ page: [], next: undefined, total: 0 }),
    version: '1.2.3',
    storeOutage: () => undefined,
    askStore: ask => ask(),
    events: { open: () => () => undefined },
    async checkStore() {
      if (behaviour.databaseError) throw behaviour.databaseError;
    },
    stuck: async () => NOTHING_STUCK,
    leaveStation: async () => undefined,
    status: () => Promise.reject(behaviour.databaseError ?? new SluiceError('internal', 'the secret is 42')),
    ready: () => behaviour.ready ?? true,
  };
}

function unknown(url: string): never {
  throw new SluiceError('not_found', `no changeset ${url} is known here`);
}
