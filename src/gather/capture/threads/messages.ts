import type { ErrorRecord } from '../../../base/errors.ts';
import type { LogLevel } from '../../../base/log-level.ts';
import type { CollectorStatus } from '../collector-status.ts';
import type { Finished } from '../files/collector-files.ts';
import type { CapturePlan } from '../settings.ts';

/** From the station to the capture thread; each is answered by its id. */
export type ToCapture =
  | { readonly type: 'configure'; readonly id: number; readonly plan: CapturePlan }
  /** Complete every file in progress, before a sync. */
  | { readonly type: 'complete'; readonly id: number }
  | { readonly type: 'status'; readonly id: number }
  /** Stop every collector, complete every file, and end. */
  | { readonly type: 'stop'; readonly id: number };

/** From the capture thread to the station. Files are told before the answer to what completed them. */
export type FromCapture =
  | { readonly type: 'finished'; readonly finished: Finished }
  | {
      readonly type: 'log';
      readonly level: Exclude<LogLevel, 'silent'>;
      readonly facts: object;
      readonly message: string;
    }
  | { readonly type: 'done'; readonly id: number; readonly status?: readonly CollectorStatus[] }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorRecord };
