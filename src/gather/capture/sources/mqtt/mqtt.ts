import { readFile } from 'node:fs/promises';
import type { IClientOptions, IConnackPacket, MqttClient } from 'mqtt';
import type { Clock } from '../../../../base/clock.ts';
import { SluiceError } from '../../../../base/errors.ts';
import { withoutCredentials } from '../../../../base/text.ts';
import { readingFailure } from '../failure.ts';
import type { PushSource, RawReading, ReadingSource } from '../source.ts';
import type { BrokerPlan } from '../source-definition.ts';

const RECONNECT_MS = 1_000;
/** Pause before certificates that could not be read are read again. */
const REOPEN_MS = 10_000;
/** A connection that ends so soon, and so often in a row, was taken by somebody of the same name. */
const SHORT_LIFE_MS = 5_000;
const RIVAL_AFTER = 3;

interface Listener {
  readonly topic: string;
  readonly onReading: (raw: RawReading) => void;
  readonly onError: (error: unknown) => void;
}

/**
 * Whether a topic fits a filter with `+` and `#` (MQTT 3.1.1, 4.7). A shared subscription (`$share/GROUP/FILTER`, MQTT
 * 5.0, 4.8.2; `$queue/FILTER` of some brokers) brings the topics of its filter. Pure.
 */
export function topicFits(subscription: string, topic: string): boolean {
  const filter = subscription.replace(/^\$(share\/[^/]+|queue)\//, '');
  const wanted = filter.split('/');
  const given = topic.split('/');
  // Topics that begin with $ are the broker's own and no wildcard at the first level means them.
  if (topic.startsWith('$') && !filter.startsWith('$')) return false;
  for (const [index, part] of wanted.entries()) {
    if (part === '#') return true;
    if (index >= given.length || (part !== '+' && part !== given[index])) return false;
  }
  return wanted.length === given.length;
}

/**
 * One connection to the broker for all collectors. It comes back by itself; the library is loaded with the first
 * listener.
 */
export class Broker {
  readonly #plan: BrokerPlan;
  readonly #clientId: string;
  readonly #listeners = new Set<Listener>();
  readonly #clock: Pick<Clock, 'monotonicMs' | 'timer'>;
  #cancelRetry = (): void => undefined;
  #isClosed = false;
  #connectedAtMs: number | undefined;
  #shortLives = 0;
  /** What the broker has confirmed in the session that it keeps for this process. */
  readonly #subscribed = new Set<string>();
  #client: Promise<MqttClient> | undefined;

  /** @param clientId the broker keeps messages for it while it is away (QoS 1, persistent session) */
  constructor(plan: BrokerPlan, clientId: string, clock: Pick<Clock, 'monotonicMs' | 'timer'>) {
    this.#plan = plan;
    this.#clientId = clientId;
    this.#clock = clock;
  }

  /** Listens until the function returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#client) {
      void this.#client.then(
        client => client.connected && this.#subscribe(client, listener),
        error => listener.onError(error),
      );
    } else this.#open();
    return () => {
      this.#listeners.delete(listener);
      if ([...this.#listeners].some(({ topic }) => topic === listener.topic)) return;
      this.#subscribed.delete(listener.topic);
      // Left subscribed while the station is down, so that the broker keeps what comes meanwhile.
      void this.#client?.then(
        client => client.connected && !client.disconnecting && client.unsubscribe(listener.topic),
      );
    };
  }

  /** Goes away and leaves its session at the broker. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.endAsync(true);
  }

  /** Connects for all that listen, once its certificates can be read. */
  #open(): void {
    const opening = this.#connect();
    this.#client = opening;
    opening.catch(error => {
      if (this.#isClosed) return;
      for (const { onError } of this.#listeners) onError(error);
      this.#client = undefined;
      this.#cancelRetry = this.#clock.timer(REOPEN_MS, () => {
        if (this.#listeners.size > 0) this.#open();
      });
    });
  }

  async #connect(): Promise<MqttClient> {
    const { connect } = await import('mqtt');
    const { url, username, password } = this.#plan;
    const options: IClientOptions = {
      clientId: this.#clientId,
      clean: false,
      resubscribe: false,
      reconnectPeriod: RECONNECT_MS,
      ...(await this.#certificates()),
    };
    // A key that is there, even undefined, would displace what the address says.
    if (username !== null) options.username = username;
    if (password !== null) options.password = password;
    const client = connect(url, options);
    client.on('connect', ({ sessionPresent }: IConnackPacket) => {
      this.#connectedAtMs = this.#clock.monotonicMs();
      if (!sessionPresent) this.#subscribed.clear();
      // Subscribed once more, the broker would send what it retains once more: a reading that nobody has sent.
      const missing = [...this.#listeners].filter(({ topic }) => !this.#subscribed.has(topic));
      for (const listener of missing) this.#subscribe(client, listener);
    });
    client.on('error', error => this.#report(error));
    client.on('offline', () => this.#report(new Error('the broker does not answer')));
    client.on('close', () => {
      this.#noticeRival();
      // Certificates are renewed in place; the next connection takes those that are there by then.
      void this.#certificates().then(
        renewed => Object.assign(client.options, renewed),
        error => this.#report(error),
      );
    });
    client.on('message', (topic, payload) => {
      for (const listener of this.#listeners) {
        if (topicFits(listener.topic, topic)) listener.onReading({ bytes: payload, topic });
      }
    });
    return client;
  }

  /** Of the broker's signer and of this client. */
  async #certificates(): Promise<Pick<IClientOptions, 'ca' | 'cert' | 'key'>> {
    const { caFile, certificateFile, keyFile } = this.#plan;
    const read = async (path: string | null): Promise<Buffer | undefined> => {
      try {
        return path === null ? undefined : await readFile(path);
      } catch (error) {
        throw readingFailure(error, { operation: 'read', subject: path ?? '' });
      }
    };
    const [ca, cert, key] = [await read(caFile), await read(certificateFile), await read(keyFile)];
    // A key that is there, even undefined, would displace a default.
    return Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, value]) => value !== undefined));
  }

  /** A broker lets one client of a name in: a second one takes its place, and they take turns for ever. */
  #noticeRival(): void {
    const livedMs = this.#clock.monotonicMs() - (this.#connectedAtMs ?? Number.NEGATIVE_INFINITY);
    this.#connectedAtMs = undefined;
    this.#shortLives = livedMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    if (this.#shortLives < RIVAL_AFTER) return;
    this.#report(
      new Error(
        `it ends each connection at once; another client may use the same id "${this.#clientId}" (capture.mqtt.clientId)`,
      ),
    );
  }

  #subscribe(client: MqttClient, { topic, onError }: Listener): void {
    client.subscribe(topic, { qos: 1 }, error => {
      if (error) onError(new SluiceError('reading_failed', `cannot subscribe to ${topic}: ${error.message}`));
      else this.#subscribed.add(topic);
    });
  }

  #report(cause: Error): void {
    const where = withoutCredentials(this.#plan.url);
    const words = cause.message.split('\n', 1)[0];
    const error = new SluiceError('host_unreachable', `MQTT broker ${where}: ${words}`, { cause });
    for (const { onError } of this.#listeners) onError(error);
  }
}

