// What can be done to files that failed.
import type { Given } from '../../../client/index.ts';
import { client } from '../../live/live.ts';
import type { Aim } from '../../parts/list/chosen.ts';
import type { ListAction } from '../../parts/list/column.ts';
import { count } from '../../parts/words.ts';
import type { Delivery } from './delivery.tsx';

/** What a list of deliveries is narrowed by. */
export interface DeliveryFilter {
  readonly search: string | undefined;
  readonly state: Given<'listDeliveries'>['state'];
  readonly cause: string | undefined;
  readonly profile: string | undefined;
  readonly bucket: string | undefined;
}

type Selection = Given<'retryFailed'>;

/** Gives them another series of tries. @returns what is said then */
export async function retry(selection: Selection): Promise<string> {
  const { total, problems, deliveries } = await client.retryFailed({ ...selection, limit: 1 });
  const done = `${count(total - problems, 'file')} will be tried again.`;
  const [example] = deliveries;
  if (problems === 0 || !example) return done;
  return `${done} ${count(problems, 'file')} cannot be, such as ${example.filepath}: ${example.problem}.`;
}

/** Deletes them, undelivered. @returns what is said then */
export async function drop(selection: Selection): Promise<string> {
  const { total, problems, deliveries } = await client.dropFailed({ ...selection, limit: 1 });
  const done = `${count(total - problems, 'file')} dropped.`;
  const [example] = deliveries;
  if (problems === 0 || !example) return done;
  return `${done} ${count(problems, 'file')} could not be, such as ${example.filepath}: ${example.problem}.`;
}

/** Those of a list that were chosen. Pure. */
export function selectionOf(aim: Aim<Delivery>, filter: DeliveryFilter): Selection {
  if (aim.kind === 'some') return { ids: aim.rows.map(({ id }) => id) };
  const { search: text, cause, profile, bucket } = filter;
  return { all: true, text, cause, profile, bucket, exceptIds: aim.except.map(({ id }) => id) };
}

/** Of a list that is narrowed so. All that fit are acted upon where they are failed files only. */
export function actionsFor(filter: DeliveryFilter): readonly ListAction<Delivery>[] {
  const isForAll = filter.state === 'failed';
  return [
    {
      name: 'Retry',
      key: 'r',
      isForAll,
      isFor: ({ state, present }) => state === 'failed' && present,
      act: aim => retry(selectionOf(aim, filter)),
    },
    {
      name: 'Drop',
      key: 'd',
      isForAll,
      isFor: ({ state }) => state === 'failed',
      act: aim => drop(selectionOf(aim, filter)),
      confirm: files => `Delete ${count(files, 'file')}, undelivered?`,
    },
  ];
}
