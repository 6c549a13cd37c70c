import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../../../src/base/random.ts';
import { rows } from '../sluice.ts';
import { SmallDisk } from './disk.ts';
import { DOOMED, type Drop, EXPORTS, entriesBelow, placeOfRecord, WorldFiles, waitingIn } from './files.ts';
import {
  badNetwork,
  type FarSide,
  makeCertificates,
  type Portal,
  startFarSide,
  startPortal,
  writeCredentials,
} from './places.ts';
import { describeTrouble, type Episode, planWorld, type Side, type Trouble } from './plan.ts';
import { WorldStation } from './station.ts';
import { assertFaultless, judge, unknownPuts, type WorldCounts } from './verdict.ts';

export interface WorldOptions {
  /** A folder for everything; the caller removes it. */
  readonly base: string;
  readonly files: number;
  readonly episodes: number;
  readonly longestMs: number;
  readonly largestBytes: number;
  readonly seed: number;
  /** Whether disks may be mounted here. */
  readonly canMount: boolean;
  /** Told what happens, a line each. */
  readonly tell: (line: string) => void;
}

export interface WorldOutcome extends WorldCounts {
  readonly files: number;
  readonly bytes: number;
  /** How often each kind of trouble came. */
  readonly troubles: Readonly<Record<string, number>>;
  readonly slowestStopMs: number;
}

/** Nothing new in so long a time, in a world without trouble: something is stuck. */
const PATIENCE_MS = 40_000;
/** What waits for files that wait, comes when some do. */
const SWAPPED_FILES = 15;

/** What ends a trouble. */
type Heal = () => void | Promise<void>;

/**
 * Lets a seed's troubles befall a station while files arrive, heals the world, and looks at what became of them.
 * @throws AssertionError with everything that is wrong in the end
 */
export async function runWorld(options: WorldOptions): Promise<WorldOutcome> {
  const world = await World.make(options);
  try {
    return await world.run();
  } finally {
    await world.end();
  }
}

class World {
  readonly #options: WorldOptions;
  readonly #episodes: readonly Episode[];
  readonly #sides: Readonly<Record<Side, FarSide>>;
  readonly #portal: Portal;
  readonly #disk: SmallDisk | undefined;
  readonly #files: WorldFiles;
  readonly #drops: readonly Drop[];
  readonly #station: WorldStation;
  readonly #root: string;
  readonly #database: string;
  readonly #credentials: string;
  readonly #target: string;
  readonly #log: string;
  /** Which key of each server stands in the credentials file. */
  readonly #keys: Record<Side, number> = { cloud: 0, safe: 0 };
  readonly #killed = new Set<object>();
  readonly #troubles: Record<string, number> = {};
  /** Troubles of this machine that may keep a station from starting. */
  #brokenMachine = 0;

  static async make(options: WorldOptions): Promise<World> {
    const { base, seed } = options;
    const certificates = makeCertificates(join(base, 'certificates'));
    const keys = options.episodes + 1;
    const side = (name: Side): Promise<FarSide> =>
      startFarSide(name, { folder: join(base, 'objects', name), seed, keys, certificates });
    const [cloud, safe] = [await side('cloud'), await side('safe')];
    return new World(options, { cloud, safe }, await startPortal(certificates));
  }

  private constructor(options: WorldOptions, sides: Readonly<Record<Side, FarSide>>, portal: Portal) {
    const { base, seed, canMount, largestBytes } = options;
    this.#options = options;
    this.#sides = sides;
    this.#portal = portal;
    const disk = join(base, 'disk');
    mkdirSync(disk);
    this.#disk = canMount ? new SmallDisk(disk) : undefined;
    const random = seededRandom(seed);
    this.#episodes = planWorld(random, { ...options, canFill: canMount });
    this.#root = join(disk, 'station');
    // On the disk that fills up, as it is by default, or elsewhere.
    this.#database = join(random() < 0.5 ? disk : base, 'sluice.db');
    this.#credentials = join(base, 'credentials');
    this.#target = join(base, 'nas');
    mkdirSync(join(this.#target, 'bucket'), { recursive: true });
    this.#log = join(base, 'station.log');
    const exports = join(disk, 'exports');
    const spooled = (profile: string): Drop => ({
      folder: join(this.#root, 'incoming', profile, 'bucket'),
      profile,
      bucket: 'bucket',
      prefix: '',
    });
    this.#drops = [
      spooled('cloud'),
      spooled('safe'),
      spooled('nas'),
      { folder: exports, profile: 'cloud', bucket: 'bucket', prefix: EXPORTS },
    ];
    this.#files = new WorldFiles({
      drops: this.#drops,
      outside: join(disk, 'outside'),
      victims: join(disk, 'victims'),
      largestBytes,
      random,
    });
    for (const far of Object.values(sides))
      far.refusals.add(({ operation, key }) =>
        key?.includes(DOOMED) && /^(PutObject|CreateMultipartUpload)$/.test(operation)
          ? { status: 400, code: 'InvalidArgument', message: 'This name is not taken here' }
          : undefined,
      );
    this.#writeCredentials();
    this.#station = new WorldStation(
      {
        seed,
        root: this.#root,
        database: this.#database,
        credentials: this.#credentials,
        exports,
        target: this.#target,
      },
      { log: this.#log, certificate: join(base, 'certificates', 'server.pem') },
    );
  }

