import { execDefinition } from './exec/definition.ts';
import { fileDefinition } from './file/definition.ts';
import { httpDefinition } from './http/definition.ts';
import { mqttDefinition } from './mqtt/definition.ts';
import { queryDefinition } from './query/definition.ts';
import type { PushSource, ReadingSource } from './source.ts';
import type {
  ReadingManner,
  ReadingSourceDefinition,
  SourceOpener,
  SourceSurroundings,
} from './source-definition.ts';

/** Every kind of source, in the order of the reference. The one list of them. */
export const READING_SOURCES = [
  execDefinition,
  httpDefinition,
  fileDefinition,
  queryDefinition,
  mqttDefinition,
] as const;

/** What a collector reads. */
export type SourcePlan = ReturnType<(typeof READING_SOURCES)[number]['planOf']>;

/** Opens sources; what several of them share is made with the first and closed with `close`. */
export interface Sources {
  open(collector: ReadingManner & { readonly source: SourcePlan }): ReadingSource | PushSource;
  close(): Promise<void>;
}

/** Sources of the real world, of every kind. */
export async function loadSources(surroundings: SourceSurroundings): Promise<Sources> {
  const definitions: readonly ReadingSourceDefinition[] = READING_SOURCES;
  const openers = new Map<string, SourceOpener>();
  for (const definition of definitions) openers.set(definition.kind, (await definition.load())(surroundings));
  return {
    open({ source, everyMs, format }) {
      const opener = openers.get(source.method);
      if (!opener) throw new Error(`there is no kind of source called ${source.method}`);
      return opener.open(source, { everyMs, format });
    },
    async close() {
      for (const opener of openers.values()) await opener.close?.();
    },
  };
}
