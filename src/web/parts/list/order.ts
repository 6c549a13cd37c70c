// The order of a list, as it stands in the address. Pure.
import type { ListColumn } from './column.ts';

/** An order, from its one end or the other. */
export interface Ordered<Order extends string> {
  readonly by: Order;
  readonly reverse: boolean;
}

/** The order that the address asks for, where a column has it; otherwise the one that the list has by itself. */
export function orderOf<Row, Order extends string>(
  params: URLSearchParams,
  columns: readonly ListColumn<Row, Order>[],
  byDefault: Order,
): Ordered<Order> {
  const known = [byDefault, ...columns.flatMap(({ order }) => (order ? [order.by] : []))];
  const by = known.find(name => name === params.get('order')) ?? byDefault;
  return { by, reverse: params.get('reverse') === 'true' };
}

/** What the address says once a column's title was pressed: its order, turned round if it is that already. */
export function pressed<Order extends string>(
  { by, reverse }: Ordered<Order>,
  column: Order,
  byDefault: Order,
): { readonly order: string | undefined; readonly reverse: string | undefined } {
  const isReversed = by === column && !reverse;
  return {
    order: column === byDefault ? undefined : column,
    reverse: isReversed ? 'true' : undefined,
  };
}

/** `aria-sort` of a column. */
export function sortOf<Row, Order extends string>(
  { order }: Pick<ListColumn<Row, Order>, 'order'>,
  { by, reverse }: Ordered<Order>,
): 'ascending' | 'descending' | undefined {
  if (order?.by !== by) return undefined;
  return order.descends === reverse ? 'ascending' : 'descending';
}
