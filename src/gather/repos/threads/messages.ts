import type { ErrorRecord } from '../../../base/errors.ts';
import type { BakeProgress, BakeSummary } from '../bake/bake.ts';
import type { BakeJob } from '../bake/job.ts';
import type { ChurnJob, ChurnProgress } from '../churn/job.ts';
import type { ChurnPassResult } from '../churn/pass.ts';
import type { RemoteCheckJob } from '../sync/remote-check.ts';

/** What a bake thread is given when it is made. */
export interface ThreadSettings {
  readonly databasePath: string;
}

/** From the station to a bake thread. */
export type ToThread =
  | { readonly type: 'bake'; readonly id: number; readonly job: BakeJob }
  | { readonly type: 'look'; readonly id: number; readonly job: RemoteCheckJob }
  | { readonly type: 'churn'; readonly id: number; readonly job: ChurnJob }
  | { readonly type: 'abort'; readonly id: number; readonly error: ErrorRecord }
  | { readonly type: 'close' };

/** From a bake thread to the station. */
export type FromThread =
  | { readonly type: 'progress'; readonly id: number; readonly progress: BakeProgress | ChurnProgress }
  | { readonly type: 'done'; readonly id: number; readonly summary: BakeSummary }
  | { readonly type: 'looked'; readonly id: number; readonly nothingNew: boolean }
  | { readonly type: 'churned'; readonly id: number; readonly result: ChurnPassResult }
  | { readonly type: 'failed'; readonly id: number; readonly error: ErrorRecord };
