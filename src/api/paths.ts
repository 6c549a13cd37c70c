/**
 * Where each operation of the API is asked for, by its name: method and path, with `{name}` for what varies in a path;
 * where there may be a body as well, also what goes into the query.
 * What is given and answered stands in `operations.ts`. Imports nothing, so that it goes into a browser as it is.
 */
export const PATHS = {
  ping: 'GET /ping',
  getHealth: 'GET /healthz',
  getReadiness: 'GET /readyz',
  getMetrics: 'GET /metrics',
  openSession: 'POST /api/v1/session',

  getStatus: 'GET /api/v1/status',
  listAlerts: 'GET /api/v1/alerts',
  listTroubles: 'GET /api/v1/troubles',
  listStuck: 'GET /api/v1/stuck',
  leaveStation: 'POST /api/v1/stations/leave',
  getRates: 'GET /api/v1/rates',
  getDiskHistory: 'GET /api/v1/disk/history',
  getSchedule: 'GET /api/v1/schedule',
  getDueWork: 'GET /api/v1/schedule/due',
  listTargets: 'GET /api/v1/schedule/targets',
  raiseTargets: 'POST /api/v1/schedule/targets/raise',
  listNotifications: 'GET /api/v1/notifications',

  listEvents: 'GET /events',

  bake: 'POST /bake',
  listRuns: 'GET /api/v1/runs',
  getRun: 'GET /api/v1/runs/{id}',

  listRepositories: 'GET /api/v1/repositories',
  getRepository: 'GET /api/v1/repositories/one',
  forgetRepository: 'DELETE /api/v1/repositories/one',
  trackRepositories: 'POST /api/v1/repositories',
  untrackRepository: 'DELETE /api/v1/repositories',
  syncRepositories: 'POST /api/v1/sync',

  getCache: 'GET /api/v1/cache',
  pinClone: 'POST /api/v1/cache/pin',
  evictClones: 'POST /api/v1/cache/evict',

  listPeople: 'GET /api/v1/people',
  mergePeople: 'POST /api/v1/people/merge',
  listMergeSuggestions: 'GET /api/v1/people/suggestions',
  refuseMerge: 'POST /api/v1/people/refuse',
  splitPeople: 'POST /api/v1/people/split',
  setBot: 'POST /api/v1/people/bot',

  listChangesets: 'GET /api/v1/changesets',
  getChangeset: 'GET /api/v1/changesets/one',
  listChangesetEvents: 'GET /api/v1/changesets/events',
  trackChangesets: 'POST /api/v1/changesets',
  untrackChangeset: 'DELETE /api/v1/changesets',
  syncChangesets: 'POST /api/v1/changesets/sync',

  getCommits: 'GET /api/v1/insights/commits',
  getChurn: 'GET /api/v1/insights/churn',
  getContributors: 'GET /api/v1/insights/contributors',
  getAuthors: 'GET /api/v1/insights/authors',
  getBusFactor: 'GET /api/v1/insights/bus-factor',
  getHotspots: 'GET /api/v1/insights/hotspots',
  getLastCommits: 'GET /api/v1/insights/last-commit',
  getMergeShare: 'GET /api/v1/insights/merge-share',
  getPunchCard: 'GET /api/v1/insights/punch-card',
  exportTable: 'GET /api/v1/export',
  getChangesetReport: 'GET /api/v1/insights/changesets',
  getCycleTimes: 'GET /api/v1/insights/changesets/cycle',
  getReviewLoad: 'GET /api/v1/insights/changesets/reviews',
  getOpenChangesets: 'GET /api/v1/insights/changesets/open',

  listDeliveries: 'GET /api/v1/deliveries',
  getDelivery: 'GET /api/v1/deliveries/{id}',
  syncDeliveries: 'POST /api/v1/deliveries/sync?wait',
  syncDeliveriesUnversioned: 'POST /api/deliveries/sync?wait',
  retryFailed: 'POST /api/v1/deliveries/failed/retry',
  dropFailed: 'POST /api/v1/deliveries/failed/drop',

  listPauses: 'GET /api/v1/pauses',
  pause: 'POST /api/v1/pauses',
  resume: 'POST /api/v1/pauses/resume',
  probePlace: 'POST /api/v1/probe',

  getCapture: 'GET /api/v1/capture',
  listCaptureFiles: 'GET /api/v1/capture/files',
  getCaptureFile: 'GET /api/v1/capture/files/{id}',
  getDiskBudget: 'GET /api/v1/disk',

  receiveWebhook: 'POST /webhooks/{kind}',
  getDescription: 'GET /api/openapi.json',
} as const;

export type OperationName = keyof typeof PATHS;

export interface OperationPlace {
  readonly method: string;
  readonly path: string;
  /** What of the given goes into the query although there is a body. */
  readonly queryNames: readonly string[];
}

/** Where an operation is asked for. Pure. */
export function placeOf(name: OperationName): OperationPlace {
  const [method = '', path = '', ...queryNames] = PATHS[name].split(/[ ?&]/);
  return { method, path, queryNames };
}