  async run(): Promise<WorldOutcome> {
    const { tell } = this.#options;
    await this.#station.start();
    for (const [index, episode] of this.#episodes.entries()) {
      tell(`${index + 1}/${this.#episodes.length}: ${episode.troubles.map(describeTrouble).join(' + ')}`);
      await this.#live(episode);
    }
    this.#files.undoSwaps();
    const healedMs = performance.now();
    await this.#allEnded();
    tell(`all ended ${Math.round(performance.now() - healedMs)} ms after the last trouble`);
    await this.#station.stop();
    const { faults, counts } = await judge({
      files: this.#files,
      sides: Object.values(this.#sides),
      portal: this.#portal,
      drops: this.#drops,
      root: this.#root,
      database: this.#database,
      target: this.#target,
      log: this.#log,
      killed: this.#killed,
    });
    assertFaultless(faults);
    return {
      ...counts,
      files: this.#files.given.length,
      bytes: this.#files.bytes,
      troubles: this.#troubles,
      slowestStopMs: this.#station.slowestStopMs,
    };
  }

  /** Ends all of it, whatever has happened. */
  async end(): Promise<void> {
    await this.#station.end();
    for (const far of Object.values(this.#sides)) await far.stop();
    this.#portal.stop();
    this.#disk?.unmount();
  }

  async #live({ troubles, lastsMs, files, calmMs, calmFiles }: Episode): Promise<void> {
    const pieces = 4;
    const heals: Heal[] = [];
    const later: { readonly atMs: number; readonly act: () => Promise<void> }[] = [];
    for (const trouble of troubles) {
      this.#troubles[trouble.kind] = (this.#troubles[trouble.kind] ?? 0) + 1;
      if (trouble.kind === 'kill' || trouble.kind === 'restart')
        later.push({ atMs: trouble.after * lastsMs, act: () => this.#restart(trouble) });
      else heals.push(await this.#begin(trouble));
    }
    const startMs = performance.now();
    const acting = (async () => {
      for (const { atMs, act } of later.sort((one, other) => one.atMs - other.atMs)) {
        await pause(Math.max(0, startMs + atMs - performance.now()));
        await act();
      }
    })();
    acting.catch(() => undefined);
    for (let piece = 0; piece < pieces; piece += 1) {
      this.#files.give(Math.round((files * (piece + 1)) / pieces) - Math.round((files * piece) / pieces));
      await pause(Math.max(0, startMs + (lastsMs * (piece + 1)) / pieces - performance.now()));
    }
    for (const heal of heals) await heal();
    await acting;
    this.#files.give(calmFiles);
    await pause(calmMs);
  }

  async #restart(trouble: Extract<Trouble, { kind: 'kill' | 'restart' }>): Promise<void> {
    if (trouble.kind === 'restart') await this.#station.stop();
    else {
      await this.#station.kill();
      await pause(trouble.downMs);
      for (const put of unknownPuts(Object.values(this.#sides), this.#database)) this.#killed.add(put);
    }
    await this.#station.start(() => this.#brokenMachine > 0);
  }

  /** Lets a trouble begin. @returns what ends it */
  async #begin(trouble: Exclude<Trouble, { kind: 'kill' | 'restart' }>): Promise<Heal> {
    const far = 'side' in trouble ? this.#sides[trouble.side] : this.#sides.cloud;
    const { proxy } = far;
    switch (trouble.kind) {
      case 'portal':
        this.#portal.page = trouble.page;
        far.capture(this.#portal.endpoint);
        return () => far.capture(undefined);
      case 'tls-portal':
        this.#sides.safe.capture(this.#portal.tlsEndpoint);
        return () => this.#sides.safe.capture(undefined);
      case 'bad-network':
        return this.#suffering(far, badNetwork(this.#options.seed, trouble.share));
      case 'trickle':
        return this.#suffering(far, () => ({ kind: 'trickle' }));
      case 'stale-connections': {
        proxy.retireAll();
        const timer = setInterval(() => proxy.retireAll(), 150);
        return () => clearInterval(timer);
      }
      case 'refused-connections':
        await proxy.refuse();
        return () => proxy.accept();
      case 'server-errors':
      case 'slow-down':
      case 'quota':
        return this.#refusing(far, trouble);
      case 'key':
        return this.#refusingKey(far, trouble);
      case 'errno':
        this.#brokenMachine += 1;
        this.#station.bend({ errnoAt: trouble.at, errno: trouble.errno, share: trouble.share });
        return () => {
          this.#brokenMachine -= 1;
          this.#station.bend({ errnoAt: 'nowhere' });
        };
      case 'clock':
        this.#station.bend({ clockMs: trouble.byMs });
        return () => this.#station.bend({ clockMs: 0 });
      case 'full-disk':
        this.#brokenMachine += 1;
        this.#disk?.fill(trouble.of);
        return () => {
          this.#brokenMachine -= 1;
          this.#disk?.free();
        };
      case 'swap':
        this.#files.swap(trouble.for, trouble.in, SWAPPED_FILES, trouble.isUndone);
        return () => this.#files.undoSwaps();
      case 'rename':
        this.#files.rename(SWAPPED_FILES);
        return () => undefined;
      case 'replace':
        this.#files.replace(trouble.files);
        return () => this.#files.replace(trouble.files);
    }
  }

  /** The network that the far side lies behind; it begins with what is open, and so it ends. */
  #suffering(far: FarSide, trouble: Parameters<FarSide['suffer']>[0]): Heal {
    far.suffer(trouble);
    far.proxy.resetAll();
    return () => {
      far.suffer(() => ({ kind: 'none' }));
      far.proxy.resetAll();
    };
  }

  #refusing(
    far: FarSide,
    trouble: Extract<Trouble, { kind: 'server-errors' | 'slow-down' | 'quota' }>,
  ): Heal {
    const random = seededRandom(this.#options.seed);
    const refusal: Parameters<FarSide['refusals']['add']>[0] = ({ operation }) => {
      switch (trouble.kind) {
        case 'server-errors':
          return random() < trouble.share ? { status: trouble.status, code: trouble.code } : undefined;
        case 'slow-down':
          return {
            status: trouble.status,
            code: 'SlowDown',
            message: 'Please reduce your request rate',
            headers: { 'retry-after': trouble.retryAfter },
          };
        case 'quota':
          return /^(PutObject|CreateMultipartUpload|UploadPart|CompleteMultipartUpload)$/.test(operation)
            ? { status: trouble.status, code: trouble.code, message: trouble.message }
            : undefined;
      }
    };
    far.refusals.add(refusal);
    return () => void far.refusals.delete(refusal);
  }

  /** The key is refused from now on and for ever; it ends with another one in the file. */
  #refusingKey(far: FarSide, { status, code }: Extract<Trouble, { kind: 'key' }>): Heal {
    const { accessKeyId } = far.credentials[this.#keys[far.side]] ?? {};
    far.refusals.add(({ headers }) =>
      String(headers.authorization).includes(`Credential=${accessKeyId}/`) ? { status, code } : undefined,
    );
    return () => {
      this.#keys[far.side] += 1;
      this.#writeCredentials();
    };
  }

  #writeCredentials(): void {
    const sides = Object.values(this.#sides).map(far => ({ far, key: this.#keys[far.side] }));
    writeCredentials(this.#credentials, sides, this.#target);
  }

  /** Waits until nothing is on its way any more. @throws AssertionError when it is stuck */
  async #allEnded(): Promise<void> {
    let before = '';
    for (let newsMs = performance.now(); ; ) {
      const left = this.#left();
      if (left.length === 0) return;
      const now = left.join('\n');
      if (now !== before) newsMs = performance.now();
      before = now;
      if (performance.now() - newsMs > PATIENCE_MS)
        assert.fail(`stuck, ${left.length} left:\n${left.slice(0, 30).join('\n')}`);
      await pause(200);
    }
  }

  /** What has not come to its end yet. */
  #left(): string[] {
    const inSpool = ['incoming_tmp', 'incoming', 'processing'].flatMap(area =>
      entriesBelow(join(this.#root, area)).map(path => `in ${area}: ${path}`),
    );
    const inExports = this.#drops
      .filter(({ prefix }) => prefix !== '')
      .flatMap(({ folder }) => waitingIn(folder).map(path => `in exports: ${path}`));
    const records = rows(
      this.#database,
      `SELECT profile, bucket, filepath, source, current_state, hold, error_code, error_message FROM file_records
       WHERE current_state NOT IN ('completed', 'failed')
          OR (current_state = 'failed' AND removed_at_ms IS NULL AND error_code <> 'superseded'
              AND NOT EXISTS (SELECT 1 FROM file_records AS newer WHERE newer.id > file_records.id
                AND (newer.profile, newer.bucket, newer.filepath, newer.source IS NULL)
                  = (file_records.profile, file_records.bucket, file_records.filepath, file_records.source IS NULL)))`,
    )
      .filter(
        record =>
          record.current_state !== 'failed' || !this.#files.newest.get(placeOfRecord(record))?.isDoomed,
      )
      .map(record => JSON.stringify(record));
    const uploads = Object.values(this.#sides).flatMap(({ side, server }) =>
      [...server.uploads('bucket').values()].map(
        ({ key, parts, initiatedMs }) =>
          `upload in parts at ${side}: ${key}, ${parts.size} parts, begun ${new Date(initiatedMs).toISOString()}`,
      ),
    );
    return [...inSpool, ...inExports, ...records, ...uploads];
  }
}

/** Whether a station's log is there to be looked at. */
export function logOf(base: string): string | undefined {
  const path = join(base, 'station.log');
  return existsSync(path) ? path : undefined;
}
