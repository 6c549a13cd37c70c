import { existsSync } from 'node:fs';
import { runCommand } from '../base/run-command.ts';
import type { HookEvent, HookRun } from '../keep/local/hooks.ts';
import type { FileRecord } from '../keep/local/journal.ts';
import type { DeliveryContext } from './context.ts';
import { logFields } from './listing.ts';
import { originOf } from './origin/origin-of.ts';
import type { HookSettings } from './settings.ts';

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** Tries of one run; over more than five hours. */
const MOST_TRIES = 10;

/**
 * Runs the commands that the settings want after deliveries (`deliver.hooks`), a few at a time, beside delivery: nothing
 * waits for them. What is to be run stands in the journal since the file's state changed; it is taken out once the command
 * has ended well, so that each runs at least once, through crashes, and more than once where one came between.
 *
 *   idle ──wake()──▶ running up to `atOnce` ──none due──▶ idle until the next is due; any ──stop()──▶ stopped: what
 *   runs is killed, and runs again at the next start
 */
export class Hooks {
  readonly #context: () => DeliveryContext;
  readonly #running = new Map<number, Promise<void>>();
  readonly #stopping = new AbortController();
  #isPlanned = false;
  #cancelTimer = (): void => undefined;

  constructor(context: () => DeliveryContext) {
    this.#context = context;
  }

  get #settings(): HookSettings | undefined {
    return this.#context().settings.hooks;
  }

  /** Has runs put down for what the settings want, and begins with those that wait. Never throws. */
  async start(): Promise<void> {
    const { journal, log, faults } = this.#context();
    const settings = this.#settings;
    const wanted = EVENTS.filter(event => settings?.[event] !== undefined);
    // One that nobody wants any more is none that fails.
    for (const event of EVENTS) if (!wanted.includes(event)) faults?.end(`hook ${event}`);
    try {
      await journal.hooks.want(wanted);
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'hooks cannot be put down');
    }
    this.wake();
  }

  /** A file was delivered, or given up. */
  wake(): void {
    if (this.#isPlanned || this.#settings === undefined || this.#stopping.signal.aborted) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      this.#launch();
    });
  }

  /** Ends what runs; nothing runs once it resolves. */
  async stop(): Promise<void> {
    this.#cancelTimer();
    this.#stopping.abort(new DOMException('stopping', 'AbortError'));
    await Promise.all(this.#running.values());
  }

  #launch(): void {
    const settings = this.#settings;
    if (settings === undefined || this.#stopping.signal.aborted) return;
    const { journal, clock, log } = this.#context();
    this.#cancelTimer();
    try {
      const room = settings.atOnce - this.#running.size;
      const due = room > 0 ? journal.hooks.due(clock.nowMs(), room, [...this.#running.keys()]) : [];
      for (const run of due) {
        const ended = this.#run(run, settings).finally(() => {
          this.#running.delete(run.id);
          this.wake();
        });
        this.#running.set(run.id, ended);
      }
      if (this.#running.size > 0) return;
      const nextMs = journal.hooks.nextDueMs();
      if (nextMs !== undefined) this.#wakeIn(nextMs - clock.nowMs());
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'cannot read which hooks are to be run');
      this.#wakeIn(FIRST_PAUSE_MS);
    }
  }

  #wakeIn(ms: number): void {
    const { clock } = this.#context();
    this.#cancelTimer = clock.timer(Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS), () => this.wake());
  }

  /** Never rejects. */
  async #run(run: HookRun, settings: HookSettings): Promise<void> {
    const { journal, clock, log, faults } = this.#context();
    const command = settings[run.event];
    const record = journal.byId(run.recordId);
    try {
      if (command === undefined || record === undefined) return await journal.hooks.end(run.id);
      const facts = factsOf(run, record, this.#context());
      const variables = variablesOf(facts);
      const { signal } = this.#stopping;
      const end = await runCommand(command, {
        input: facts,
        variables,
        timeoutMs: settings.timeoutMs,
        signal,
      });
      if (end.isGood) {
        faults?.end(`hook ${run.event}`);
        return await journal.hooks.end(run.id);
      }
      const tries = run.failures + 1;
      const isLast = tries >= MOST_TRIES;
      const words = `hook after ${run.event} failed${isLast ? ', and is given up' : ''}`;
      log.warn({ ...logFields(record), try: tries, reason: end.why }, words);
      faults?.begin(`hook ${run.event}`, end.why, {
        words: `the hook after ${run.event} fails`,
        hint: 'Its program says why; a hook gets the file as JSON on its standard input.',
        isTriedAgain: !isLast,
        forMs: HOOK_SHOWN_MS,
      });
      if (isLast) return await journal.hooks.end(run.id);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** run.failures, LONGEST_PAUSE_MS);
      await journal.hooks.postpone(run.id, clock.nowMs() + pauseMs);
    } catch (error) {
      // It stays put down, and runs again.
      if (!this.#stopping.signal.aborted)
        log.error({ reason: (error as Error).message }, 'what became of a hook cannot be noted');
    }
  }
}

/** One that failed may be of a file alone, and the next may be long in coming. */
const HOOK_SHOWN_MS = 86_400_000;
const EVENTS: readonly HookEvent[] = ['delivered', 'failed'];

/** What a command is told of a file. */
interface HookFacts {
  readonly event: HookEvent;
  readonly record: number;
  readonly profile: string;
  readonly bucket: string;
  readonly key: string;
  readonly path: string;
  /** Where it lies now; null where it is no longer on this disk. */
  readonly file: string | null;
  readonly bytes: number;
  readonly crc32: string | null;
  readonly etag: string | null;
  readonly verified: string | null;
  readonly tries: number;
  readonly error: string | null;
  readonly message: string | null;
  readonly at: string;
}

function factsOf(
  { event }: HookRun,
  record: FileRecord,
  { spool }: Pick<DeliveryContext, 'spool'>,
): HookFacts {
  const isFailed = event === 'failed';
  const area = isFailed ? 'failed' : 'completed';
  const path =
    record.source === null
      ? spool.pathOf(area, record, record.location)
      : originOf(record).path(spool, record);
  return {
    event,
    record: record.id,
    profile: record.profile,
    bucket: record.bucket,
    key: record.objectKey ?? record.filepath,
    path: record.filepath,
    file: existsSync(path) ? path : null,
    bytes: record.size,
    crc32: record.crc32,
    etag: record.etag,
    verified: record.verified,
    tries: record.attempts,
    error: isFailed ? record.errorCode : null,
    message: isFailed ? record.errorMessage : null,
    at: record.lastUpdated,
  };
}

/** The same by names: `SLUICE_EVENT`, `SLUICE_PROFILE` … */
function variablesOf(facts: HookFacts): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [`SLUICE_${name.toUpperCase()}`, value]),
  );
}
