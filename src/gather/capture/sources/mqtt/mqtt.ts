import type { IClientOptions, MqttClient } from 'mqtt';
import { SluiceError } from '../../../../base/errors.ts';
import { withoutCredentials } from '../../../../base/text.ts';
import type { PushSource, RawReading, ReadingSource } from '../source.ts';
import type { BrokerPlan } from '../source-definition.ts';

const RECONNECT_MS = 1_000;

interface Listener {
  readonly topic: string;
  readonly onReading: (raw: RawReading) => void;
  readonly onError: (error: unknown) => void;
}

/** Whether a topic fits a filter with `+` and `#` (MQTT 3.1.1, 4.7). Pure. */
export function topicFits(filter: string, topic: string): boolean {
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
  #client: Promise<MqttClient> | undefined;

  /** @param clientId the broker keeps messages for it while it is away (QoS 1, persistent session) */
  constructor(plan: BrokerPlan, clientId: string) {
    this.#plan = plan;
    this.#clientId = clientId;
  }

  /** Listens until the function returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#client ??= this.#connect();
    void this.#client.then(
      client => {
        if (client.connected) this.#subscribe(client, listener);
      },
      error => listener.onError(error),
    );
    return () => {
      this.#listeners.delete(listener);
      if ([...this.#listeners].some(({ topic }) => topic === listener.topic)) return;
      // Left subscribed while the station is down, so that the broker keeps what comes meanwhile.
      void this.#client?.then(
        client => client.connected && !client.disconnecting && client.unsubscribe(listener.topic),
      );
    };
  }

  /** Goes away and leaves its session at the broker. */
  async close(): Promise<void> {
    const client = await this.#client?.catch(() => undefined);
    this.#client = undefined;
    await client?.endAsync(true);
  }

  async #connect(): Promise<MqttClient> {
    const { connect } = await import('mqtt');
    const { url, username, password } = this.#plan;
    const options: IClientOptions = {
      clientId: this.#clientId,
      clean: false,
      resubscribe: false,
      reconnectPeriod: RECONNECT_MS,
    };
    // A key that is there, even undefined, would displace what the address says.
    if (username !== null) options.username = username;
    if (password !== null) options.password = password;
    const client = connect(url, options);
    client.on('connect', () => {
      for (const listener of this.#listeners) this.#subscribe(client, listener);
    });
    client.on('error', error => this.#report(error));
    client.on('offline', () => this.#report(new Error('the broker does not answer')));
    client.on('message', (topic, payload) => {
      for (const listener of this.#listeners) {
        if (topicFits(listener.topic, topic)) listener.onReading({ bytes: payload, topic });
      }
    });
    return client;
  }

  #subscribe(client: MqttClient, { topic, onError }: Listener): void {
    client.subscribe(topic, { qos: 1 }, error => {
      if (error) onError(new SluiceError('reading_failed', `cannot subscribe to ${topic}: ${error.message}`));
    });
  }

  #report(cause: Error): void {
    const where = withoutCredentials(this.#plan.url);
    const error = new SluiceError('host_unreachable', `MQTT broker ${where}: ${cause.message}`, { cause });
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
