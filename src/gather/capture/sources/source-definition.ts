import type { Clock } from '../../../base/clock.ts';
import type { ReadingSourceSetting } from '../../../config/kinds.ts';
import type { PushSource, ReadingFormat, ReadingSource } from './source.ts';

/** What a collector reads, as plain data that can go to another thread; the rest is its kind's. */
export interface AnySourcePlan {
  /** Kind of source, as its definition names it. */
  readonly method: string;
}

export interface BrokerPlan {
  readonly url: string;
  readonly username: string | null;
  readonly password: string | null;
  /** Null: one of the station's own. */
  readonly clientId: string | null;
  /** Paths of PEM files: who signed the broker's certificate, and the certificate and key of this client. */
  readonly caFile: string | null;
  readonly certificateFile: string | null;
  readonly keyFile: string | null;
}

/** What sources may need of the station that they are in. */
export interface SourceSurroundings {
  readonly clock: Clock;
  /** Path of the station's own database. */
  readonly database: string;
  /** The store is on a server; `database` has the journal only. */
  readonly isStoreShared: boolean;
  /** Name of the station. */
  readonly station: string;
  readonly broker: BrokerPlan;
}

/**
 * A kind of source: the key of a collector that asks for it, what is planned from that key's value, and how it is
 * opened. A new kind is a folder with a definition, and a line in definitions.ts. Loading a definition loads nothing of
 * the source itself. Every function is handed values and plans of its own kind only.
 */
export interface ReadingSourceDefinition<P extends AnySourcePlan = AnySourcePlan, V = unknown>
  extends ReadingSourceSetting {
  readonly kind: P['method'];
  /** The plan for a value of the key. Pure. @param companions values of the keys beside it that are this kind's own */
  planOf(value: V, companions: Readonly<Record<string, unknown>>): P;
  /** Loads the implementation. */
  load(): Promise<(surroundings: SourceSurroundings) => SourceOpener<P>>;
}

/** What a collector wants of its source. */
export interface ReadingManner {
  /** The interval; null: every reading as it comes, where the kind pushes. */
  readonly everyMs: number | null;
  readonly format: ReadingFormat;
}

/** Opens sources of one kind; what several of them share is made with the first that is opened. */
export interface SourceOpener<P extends AnySourcePlan = AnySourcePlan> {
  open(plan: P, manner: ReadingManner): ReadingSource | PushSource;
  /** Lets go of what several sources share, once all of them are closed. Absent: nothing is shared. */
  close?(): Promise<void>;
}
