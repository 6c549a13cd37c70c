/**
 * The stations that share the store, by what they last said of themselves. A station alone has a row as well. Methods
 * may fail with `database_*` or `disk_full`, having changed nothing. Times are on the store's clock, which is the same
 * for all stations.
 */
export interface StationStore {
  /** The first sign of life of a run; whatever ran under its id before is over. May be repeated. */
  arrive(station: StationSign): Promise<void>;
  /**
   * A sign of life, with what the station holds now. May be repeated.
   * @throws SluiceError `station_running` where another run has arrived under the same id since: its root was copied
   */
  beat(station: StationSign): Promise<void>;
  /** All that are known, by name; those too that are silent, for `FORGOTTEN_AFTER_MS`. */
  list(): Promise<KnownStation[]>;
  /** The station stops in order, or does not come back: it is silent from now on, until its next sign of life. May be repeated. */
  leave(id: string): Promise<void>;
}

/** Who is silent for so long does not count: its work and its clones are up to others. */
export const SILENT_AFTER_MS = 20_000;
/** Who is silent for so long is no longer listed. */
export const FORGOTTEN_AFTER_MS = 30 * 86_400_000;

/** What a station says of itself. */
export interface StationSign {
  /** The same for as long as its root is; targets that have their home there name it. */
  readonly id: string;
  /** This run of it: another one under the same id is another process. */
  readonly run: string;
  /** For people: host and folder. */
  readonly name: string;
  readonly host: string;
  readonly version: string;
  /** Where its pages are; null where it has none. */
  readonly url: string | null;
  readonly startedAtMs: number;
  readonly holds: StationHoldings;
}

/** What lies with a station, in figures. */
export interface StationHoldings {
  readonly clones: { readonly count: number; readonly bytes: number };
  /** Files by state. */
  readonly deliveries: Readonly<Record<string, number>>;
  readonly capture: { readonly collectors: number; readonly failing: number };
  readonly disks: readonly {
    readonly path: string;
    readonly freeBytes: number;
    readonly totalBytes: number;
  }[];
}

export interface KnownStation extends Omit<StationSign, 'run'> {
  /** How long ago its last sign of life was. */
  readonly silentMs: number;
  /** It has left in order, or is silent for longer than `SILENT_AFTER_MS`. */
  readonly isSilent: boolean;
  /** It has left in order, or somebody said that it does not come back. */
  readonly hasLeft: boolean;
}
