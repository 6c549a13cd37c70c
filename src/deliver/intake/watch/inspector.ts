import { lstatSync, type Stats, statSync } from 'node:fs';
import type { ObservedFile } from './judge.ts';
import { judge, sameContent } from './judge.ts';
import type { Libc } from './libc.ts';
import type { Arrival, TroubleKind, Via, WatchTrouble } from './messages.ts';
import type { NameRules } from './name-rules.ts';
import { isUnspeakable, shownName } from './names.ts';
import type { PlaceFailures } from './place-failures.ts';
import type { Rechecks } from './rechecks.ts';
import { type Directory, type DirectoryEntry, pathOf, type Tree, topOf } from './tree.ts';
import { probe } from './writers.ts';

export interface InspectorOptions {
  readonly tree: Tree;
  readonly rechecks: Rechecks<DirectoryEntry>;
  /** Absent where there are no leases. */
  readonly libc: Libc | undefined;
  readonly settleMs: number;
  readonly names: NameRules;
  readonly failures: PlaceFailures;
  readonly temporaryRestMs: number;
  readonly settleAfterCloseMs: number;
  readonly monotonicMs: () => number;
  readonly onArrival: (arrival: Arrival) => void;
  readonly onTrouble: (trouble: WatchTrouble) => void;
}

/** What a name turned out to be. A directory is the caller's to take up. */
export type NameKind = 'nothing' | 'directory' | 'other';

/** How long after the creation of a name without a close it is inspected: hard links are made so. */
const CREATED_RECHECK_MS = 2000;

/**
 * Looks at one name and decides with `judge`. Whatever led here, an old event, a listing or the sweep, only
 * says where to look; what counts is what the file system and the kernel answer now. So an event that speaks of
 * a file long replaced does no harm, and looking too often does none either.
 */
export class Inspector {
  readonly #options: InspectorOptions;
  #memoryLimitReported = false;

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  /** @param closed whether a CLOSE_WRITE event named it */
  inspect({ directory, name }: DirectoryEntry, via: Via, closed = false): NameKind {
    const { tree, rechecks, monotonicMs } = this.#options;
    if (!directory.attached) return 'nothing';
    if (isUnspeakable(name)) return this.#badName(directory, name);
    const path = pathOf(directory, name);
    const stat = this.#stat(directory, name, path);
    if (stat === 'troubled') return 'other';
    if (!stat) {
      rechecks.cancel(path);
      tree.forget(directory, name);
      return 'nothing';
    }
    if (stat.isDirectory()) {
      tree.forget(directory, name);
      return 'directory';
    }
    if (!stat.isFile()) return this.#notAFile(directory, name, path, stat);
    const { names } = this.#options;
    const place = { directory, name };
    const left = names.leaves(place);
    if (left) {
      this.#remember(directory, name, identityOf(stat), left);
      return 'other';
    }
    const known = directory.entries.get(name);
    const isReported = known?.state === 'reported' && sameContent(known, identityOf(stat), directory.stays);
    if (isReported) return 'other';
    const seen = probe(path, directory.local ? this.#options.libc : undefined);
    if (seen.type === 'gone') {
      tree.forget(directory, name);
      return 'nothing';
    }
    if (seen.type === 'unreadable') {
      if (this.#isPlaceFailing(directory, name, identityOf(stat), seen.error)) return 'other';
      this.#trouble(directory, name, identityOf(stat), 'unreadable', `cannot be read: ${seen.reason}`);
      return 'other';
    }
    const busy = seen.type === 'busy';
    if (!busy) this.#options.failures.noteAnswer(topOf(directory).path);
    const identity = identityOf(busy ? stat : seen.stat);
    const nowMs = monotonicMs();
    const verdict = judge(known, identity, {
      writer: busy ? 'open' : seen.writer,
      closed: closed && !busy,
      ctimeCounts: directory.stays,
      nowMs,
      settleMs: this.#options.settleMs,
      restMs: names.isTemporary(place) ? this.#options.temporaryRestMs : this.#options.settleAfterCloseMs,
    });
    tree.remember(directory, name, verdict.entry);
    if (verdict.recheckMs !== undefined) {
      rechecks.schedule(path, { directory, name }, verdict.recheckMs, nowMs);
    }
    if (verdict.report) this.#report(path, identity, via);
    return 'other';
  }

  /** A name was made: soon closed if it is being written, but a hard link or mknod gets no close. */
  handleCreated(place: DirectoryEntry): NameKind {
    const { tree, rechecks, monotonicMs } = this.#options;
    const { directory, name } = place;
    const path = pathOf(directory, name);
    const stat = isUnspeakable(name) ? undefined : this.#stat(directory, name, path);
    if (stat === 'troubled') return 'other';
    if (!stat?.isFile() || stat.nlink > 1) return this.inspect(place, 'event');
    const known = directory.entries.get(name);
    // A listing was faster than this event.
    if (known?.state === 'reported' && sameContent(known, identityOf(stat))) return 'other';
    if (known?.inode !== stat.ino) tree.remember(directory, name, { ...identityOf(stat), state: 'created' });
    rechecks.schedule(path, place, CREATED_RECHECK_MS, monotonicMs());
    return 'other';
  }

  /**
   * A name was deleted or moved away, and is forgotten, unless the very file that was reported lies there
   * still: then the event is older than the report. A file moved away and back has a new ctime.
   */
  handleLeft({ directory, name }: DirectoryEntry): void {
    const { tree, rechecks } = this.#options;
    const entry = directory.entries.get(name);
    if (!entry) return;
    const path = pathOf(directory, name);
    if (!isUnspeakable(name)) {
      const stat = this.#stat(directory, name, path);
      if (stat === 'troubled') return;
      if (stat && stat.ino === entry.inode && stat.ctimeMs === entry.ctimeMs) return;
    }
    rechecks.cancel(path);
    tree.forget(directory, name);
  }

  /** Reports something about a whole directory, once until `directory.trouble` is cleared. */
  directoryTrouble(directory: Directory, kind: TroubleKind, message: string): void {
    if (directory.trouble === kind) return;
    directory.trouble = kind;
    this.#options.onTrouble({ kind, path: directory.path, message: `${directory.path} ${message}` });
  }

  #report(path: string, { size, mtimeMs, inode }: ObservedFile, via: Via): void {
    const { tree, onArrival, onTrouble, rechecks } = this.#options;
    rechecks.cancel(path);
    onArrival({ path, size, mtimeMs, inode, via });
    if (tree.evictedCount === 0 || this.#memoryLimitReported) return;
    this.#memoryLimitReported = true;
    onTrouble({
      kind: 'memory_limit',
      path,
      message: `more than ${tree.rememberedCount} files lie in place; the ones longest quiet will be reported again`,
    });
  }

  #stat(directory: Directory, name: string, path: string): Stats | 'troubled' | undefined {
    try {
      return lstatSync(path, { throwIfNoEntry: false });
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      if (code === 'ENOTDIR') return undefined;
      const unknown = { inode: 0, size: 0, mtimeMs: 0, ctimeMs: 0 };
      if (this.#isPlaceFailing(directory, name, unknown, error)) return 'troubled';
      this.#trouble(directory, name, unknown, 'unreadable', `cannot be looked at: ${code}`);
      return 'troubled';
    }
  }

  #badName(directory: Directory, name: string): NameKind {
    this.#trouble(
      directory,
      name,
      { inode: 0, size: 0, mtimeMs: 0, ctimeMs: 0 },
      'name_not_utf8',
      'is skipped, its name is not valid UTF-8; rename it',
    );
    return 'other';
  }

