import type { Clock } from '../base/clock.ts';
import type { LoadObjectStores } from '../deliver/service.ts';
import type { ForgeImplementations } from '../gather/forges/definitions.ts';
import type { LocalStore } from '../keep/local/local-store.ts';
import type { Store } from '../keep/store/store.ts';
import type { StorePlace, Stores } from '../station/station-api.ts';
import type { TerminalOutput } from './terminal.ts';

/** What the composition root gives the commands: the implementations behind the contracts, and the process's edges. */
export interface Cli {
  readonly version: string;
  /** What a person types for `sluice` where this one was started. */
  readonly program: string;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdout: TerminalOutput;
  readonly stderr: TerminalOutput;
  /** Folder with the dashboard's files. */
  readonly webFolder: string;
  /**
   * Opens the store, and what stands on it.
   * @param options.checkpointThread checkpoints off the thread: for a station, whose event loop must not stand still
   */
  openStores(
    place: StorePlace,
    options?: { readonly checkpointThread?: boolean; readonly station?: string },
  ): Promise<Stores>;
  /** The store alone: in the SQLite file at a path, made where it is not there, or on a Postgres. */
  openStore(place: string): Promise<Store>;
  /** What belongs to this machine, in the database at a path; nothing of it is opened yet. */
  openLocal(path: string): Promise<LocalStore>;
  /** Loads the kinds of object stores that these profiles name, and answers what opens the store of one of them. */
  loadObjectStores: LoadObjectStores;
  /** What opens code hosts and reads their webhooks. */
  loadForges(): Promise<ForgeImplementations>;
  /** Aborts on the first Ctrl-C or SIGTERM; a second one ends the process at once. */
  stopSignal(): AbortSignal;
}

/** Options that every command takes. */
export interface GlobalOptions {
  readonly config?: string;
  readonly root?: string;
  readonly database?: string;
  readonly logLevel?: string;
  readonly credentials?: string;
  readonly onlyCredentials?: string;
  readonly serverDirectory?: string;
}

/** Holds the exit code of a command that ends without an error but not with success. */
export interface Outcome {
  exitCode: number;
}

/** Where `up` listens, from its own options. */
export interface ListenOptions {
  readonly host?: string;
  readonly port?: string;
}

/** The option of every command whose output is made to be kept: npm's own lines get into what a shell redirects. */
export const OUTPUT_OPTION = ['-o, --output <file>', 'into this file instead of standard output'] as const;
