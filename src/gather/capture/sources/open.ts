import type { Clock } from '../../../base/clock.ts';
import type { CapturePlan, CollectorPlan } from '../settings.ts';
import { ExecSource } from './exec.ts';
import { FileSource } from './file.ts';
import { HttpSource } from './http.ts';
import { Broker, MqttLatest, MqttMessages } from './mqtt.ts';
import { QuerySource, QueryThread } from './query.ts';
import type { PushSource, ReadingSource } from './source.ts';

/** Opens sources; what several of them share is made with the first and closed with `close`. */
export interface Sources {
  open(collector: CollectorPlan): ReadingSource | PushSource;
  close(): Promise<void>;
}

/** Sources of the real world. */
export function openSources(
  plan: Pick<CapturePlan, 'broker' | 'database' | 'station'>,
  clock: Clock,
): Sources {
  let broker: Broker | undefined;
  let queries: QueryThread | undefined;
  return {
    open({ source, everyMs }) {
      switch (source.method) {
        case 'exec':
          return new ExecSource(source.command);
        case 'http':
          return new HttpSource(source.url);
        case 'file':
          return new FileSource({ path: source.path, monotonicMs: () => clock.monotonicMs() });
        case 'query':
          queries ??= new QueryThread(plan.database);
          return new QuerySource(source.sql, queries);
        case 'mqtt':
          broker ??= new Broker(plan.broker, `sluice-${plan.station}`);
          return everyMs === null
            ? new MqttMessages(broker, source.topic)
            : new MqttLatest(broker, source.topic);
      }
    },
    async close() {
      await broker?.close();
      await queries?.close();
    },
  };
}
