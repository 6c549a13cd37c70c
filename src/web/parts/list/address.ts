// What stands in the address of a list: its order, the row that the keys are at, and its place. Pure.

/** The order that the title of a column puts a list in; `descends`: what is greatest comes first. */
export interface ColumnOrder<Order extends string> {
  readonly by: Order;
  readonly descends: boolean;
}

/** An order, from its one end or the other. */
export interface Ordered<Order extends string> {
  readonly by: Order;
  readonly reverse: boolean;
}

/** The order that the address asks for, where a column has it; otherwise the one that the list has by itself. */
export function orderOf<Order extends string>(
  params: URLSearchParams,
  columns: readonly { readonly order?: ColumnOrder<Order> }[],
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
export function sortOf<Order extends string>(
  { order }: { readonly order?: ColumnOrder<Order> },
  { by, reverse }: Ordered<Order>,
): 'ascending' | 'descending' | undefined {
  if (order?.by !== by) return undefined;
  return order.descends === reverse ? 'ascending' : 'descending';
}

/** Where the keys are. */
export interface Active {
  readonly index: number;
  /** Undefined: its row is not known yet. */
  readonly key: string | undefined;
}

/** The place in the address, from 0. */
export function placeOf(params: URLSearchParams): number | undefined {
  const at = Number(params.get('at') ?? Number.NaN);
  return Number.isInteger(at) && at > 0 ? at - 1 : undefined;
}

/** The row in the address that the keys are at. */
export function activeOf(params: URLSearchParams): Active | undefined {
  const index = placeOf(params);
  const key = params.get('row');
  return index === undefined || key === null ? undefined : { index, key };
}

/** What the address says of the place that is read: the row that the keys are at, or the first one on the screen. */
export function addressOf(
  active: Active | undefined,
  seenFirst: number,
): { readonly at: string | undefined; readonly row: string | undefined } {
  const at = active?.index ?? seenFirst;
  return { at: at > 0 || active ? String(at + 1) : undefined, row: active?.key };
}