/** Every message of a topic. */
export class MqttMessages implements PushSource {
  readonly #broker: Pick<Broker, 'listen'>;
  readonly #topic: string;
  #leave: (() => void) | undefined;

  constructor(broker: Pick<Broker, 'listen'>, topic: string) {
    this.#broker = broker;
    this.#topic = topic;
  }

  listen(onReading: (raw: RawReading) => void, onError: (error: unknown) => void): void {
    this.#leave = this.#broker.listen({ topic: this.#topic, onReading, onError });
  }

  async close(): Promise<void> {
    this.#leave?.();
  }
}

/** The newest message of a topic since the last reading; none is no reading. */
export class MqttLatest implements ReadingSource {
  readonly #leave: () => void;
  #latest: RawReading | undefined;
  #error: unknown;

  constructor(broker: Pick<Broker, 'listen'>, topic: string) {
    this.#leave = broker.listen({
      topic,
      onReading: raw => {
        this.#latest = raw;
        this.#error = undefined;
      },
      onError: error => {
        this.#error = error;
      },
    });
  }

  read(): RawReading | undefined {
    const latest = this.#latest;
    const error = this.#error;
    this.#latest = undefined;
    this.#error = undefined;
    if (latest === undefined && error !== undefined) throw error;
    return latest;
  }

  async close(): Promise<void> {
    this.#leave();
  }
}
