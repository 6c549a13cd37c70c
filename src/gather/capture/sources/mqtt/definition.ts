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
    return ({ broker: plan, station }) => {
      let broker: Broker | undefined;
      return {
        open({ topic }, everyMs) {
          broker ??= new OneBroker(plan, `sluice-${station}`);
          return everyMs === null ? new MqttMessages(broker, topic) : new MqttLatest(broker, topic);
        },
        async close() {
          await broker?.close();
        },
      };
    };
  },
};
