import { randomUUID } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { syncFolder, writeDurably } from '../base/durable-files.ts';
import { asSluiceError } from '../base/errors.ts';
import type { Service } from '../base/lifecycle.ts';
import type { Logger } from '../base/log.ts';
import { RepeatedMessages } from '../base/repeated-messages.ts';
import { Repeating } from '../base/repeating.ts';
import { SILENT_AFTER_MS, type StationHoldings, type StationStore } from '../keep/store/stations.ts';

const ID_FILE = 'station-id';
const ID = /^[0-9a-f-]{36}$/;

/** The id of the station on a root, made where there is none yet: the same for as long as the root is. */
export async function stationIdOf(root: string): Promise<string> {
  const path = join(root, ID_FILE);
  const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '';
  });
  if (ID.test(known.trim())) return known.trim();
  const id = randomUUID();
  await writeDurably(`${path}.new`, `${id}\n`);
  await rename(`${path}.new`, path);
  await syncFolder(root);
  return id;
}

export interface MembershipOptions {
  readonly stations: () => StationStore;
  /** From `stationIdOf`. */
  readonly id: () => string;
  readonly root: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where its pages are, once they are. */
  readonly url: () => string | undefined;
  readonly holdings: () => Promise<StationHoldings>;
}

/** Four signs before it counts as silent. */
const BEAT_EVERY_MS = SILENT_AFTER_MS / 4;
const SAME_FAILURE_EVERY_MS = 10 * 60_000;

/**
 * This station among those that share the store: says every few seconds that it lives, and what it holds.
 *
 *   idle ──start()──▶ there ──stop()──▶ gone
 */
export class Membership implements Service {
  readonly name = 'membership';
  readonly #options: MembershipOptions;
  readonly #run = randomUUID();
  readonly #startedAtMs: number;
  readonly #failures: RepeatedMessages;
  readonly #beats: Repeating;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.nowMs();
    this.#failures = new RepeatedMessages(options.clock, SAME_FAILURE_EVERY_MS);
    const { clock } = options;
    this.#beats = new Repeating({ clock, pauseMs: () => BEAT_EVERY_MS, work: () => this.#beat() });
  }

  async start(): Promise<void> {
    const { stations } = this.#options;
    await stations().arrive(await this.#sign());
    this.#beats.start();
  }

  async stop(): Promise<void> {
    await this.#beats.stop();
    const { stations, id } = this.#options;
    // Where the store is not to be had, others see for themselves that it is silent.
    await stations()
      .leave(id())
      .catch(() => undefined);
  }

  async #beat(): Promise<void> {
    const { stations, log } = this.#options;
    try {
      await stations().beat(await this.#sign());
    } catch (thrown) {
      const { code, message, hint } = asSluiceError(thrown);
      if (this.#failures.admit(code) === undefined) return;
      log.warn({ code, reason: message, hint }, 'could not tell the other stations that this one lives');
    }
  }

  async #sign(): Promise<Parameters<StationStore['beat']>[0]> {
    const { id, root, version, url, holdings } = this.#options;
    const host = hostname();
    return {
      id: id(),
      run: this.#run,
      name: `${host}:${root}`,
      host,
      version,
      url: url() ?? null,
      startedAtMs: this.#startedAtMs,
      holds: await holdings(),
    };
  }
}
