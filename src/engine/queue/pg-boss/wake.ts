import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import type { PostgresDatabase } from '../../../keep/postgres/database.ts';
import type { Listening } from '../../../keep/postgres/listen.ts';

/** Words of one process are spoken, and of others heard, no more often than this. */
const QUIET_MS = 200;

export interface WakeOptions {
  readonly database: PostgresDatabase;
  readonly clock: Clock;
  /** Another process may have made work claimable. */
  readonly onWork: () => void;
}

/**
 * Tells other stations that there may be work, and hears it of them (NOTIFY, LISTEN). A word that is lost costs time
 * only: workers ask anew by themselves.
 *
 *   deaf ──start──▶ listening ──stop──▶ deaf
 */
export class Wake {
  readonly #options: WakeOptions;
  /** Tells the words of this process from those of others. */
  readonly #name = randomBytes(8).toString('hex');
  readonly #say: () => void;
  readonly #hear: () => void;
  #listening: Promise<Listening> | undefined;
  /** The first time. */
  #connected: Promise<void> = Promise.resolve();
  #saying: Promise<unknown> = Promise.resolve();
  /** Words to ourselves that are on their way. */
  readonly #echoes = new Map<string, () => void>();

  constructor(options: WakeOptions) {
    this.#options = options;
    const { clock, onWork } = options;
    this.#say = atMostEvery(QUIET_MS, clock, () => {
      this.#saying = this.#notify(this.#name);
    });
    this.#hear = atMostEvery(QUIET_MS, clock, onWork);
  }

  /** There may be work for others. */
  tell(): void {
    this.#say();
  }

  /** May be repeated. */
  start(): void {
    if (this.#listening) return;
    const { database } = this.#options;
    let connections = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#connected = promise;
    this.#listening = database.listen(
      channelOf(database.schema),
      from => {
        this.#echoes.get(from)?.();
        if (!from.startsWith(this.#name)) this.#hear();
      },
      () => {
        connections += 1;
        resolve();
        // What was said while the connection was broken is lost.
        if (connections > 1) this.#hear();
      },
    );
  }

  /** May be repeated. */
  async stop(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    await (await listening)?.close();
  }

  /** Resolves when what was told here is said, and what others said before has been heard, where it listens. */
  async caughtUp(): Promise<void> {
    await this.#saying;
    if (!this.#listening) return;
    const echo = `${this.#name} ${this.#echoes.size}`;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#echoes.set(echo, resolve);
    await this.#connected;
    await this.#notify(echo);
    await promise;
    this.#echoes.delete(echo);
  }

  async #notify(payload: string): Promise<void> {
    const { database } = this.#options;
    // Where the server is not to be had, everybody asks anew when it is back.
    await database
      .query('SELECT pg_notify($1, $2)', [channelOf(database.schema), payload])
      .catch(() => undefined);
  }
}

function channelOf(schema: string): string {
  return `${schema}.work`.slice(0, 60);
}

/** At once where it has been quiet, else when the quiet time is over, once for however many there were. */
function atMostEvery(ms: number, clock: Clock, act: () => void): () => void {
  let isQuiet = true;
  let isWaiting = false;
  const rest = (): void => {
    isQuiet = false;
    clock.timer(ms, () => {
      isQuiet = true;
      if (!isWaiting) return;
      isWaiting = false;
      rest();
      act();
    });
  };
  return () => {
    if (!isQuiet) {
      isWaiting = true;
      return;
    }
    rest();
    act();
  };
}
