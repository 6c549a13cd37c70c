import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { ReadingSourceDefinition } from '../source-definition.ts';
import type { Broker } from './mqtt.ts';

export interface MqttPlan {
  readonly method: 'mqtt';
  readonly topic: string;
}

/** Messages of a topic: all of them, or the newest at each interval. */
export const mqttDefinition: ReadingSourceDefinition<MqttPlan, string> = {
  kind: 'mqtt',
  setting: ({ optionalText }) =>
    optionalText({
      description: 'An MQTT topic (of capture.mqtt.url); without `every` each message is a reading.',
      example: 'sensors/+/temperature',
    }),
  pushes: true,
  planOf: topic => ({ method: 'mqtt', topic }),
  async load() {
    const { Broker: OneBroker, MqttLatest, MqttMessages } = await import('./mqtt.ts');
    return ({ broker: plan, station, database, clock }) => {
      let broker: Broker | undefined;
      return {
        open({ topic }, { everyMs }) {
          const clientId = plan.clientId ?? ownClientId(station, database);
          broker ??= new OneBroker(plan, clientId, clock);
          return everyMs === null ? new MqttMessages(broker, topic) : new MqttLatest(broker, topic);
        },
        async close() {
          await broker?.close();
        },
      };
    };
  },
};

/**
 * The same at each start, and another one for each station, also of the same name: two clients of one id put each other
 * out. Brokers need not take more than 23 letters and digits (MQTT 3.1.1, 3.1.3.1), most do. Pure but for the host's name.
 */
function ownClientId(station: string, database: string): string {
  const place = createHash('sha256').update(`${hostname()}\n${station}\n${database}`).digest('hex');
  return `sluice-${station.replace(/[^A-Za-z0-9]+/g, '').slice(0, 8)}${place.slice(0, 8)}`;
}
