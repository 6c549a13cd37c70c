import type { Config } from '../../config/schema.ts';
import { DEFAULT_BROKER, namedSources } from '../../config/sections/capture.ts';
import { READING_SOURCES, type SourcePlan } from './sources/definitions.ts';
import type { ReadingFormat } from './sources/source.ts';
import type { BrokerPlan, ReadingSourceDefinition } from './sources/source-definition.ts';

/** Where a collector's files go. */
export interface UploadTarget {
  readonly profile: string;
  readonly bucket: string;
  /** Without slashes at its ends; may be empty. */
  readonly prefix: string;
}

export interface CollectorPlan {
  readonly name: string;
  readonly source: SourcePlan;
  /** Null: every message as it comes (MQTT alone). */
  readonly everyMs: number | null;
  readonly timeoutMs: number;
  readonly to: UploadTarget;
  /** Those of the station first. */
  readonly tags: readonly string[];
  readonly format: ReadingFormat;
  /** The encoding of its text, as the Encoding Standard names it; null: what its source says, else UTF-8. */
  readonly charset: string | null;
  readonly extension: string | null;
  readonly disabled: boolean;
}

export interface ControlPlan {
  readonly question: { readonly command: string } | { readonly url: string };
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** What capture does, as plain data that can go to another thread. */
export interface CapturePlan {
  /** Absolute. Below it files lie as below `incoming`. */
  readonly directory: string;
  readonly database: string;
  /** The store is on a server; `database` has the journal only. */
  readonly isStoreShared: boolean;
  readonly station: string;
  /** No collector runs; what lies there is handed over all the same. */
  readonly disabled: boolean;
  readonly maxFileBytes: number;
  readonly maxAgeMs: number;
  readonly fsyncIntervalMs: number;
  readonly broker: BrokerPlan;
  readonly control: ControlPlan | null;
  readonly collectors: readonly CollectorPlan[];
}

/** The plan that a configuration asks for. Pure. */
export function capturePlan({
  capture,
  database,
  store,
}: Pick<Config, 'capture' | 'database' | 'store'>): CapturePlan {
  const { mqtt, control } = capture;
  return {
    directory: capture.directory,
    database,
    isStoreShared: store !== undefined,
    station: capture.station,
    disabled: capture.disabled,
    maxFileBytes: capture.maxFileSizeBytes,
    maxAgeMs: capture.maxAgeMs,
    fsyncIntervalMs: capture.fsyncIntervalMs,
    broker: {
      url: mqtt?.url ?? DEFAULT_BROKER,
      username: mqtt?.username ?? null,
      password: mqtt?.password ?? null,
      clientId: mqtt?.clientId ?? null,
      caFile: mqtt?.caFile ?? null,
      certificateFile: mqtt?.certificateFile ?? null,
      keyFile: mqtt?.keyFile ?? null,
    },
    control:
      (control && {
        question: control.url === undefined ? { command: control.command ?? '' } : { url: control.url },
        everyMs: control.everyMs,
        timeoutMs: control.timeoutMs,
      }) ||
      null,
    collectors: capture.collectors.map(one => collectorPlan(one, capture.tags)),
  };
}

function collectorPlan(one: Config['capture']['collectors'][number], tags: readonly string[]): CollectorPlan {
  const { name, everyMs, timeoutMs, format, charset, extension, disabled } = one;
  const [profile = '', bucket = '', ...prefix] = one.to.slice('s3://'.length).split('/');
  return {
    name,
    timeoutMs,
    format,
    disabled,
    source: sourcePlan(one),
    everyMs: everyMs ?? null,
    to: { profile, bucket, prefix: prefix.filter(segment => segment !== '').join('/') },
    tags: [...tags, ...one.tags.filter(tag => !tags.includes(tag))],
    charset: charset ?? null,
    extension: extension ?? null,
  };
}

function sourcePlan(one: Config['capture']['collectors'][number]): SourcePlan {
  const sources: readonly ReadingSourceDefinition<SourcePlan>[] = READING_SOURCES;
  const [named] = namedSources(one, sources);
  if (!named) throw new Error(`collector ${one.name} names nothing to read`);
  return named.source.planOf(named.value, named.companions);
}
