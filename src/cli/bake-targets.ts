import { asSluiceError, type SluiceError } from '../base/errors.ts';
import { silentLogger } from '../base/log.ts';
import { formatCount } from '../base/units.ts';
import type { Config } from '../config/schema.ts';
import { harmlessUrl } from '../gather/repos/address/shown-url.ts';
import type { BakeProgress, BakeSummary } from '../gather/repos/bake/bake.ts';
import type { CloneCache } from '../gather/repos/cache/clone-cache.ts';
import type { ChurnProgress } from '../gather/repos/churn/job.ts';
import { bakeStandalone } from '../gather/repos/sync/standalone.ts';
import { activityByPeriod, isPlausibleDay } from '../insights/activity.ts';
import type { Stores } from '../station/station-api.ts';
import type { Cli, GlobalOptions } from './cli.ts';
import { load } from './load.ts';
import { progressInWords } from './progress.ts';
import { withCache } from './stores.ts';
import { renderSummary } from './summary.ts';
import { jsonText, printable, progressLines, styleFor } from './terminal.ts';

const AUTHORS_SHOWN = 5;

/** Bakes each target, several at once, and prints each result as it comes. Answers how many failed. */
export async function bakeTargets(
  targets: readonly string[],
  options: GlobalOptions & { readonly json?: boolean; readonly churn?: boolean },
  cli: Cli,
): Promise<number> {
  const signal = cli.stopSignal();
  const { config } = await load(options, cli);
  return withCache(config, cli, async (cache, stores) => {
    await cache.open();
    const report = options.json ? jsonReport(cli) : peopleReport(cli, stores);
    const seen = { hasRead: false };
    const queue = [...new Set(targets)];
    let failed = 0;
    let baked = 0;
    const context = { config, stores, cache, cli, signal, report, churn: options.churn === true, seen };
    const worker = async (): Promise<void> => {
      for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
        if (await bakeOne(target, context)) baked += 1;
        else failed += 1;
      }
    };
    await Promise.all(Array.from({ length: config.git.concurrency }, worker));
    if (signal.aborted && !options.json) cli.stderr.write(cutWords(baked, targets.length, seen.hasRead));
    signal.throwIfAborted();
    return failed;
  });
}

/** What a person should know who has pressed Ctrl-C. */
function cutWords(baked: number, targets: number, hasRead: boolean): string {
  const done = `${baked.toLocaleString('en')} of ${formatCount(targets, 'repository', 'repositories')}`;
  const rest = hasRead
    ? 'What was read stays; the same command goes on from there.'
    : 'Nothing was read yet; the same command begins anew.';
  return `stopped: ${done} baked. ${rest}\n`;
}

interface Report {
  /** Whether anybody sees the progress. */
  readonly isWatched: boolean;
  progress(target: string, progress: BakeProgress | ChurnProgress | 'waiting'): void;
  done(target: string, summary: BakeSummary): Promise<void>;
  failed(target: string, error: SluiceError): void;
}

interface BakeContext {
  readonly config: Config;
  readonly stores: Stores;
  readonly cache: CloneCache;
  readonly cli: Cli;
  readonly signal: AbortSignal;
  readonly report: Report;
  readonly churn: boolean;
  /** Whether anything of a history was read, which stays. */
  readonly seen: { hasRead: boolean };
}

async function bakeOne(
  target: string,
  { config, stores, cache, cli, signal, report, churn, seen }: BakeContext,
): Promise<boolean> {
  try {
    const summary = await bakeStandalone(target, {
      ...stores,
      cache,
      config: () => config,
      signal,
      churn,
      countsAhead: report.isWatched,
      clock: cli.clock,
      log: silentLogger,
      onProgress: progress => {
        if (progress !== 'waiting' && 'commits' in progress && progress.commits > 0) seen.hasRead = true;
        report.progress(target, progress);
      },
    });
    seen.hasRead = true;
    await report.done(target, summary);
    return true;
  } catch (error) {
    report.failed(target, asSluiceError(error));
    return false;
  }
}

/** What the line of a failed repository holds, so that every line has the same keys. */
const NOTHING_KNOWN = {
  url: '',
  commits: null,
  newCommits: null,
  removedCommits: null,
  authors: null,
  firstCommitAt: null,
  lastCommitAt: null,
  durationMs: null,
  fetchMs: null,
  cache: null,
} satisfies Record<Exclude<keyof BakeSummary, 'warnings' | 'movedTo'>, unknown>;

/** One JSON object a repository on a line; failures carry `error`. */
function jsonReport(cli: Cli): Report {
  const print = (line: unknown): unknown => cli.stdout.write(`${jsonText(line)}\n`);
  return {
    isWatched: false,
    progress: () => undefined,
    async done(_target, summary) {
      print(summary);
    },
    failed(target, { code, message, hint, answer }) {
      print({ ...NOTHING_KNOWN, url: harmlessUrl(target), error: { code, message, hint, answer } });
    },
  };
}

function peopleReport(cli: Cli, { store }: Stores): Report {
  const lines = progressLines(cli.stderr);
  const style = styleFor(cli.stdout, cli.env);
  const errorStyle = styleFor(cli.stderr, cli.env);
  return {
    isWatched: cli.stderr.isTTY === true,
    progress(target, progress) {
      lines.set(target, `${printable(harmlessUrl(target))}: ${printable(inWords(progress))}`);
    },
    async done(target, summary) {
      const repository = await store.repositories.byUrl(summary.url);
      const scope = { repositoryIds: repository ? [repository.id] : [] };
      const [days, authors] = await Promise.all([
        store.questions.activityByDay(scope),
        store.questions.topAuthors(scope, AUTHORS_SHOWN),
      ]);
      const weeks = activityByPeriod(
        days.filter(({ day }) => isPlausibleDay(day, cli.clock.nowMs())),
        'week',
      );
      lines.end(target);
      cli.stdout.write(`${renderSummary({ summary, weeks, authors }, style)}\n`);
    },
    failed(target, error) {
      lines.end(target);
      if (error.code === 'cancelled') return;
      cli.stderr.write(
        `${errorStyle.bad('failed:')} ${printable(harmlessUrl(target))}\n  ${printable(error.message)}\n  ${printable(error.hint)}\n`,
      );
    },
  };
}

function inWords(progress: BakeProgress | ChurnProgress | 'waiting'): string {
  if (progress === 'waiting') return 'another sluice is at it, waiting for it to finish';
  if (progress.phase === 'fetch' || progress.phase === 'room') return progress.text;
  if (progress.phase === 'churn')
    return `files and lines of ${progress.commits.toLocaleString('en')} commits read`;
  const { commits, total, perSecond } = progress;
  return progressInWords({ noun: 'commits', done: commits, total, elapsedMs: (commits / perSecond) * 1000 });
}
