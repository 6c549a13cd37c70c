/** What `import … from 'sluice/client'` gives. Runs in browsers as it is. */
export type { EventName, StationEvent } from '../api/events.ts';
export type { Answer, Given } from '../api/operations.ts';
export type { OperationName } from '../api/paths.ts';
export {
  type CallOptions,
  type Client,
  type ClientOptions,
  createClient,
  type OperationCall,
  StationProblem,
} from './client.ts';
export { type EventOptions, followEvents } from './events.ts';