  #notAFile(directory: Directory, name: string, path: string, stat: Stats): NameKind {
    if (!stat.isSymbolicLink()) {
      const message = `is skipped, it is a ${specialKind(stat)}`;
      this.#trouble(directory, name, identityOf(stat), 'special_file', message);
      return 'other';
    }
    const message = leadsSomewhere(path)
      ? 'is skipped, symbolic links are not followed; put the file itself there'
      : 'is skipped, it is a broken symbolic link';
    this.#trouble(directory, name, identityOf(stat), 'symlink', message);
    return 'other';
  }

  /** Whether the file waits for its disk; each sweep looks again. */
  #isPlaceFailing(directory: Directory, name: string, identity: ObservedFile, error: unknown): boolean {
    const path = pathOf(directory, name);
    if (!this.#options.failures.note(topOf(directory).path, path, error)) return false;
    // One that was reported is known to its consumer.
    if (directory.entries.get(name)?.state !== 'reported') {
      this.#remember(directory, name, identity, 'place_failed');
    }
    return true;
  }

  /** @returns whether that is news */
  #remember(directory: Directory, name: string, identity: ObservedFile, trouble: TroubleKind): boolean {
    const known = directory.entries.get(name);
    if (known?.state === 'troubled' && known.trouble === trouble) return false;
    this.#options.tree.remember(directory, name, { ...identity, state: 'troubled', trouble });
    return true;
  }

  #trouble(
    directory: Directory,
    name: string,
    identity: ObservedFile,
    kind: TroubleKind,
    message: string,
  ): void {
    if (!this.#remember(directory, name, identity, kind)) return;
    const path = pathOf(directory, shownName(name));
    this.#options.onTrouble({ kind, path, message: `${path} ${message}` });
  }
}

function identityOf(stat: Stats): ObservedFile {
  return { inode: stat.ino, size: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: stat.ctimeMs };
}

function specialKind(stat: Stats): string {
  if (stat.isSocket()) return 'socket';
  if (stat.isFIFO()) return 'named pipe';
  return 'device';
}

/** False for a link whose target is missing, in a loop, or out of reach. */
function leadsSomewhere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false;
  }
}
