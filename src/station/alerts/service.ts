import type { Clock } from '../../base/clock.ts';
import { asSluiceError, SluiceError } from '../../base/errors.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import type { FaultBoard } from '../../base/ongoing-faults.ts';
import type { Random } from '../../base/random.ts';
import type { Config } from '../../config/schema.ts';
import { nextTry } from '../../engine/retry.ts';
import type { SentPayload } from '../../insights/notifications/payload.ts';
import {
  channelsOf,
  endUnconfigured,
  NOTIFICATION_RETRY,
  reportSendingFailed,
  sendBy,
  sendingFault,
} from '../../insights/notifications/sending.ts';
import type { Alert, AlertStore, BegunAlert } from '../../keep/local/alerts.ts';
import { type AlertFacts, alertsOf } from './conditions.ts';

const LOOK_EVERY_MS = 15_000;
const SENT_AT_ONCE = 10;

export interface AlertsOptions {
  readonly config: () => Config;
  readonly open: () => Promise<AlertStore>;
  readonly facts: () => Promise<AlertFacts>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly faults?: FaultBoard;
}

/** What leaves the station of an alert. */
export interface AlertPayload extends Record<string, unknown> {
  readonly event: 'began' | 'ended';
  readonly alert: string;
  readonly message: string;
  readonly hint: string;
  /** ISO 8601. */
  readonly beganAt: string;
  readonly endedAt: string | null;
}

/**
 * Alerts: each is told once when it begins and once when it ends, restarts included, to the log and by the ways of
 * `notify`.
 *
 *   not there ──condition holds──▶ active ──condition no longer holds──▶ not there
 */
export class Alerts implements Service {
  readonly name = 'alerts';
  readonly #options: AlertsOptions;
  readonly #stopping = new AbortController();
  #store: AlertStore | undefined;
  #running: Promise<void> | undefined;

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#running) return;
    this.#store = await this.#options.open();
    this.#running = this.#run(this.#store);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new SluiceError('stopping', 'the station is stopping'));
    await this.#running;
    await this.#store?.close();
  }

  /** Those that last, longest first. */
  active(): readonly BegunAlert[] {
    return [...(this.#store?.active().values() ?? [])];
  }

  async #run(store: AlertStore): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.look(store);
        await this.#send(store, signal);
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error }, 'alerts could not be looked after; they will be');
      }
    }
  }

  /** Begins and ends alerts by what is so now. */
  async look(store: AlertStore): Promise<void> {
    const { config, facts, clock, log } = this.#options;
    const { notify } = config();
    const nowMs = clock.nowMs();
    const { begun, ended } = changesOf(alertsOf(await facts(), notify, nowMs), store.active(), nowMs);
    if (begun.length === 0 && ended.length === 0) return;
    const payloads = [
      ...begun.map(alert => payloadOf(alert, null)),
      ...ended.map(alert => payloadOf(alert, nowMs)),
    ];
    const sendings = channelsOf(notify).flatMap(channel => payloads.map(payload => ({ channel, payload })));
    await store.change({ begun, ended: ended.map(({ key }) => key), sendings, nowMs });
    for (const { key, message, hint } of begun) log.warn({ alert: key, hint }, message);
    for (const { key, message } of ended) log.info({ alert: key }, `over: ${message}`);
  }

  async #send(store: AlertStore, signal: AbortSignal): Promise<void> {
    const { config, clock, random, log, faults } = this.#options;
    endUnconfigured(config().notify, faults);
    for (const { id, channel, payload, failures } of store.due(clock.nowMs(), SENT_AT_ONCE)) {
      try {
        await sendBy(channel, { ...payload, id } satisfies SentPayload, config().notify, signal);
        await store.end(id);
        faults?.end(sendingFault(channel));
      } catch (error) {
        signal.throwIfAborted();
        const known = asSluiceError(error);
        reportSendingFailed(channel, known, faults);
        const decision = nextTry(NOTIFICATION_RETRY, failures + 1, known, random, clock.nowMs());
        log.warn({ channel, code: known.code, reason: known.message }, 'an alert could not be sent');
        if ('giveUp' in decision) await store.end(id);
        else await store.postpone(id, decision.retryAtMs);
      }
    }
  }
}

/** What begins and what ends, of what holds now and what held before. Pure. */
export function changesOf(
  now: readonly Alert[],
  before: ReadonlyMap<string, BegunAlert>,
  nowMs: number,
): { readonly begun: readonly BegunAlert[]; readonly ended: readonly BegunAlert[] } {
  const keys = new Set(now.map(({ key }) => key));
  return {
    begun: now.filter(({ key }) => !before.has(key)).map(alert => ({ ...alert, beganAtMs: nowMs })),
    ended: [...before.values()].filter(({ key }) => !keys.has(key)),
  };
}

function payloadOf({ key, message, hint, beganAtMs }: BegunAlert, endedAtMs: number | null): AlertPayload {
  return {
    event: endedAtMs === null ? 'began' : 'ended',
    alert: key,
    message: endedAtMs === null ? message : `over: ${message}`,
    hint,
    beganAt: new Date(beganAtMs).toISOString(),
    endedAt: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
  };
}
