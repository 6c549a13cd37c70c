import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import type { StationApi } from '../station/station-api.ts';
import type { BodyBudget } from './body-budget.ts';
import type { EnterOperation } from './operation-routes.ts';

/** What answers are made of; each route takes what it needs. */
export interface AppOptions {
  readonly station: StationApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** Names besides the loopback ones that the Host header may carry. */
  readonly hostNames: readonly string[];
  /** Asked for on every request that reads or changes something, when set. */
  readonly token: string | undefined;
  /** Beside it: reads everything, and changes nothing. */
  readonly readToken?: string | undefined;
  /** The largest body that is read, where a route says nothing else. */
  readonly maxBodyBytes: number;
  /** Aborts when the station stops: requests that wait for a run are then answered at once. */
  readonly stopping: AbortSignal;
  /** Folder with the pages, made or as their source. */
  readonly webFolder: string;
  /** Pages reload by themselves when their source has changed: for those who work on them. */
  readonly isLiveWeb?: boolean;
}

/** What routes are made of. */
export interface RouteOptions extends AppOptions {
  /** Room for the bodies of requests. */
  readonly bodies: BodyBudget;
  /** How many requests have changed something: what people did shows at once, whatever is kept of answers. */
  readonly changes: () => number;
  /** Enters what answers an operation of the API. */
  readonly operation: EnterOperation;
}
