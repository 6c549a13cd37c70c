import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { openAgent } from '../../base/http-agent.ts';
import type { Service } from '../../base/lifecycle.ts';
import type { Logger } from '../../base/log.ts';
import { proxyOf } from '../../base/proxy.ts';
import type { Span, SpanSink } from '../../base/spans.ts';
import { type SpanIds, traceRequest } from './otlp.ts';
import type { TelemetrySettings } from './settings.ts';

/** Spans that wait to be sent; what comes when there are so many is dropped, and counted. */
const MOST_WAITING = 2048;
const MOST_AT_ONCE = 512;
const SEND_EVERY_MS = 5_000;
/** After failures it is tried ever less often, up to so seldom. */
const LONGEST_PAUSE_MS = 60_000;
/** A stop waits no longer than this for what is left. */
const STOP_MS = 2_000;
/** Answers after which the same spans may be taken later (OTLP/HTTP, "Retryable Response Codes"). */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

const RANDOM_IDS: SpanIds = {
  trace: () => randomBytes(16).toString('hex'),
  span: () => randomBytes(8).toString('hex'),
};

/** Posts a body. Resolves with the answer's status; throws where none came. */
export type Post = (body: string, signal: AbortSignal) => Promise<number>;

export interface SpanExporterOptions {
  readonly settings: TelemetrySettings;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** Of the station, once it has one. */
  readonly station: () => string;
  /** undici's unless given. */
  readonly post?: Post;
}

/** What became of spans since the start. */
export interface SpanCounts {
  readonly sent: number;
  readonly dropped: number;
}

/**
 * Sends spans to a collector by OTLP over HTTP, in JSON. Work never waits for it: spans wait here in bounded number, one
 * request at a time takes them, and where the collector is away for long the newest are dropped.
 */
export class SpanExporter implements Service, SpanSink {
  readonly name = 'telemetry';
  readonly #options: SpanExporterOptions;
  readonly #waiting: Span[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #sent = 0;
  #dropped = 0;
  #failures = 0;
  #isStopping = false;
  #wake: () => void = () => undefined;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  get counts(): SpanCounts {
    return { sent: this.#sent, dropped: this.#dropped };
  }

  add(span: Span): void {
    if (this.#isStopping || this.#waiting.length >= MOST_WAITING) this.#dropped += 1;
    else this.#waiting.push(span);
  }

  async start(): Promise<void> {
    this.#running = this.#run();
  }

  /** Sends what is left, as far as that goes fast. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const cancel = this.#options.clock.timer(STOP_MS, () => this.#stop.abort());
    this.#wake();
    await this.#running;
    cancel();
    this.#dropped += this.#waiting.length;
    this.#waiting.length = 0;
  }

  async #run(): Promise<void> {
    const post = this.#options.post ?? (await postTo(this.#options.settings));
    while (!this.#isStopping) {
      await this.#pause(Math.min(LONGEST_PAUSE_MS, SEND_EVERY_MS * 2 ** this.#failures));
      // All that has come since, unless it is not taken.
      do {
        await this.#send(post);
      } while (this.#failures === 0 && this.#waiting.length > 0 && !this.#stop.signal.aborted);
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    return new Promise(resolve => {
      const cancel = this.#options.clock.timer(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  async #send(post: Post): Promise<void> {
    const { settings, version, station, clock } = this.#options;
    const spans = this.#waiting.slice(0, MOST_AT_ONCE);
    if (spans.length === 0) return;
    const resource = { ...settings.resource, 'service.version': version, 'service.instance.id': station() };
    const body = JSON.stringify(traceRequest(spans, { resource, version }, RANDOM_IDS));
    const late = new AbortController();
    const cancel = clock.timer(settings.timeoutMs, () => late.abort());
    let status: number | undefined;
    try {
      status = await post(body, AbortSignal.any([this.#stop.signal, late.signal]));
    } catch {
      // Nobody answered in time: the same may be taken later.
    }
    cancel();
    if (status === undefined || PASSING.has(status)) return this.#failed(status);
    this.#waiting.splice(0, spans.length);
    if (status >= 200 && status < 300) {
      this.#sent += spans.length;
      if (this.#failures > 0) this.#options.log.info('the collector takes traces again');
      this.#failures = 0;
      return;
    }
    // They will never be taken.
    this.#dropped += spans.length;
    this.#failed(status);
  }

  /** Said once, until it is taken again. */
  #failed(status: number | undefined): void {
    this.#failures += 1;
    if (this.#failures > 1 || this.#isStopping) return;
    const { host } = new URL(this.#options.settings.url);
    const why = status === undefined ? 'does not answer' : `answered ${status}`;
    this.#options.log.warn(
      { host, status },
      `the collector of traces at ${host} ${why}; spans are dropped in time`,
    );
  }
}

async function postTo({ url, headers, timeoutMs }: TelemetrySettings): Promise<Post> {
  const { request } = await import('undici');
  const proxy = proxyOf(new URL(url), process.env);
  const agent = await openAgent({ connections: 1, connectTimeoutMs: timeoutMs, proxy });
  return async (body, signal) => {
    const answer = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'user-agent': 'sluice', ...headers, 'content-type': 'application/json' },
      body,
      signal,
    });
    await answer.body.dump();
    return answer.statusCode;
  };
}
