import type { TroubleKind } from './messages.ts';
import type { Writer } from './writers.ts';

/** What distinguishes one content of a file from another without reading it. */
export interface ObservedFile {
  readonly inode: number;
  readonly size: number;
  readonly mtimeMs: number;
  /** Changed by a rename too; not part of `sameContent`, since a hard link or chmod changes it as well. */
  readonly ctimeMs: number;
}

/**
 * What is remembered of a name:
 *
 *   (unknown) ──▶ created ──closed, or nobody has it open──▶ reported ──content changes──▶ writing, settling
 *       │            │ still open, or nobody can say             ▲
 *       ├────────────┼─▶ writing ───writer gone──────────────────┤
 *       ├────────────┴─▶ settling ──the same for long enough─────┤
 *       └──────────────▶ troubled ──repaired─────────────────────┘
 *
 * A name that goes away is forgotten from any state.
 */
export type WatchedFile = ObservedFile &
  (
    | { readonly state: 'reported' }
    /** A CREATE event named it: whoever made it most likely writes it, and its CLOSE_WRITE will come. */
    | { readonly state: 'created' }
    /** Somebody has it open; `attempt` counts the inspections that saw so. */
    | { readonly state: 'writing'; readonly attempt: number }
    /**
     * The kernel's answer is no proof; unchanged since `sinceMs` on the clock that never jumps, and must be for
     * `waitMs`.
     */
    | { readonly state: 'settling'; readonly sinceMs: number; readonly waitMs: number }
    | { readonly state: 'troubled'; readonly trouble: TroubleKind }
  );

/** What is known of a file beside its stats when it is judged. */
export interface Evidence {
  readonly writer: Writer;
  /** A CLOSE_WRITE event named the file. */
  readonly closed: boolean;
  readonly nowMs: number;
  readonly settleMs: number;
  /** Files stay here: one may be changed in place and given its old time again. */
  readonly ctimeCounts?: boolean;
  /** How long it must have stayed the same even so: its name is a temporary one, or writers are known to rename. */
  readonly restMs?: number;
}

/** What is remembered of a file from now on, and whether it has arrived. */
export interface Verdict {
  readonly entry: WatchedFile;
  readonly report: boolean;
  /** Look again after this long; absent when an event, the sweep or an earlier recheck will lead back here. */
  readonly recheckMs?: number;
}

/**
 * Waits before another inspection of a file that somebody writes. Its CLOSE_WRITE event normally comes first. These are
 * for the instant in which the kernel has sent that event but still counts the writer, and for writers that
 * close it under another name (hard links, O_TMPFILE). After the last one each sweep inspects it.
 */
const WRITING_RECHECKS_MS = [20, 200, 2000] as const;

/**
 * A file of another user's gets no lease unless we are root, but the close of one that was seen being made does
 * come as an event. So its writer may pause for this many times `settleMs` before the event is taken for lost.
 */
const CREATED_PATIENCE = 60;

/**
 * Whether both are the same content, as far as can be said without reading it.
 * @param ctimeCounts whether any change of the inode makes that doubtful
 */
export function sameContent(a: ObservedFile, b: ObservedFile, ctimeCounts = false): boolean {
  if (ctimeCounts && a.ctimeMs !== b.ctimeMs) return false;
  return a.inode === b.inode && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/**
 * How long a file must stay the same before two kinds of evidence are believed, each true but for an instant:
 *
 * - Empty and without a writer. Within open(2) a new name can be seen before its writer is counted, and the kernel
 *   grants the lease then (51 of 590 000 inspections of files being made; never once there was content).
 * - Closed, where there is no lease. The event may be of an earlier file of that name, and this one half-written.
 */
const CONFIRM_MS = 2000;

/**
 * Whether a regular file has arrived. Pure. Never reports one that has a writer. Reports one with content and
 * without a writer at once unless it is to rest, any other when it has stayed the same for a while; the same content
 * under a name once.
 */
export function judge(previous: WatchedFile | undefined, now: ObservedFile, evidence: Evidence): Verdict {
  const unchanged = previous !== undefined && sameContent(previous, now, evidence.ctimeCounts);
  if (unchanged && previous.state === 'reported') return { entry: previous, report: false };
  const { writer, closed, nowMs, settleMs, restMs = 0 } = evidence;
  if (writer === 'open') {
    const attempt = previous?.state === 'writing' && !closed ? previous.attempt + 1 : 0;
    return {
      entry: { ...now, state: 'writing', attempt },
      report: false,
      recheckMs: WRITING_RECHECKS_MS[attempt],
    };
  }
  const reported: Verdict = { entry: { ...now, state: 'reported' }, report: true };
  const isComplete = writer === 'none' && now.size > 0;
  const confirmMs = writer === 'none' || closed ? CONFIRM_MS : patienceMs(previous, now, settleMs);
  const waitMs = Math.max(restMs, isComplete ? 0 : confirmMs);
  if (waitMs === 0) return reported;
  if (!unchanged || previous.state !== 'settling') {
    return { entry: { ...now, state: 'settling', sinceMs: nowMs, waitMs }, report: false, recheckMs: waitMs };
  }
  const shorterMs = Math.min(waitMs, previous.waitMs);
  if (nowMs - previous.sinceMs >= shorterMs) return reported;
  if (shorterMs === previous.waitMs) return { entry: previous, report: false };
  return { entry: { ...previous, waitMs: shorterMs }, report: false, recheckMs: shorterMs };
}

function patienceMs(previous: WatchedFile | undefined, now: ObservedFile, settleMs: number): number {
  if (previous?.inode !== now.inode) return settleMs;
  if (previous.state === 'created') return settleMs * CREATED_PATIENCE;
  return previous.state === 'settling' ? previous.waitMs : settleMs;
}
