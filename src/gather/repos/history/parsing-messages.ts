import type { ErrorRecord } from '../../../base/errors.ts';
import type { PackedCommits } from './packed-commits.ts';

/** Batches that a parsing thread sends before the first of them is taken; it then waits, and git with it. */
export const MAX_BATCHES_AHEAD = 8;

/** To a parsing thread: what to read. */
export interface ToParser {
  /** Reading end of a pipe that does not block. */
  readonly descriptor: number;
  /** Shared: how many batches have been taken. */
  readonly taken: Int32Array;
}

export type FromParser =
  | { readonly type: 'commits'; readonly packed: PackedCommits }
  | { readonly type: 'end'; readonly incomplete: boolean }
  | { readonly type: 'failed'; readonly error: ErrorRecord };
