import { INSIGHTS } from '../../src/insights/catalogue.ts';
import { changesetReport } from '../../src/insights/changesets/report.ts';
import type { Scope } from '../../src/keep/store/questions.ts';
import type { Store } from '../../src/keep/store/store.ts';
import { median } from './measure.ts';

const DAY_MS = 86_400_000;
/** The seeded history ends here. */
export const NOW_MS = Date.UTC(2025, 11, 27);

/** One question under a name, for the table of figures. */
export interface Asked {
  readonly what: string;
  readonly scopes: Readonly<Record<string, () => Promise<unknown>>>;
}

/** Every insight's questions, of all repositories and of one, and of parts of the history. */
export function questionsOf(store: Store, all: readonly number[], large: number): Asked[] {
  const today = Math.floor(NOW_MS / DAY_MS);
  const scopes: Readonly<Record<string, Partial<Scope>>> = {
    whole: {},
    'ten years': { sinceDay: today - 3650 },
    year: { sinceDay: today - 365 },
    'no bots': { withoutBots: true },
    'one repository': { repositoryIds: [large] },
    'a fortieth of the files': { paths: ['src/area1/**'] },
  };
  const ofHistory = INSIGHTS.map(({ name, rows }) => ({
    what: name,
    scopes: mapValues(scopes, scope => () => {
      return rows(store.questions, { repositoryIds: all, ...scope, by: 'week', limit: 20, nowMs: NOW_MS });
    }),
  }));
  const report = (days: number) => () => {
    const window = { sinceMs: NOW_MS - days * DAY_MS, untilMs: NOW_MS, staleAfterMs: 14 * DAY_MS };
    return changesetReport(store.questions, { ...window, by: 'week' }, NOW_MS);
  };
  return [
    ...ofHistory,
    {
      what: 'changesets',
      scopes: { 'ninety days': report(90), year: report(365), 'five years': report(1825) },
    },
    {
      what: 'people',
      scopes: {
        'most commits': () => store.people.list({ limit: 100 }),
        search: () => store.people.list({ limit: 100, text: 'son 17' }),
        bots: () => store.people.list({ limit: 100, bots: 'only' }),
      },
    },
  ];
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, to: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]));
}

/** Asks several times. @returns the median, the first, and the processor time of this process for each */
export async function timed(rounds: number, ask: () => Promise<unknown>) {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    await ask();
    times.push(performance.now() - startMs);
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    ms: Math.round(median(times)),
    firstMs: Math.round(times[0] ?? 0),
    cpuMs: Math.round((user + system) / 1000 / rounds),
  };
}
