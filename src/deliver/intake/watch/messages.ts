import type { SelectionSetup } from '../../../base/globs.ts';

/** What the watch reports to its owner, and what its two threads send each other. Plain data, fit for postMessage. */

/**
 * How the watch learns of files: `inotify` from the kernel's events with the sweep behind them, `sweep` from
 * the sweep and the settle time alone.
 */
export type WatchMode = 'inotify' | 'sweep';

/** A file that is complete as far as can be known: nobody had it open for writing when it was inspected. */
export interface Arrival {
  readonly path: string;
  /** Bytes. An empty file is reported too, after two seconds, and again once it has content. */
  readonly size: number;
  readonly mtimeMs: number;
  readonly inode: number;
  /** What led to it: an event, the listing of a directory new to the watch, or the reconciling sweep. */
  readonly via: Via;
}

/** What led to a file: a kernel event, the listing of a new directory, or a sweep. */
export type Via = 'event' | 'scan' | 'sweep';

/** A root in which calls failed that speak of its disk, mount or device and not of a file. */
export interface FailingRoot {
  readonly root: string;
  /** Files under it that could not be looked at or read for that; 0 where it cannot be listed. */
  readonly files: number;
  /** Whether a file under it could be read meanwhile. */
  readonly hasAnswered: boolean;
  readonly example: { readonly path: string; readonly errno: number; readonly call: string };
}

/**
 * - `symlink`, `special_file`, `unreadable`, `name_not_utf8`: one file or directory is skipped; each is
 *   reported once, and again only if it goes away and comes back.
 * - `place_failed`: a file could not be looked at or read, for its disk, mount or device failed; nothing is reported,
 *   it is counted, and told by root (`FailingRoot`).
 * - `ignored`, `excluded`: one file is left as the configuration asks, for all folders or for this one; nothing is
 *   reported, it is only counted.
 * - `root_missing`: a root is not there; it is taken up as soon as a sweep finds it.
 * - `watch_limit`: the kernel grants no more watches; the directories without one are swept instead.
 * - `memory_limit`: more files lie in place than are remembered; some will be reported again.
 * - `fallback`: no kernel events on this machine; everything is swept.
 * - `thread_failed`: the watching thread ended by itself; a new one sweeps from here on.
 */
export type TroubleKind =
  | 'symlink'
  | 'special_file'
  | 'unreadable'
  | 'name_not_utf8'
  | 'place_failed'
  | 'ignored'
  | 'excluded'
  | 'root_missing'
  | 'watch_limit'
  | 'memory_limit'
  | 'fallback'
  | 'thread_failed';

/** Something that is skipped or not as it should be. */
export interface WatchTrouble {
  readonly kind: TroubleKind;
  /** What it is about; bytes that are not UTF-8 are shown as `\xNN`. */
  readonly path: string;
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
}

/** Files that lie under a root and are not taken, for one reason. */
export interface LeftFiles {
  /** As of troubles; `temporary`: their names are temporary ones, and they have not rested yet. */
  readonly kind: TroubleKind | 'temporary';
  readonly files: number;
  /** The path of one of them. */
  readonly example: string;
}

/** What a test may break on purpose. */
export type Fault = 'pause-events' | 'resume-events' | 'crash';

/** Each request is replied to once everything that came of it has been sent. */
export interface WatchProtocol {
  readonly requests: {
    readonly 'add-root': { readonly request: string; readonly reply: undefined };
    readonly 'remove-root': { readonly request: string; readonly reply: undefined };
    readonly sweep: { readonly request: { readonly deep: boolean }; readonly reply: undefined };
    readonly forget: { readonly request: readonly string[]; readonly reply: undefined };
    readonly fault: { readonly request: Fault; readonly reply: undefined };
  };
  readonly event: WatchEvent;
}

/** From the thread, in the order in which things were noticed. */
export type WatchEvent =
  | { readonly type: 'arrivals'; readonly arrivals: readonly Arrival[] }
  | { readonly type: 'trouble'; readonly trouble: WatchTrouble }
  /** Roots that fail; sent after each sweep in which some do, and after the first one in which none does. */
  | { readonly type: 'failing'; readonly roots: readonly FailingRoot[] }
  /** All that is left just now; sent after a sweep in which that has changed. */
  | { readonly type: 'left'; readonly left: readonly LeftFiles[] };

/** Which names say that a file is not what is meant yet, or not meant at all. Plain data. */
export interface NameRulesSetup {
  /** Globs of names under which programs write before they rename. */
  readonly temporary: readonly string[];
  /** Globs of what is left where it lies. */
  readonly ignore: readonly string[];
  /** Which files of a root are meant, by root; all of others. */
  readonly selections: Readonly<Record<string, SelectionSetup>>;
  /** How many segments below a root are no part of a file's own path: profile and bucket. By root; 0 for others. */
  readonly placeDepths: Readonly<Record<string, number>>;
}

/** What the thread is started with. */
export interface ThreadSetup {
  readonly settleMs: number;
  readonly settleAfterCloseMs: number;
  readonly temporaryRestMs: number;
  readonly names: NameRulesSetup;
  /** Roots whose files stay after they were delivered. */
  readonly stayingRoots: readonly string[];
  readonly maxRemembered: number;
  /** The inotify queue and the eventfd that wakes the thread; the main thread opens and closes both. */
  readonly descriptors: { readonly inotify: number; readonly wake: number } | undefined;
}
