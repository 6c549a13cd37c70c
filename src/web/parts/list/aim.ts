import type { Aim, ListAction } from './column.ts';

/** Of those that are chosen, what it can be done to. Pure. */
export function fittingAim<Row>(aim: Aim<Row>, { isFor }: Pick<ListAction<Row>, 'isFor'>): Aim<Row> {
  if (aim.kind === 'all' || !isFor) return aim;
  return { kind: 'some', rows: aim.rows.filter(isFor) };
}
