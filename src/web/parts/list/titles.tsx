import { setParams } from '../../router/router.ts';
import { type Ordered, pressed, sortOf } from './address.ts';
import type { ListColumn } from './column.ts';

interface TitlesProps<Row, Order extends string> {
  readonly columns: readonly ListColumn<Row, Order>[];
  readonly order: Ordered<Order>;
  /** The order that the list has by itself. */
  readonly byDefault: Order;
  readonly canChoose: boolean;
}

/** What the columns are; pressed, one puts the list in its order. */
export function Titles<Row, Order extends string>(props: TitlesProps<Row, Order>) {
  const { columns, order, byDefault, canChoose } = props;
  const [main, ...rest] = columns.map((column, index) => (
    <Title key={column.title} {...{ column, index, order, byDefault }} />
  ));
  return (
    <div role="row" class="row titles" aria-rowindex={1}>
      {canChoose ? (
        <div role="columnheader" aria-colindex={1} class="choose">
          <span class="hidden">Chosen</span>
        </div>
      ) : null}
      {main}
      <div role="presentation" class="rest">
        {rest}
      </div>
      <div role="columnheader" aria-colindex={columns.length + 2} class="acts">
        <span class="hidden">Actions</span>
      </div>
    </div>
  );
}

interface TitleProps<Row, Order extends string> extends Pick<TitlesProps<Row, Order>, 'order' | 'byDefault'> {
  readonly column: ListColumn<Row, Order>;
  /** Among the columns. */
  readonly index: number;
}

function Title<Row, Order extends string>({ column, index, order, byDefault }: TitleProps<Row, Order>) {
  const { title, kind = '', order: own } = column;
  return (
    <div
      role="columnheader"
      aria-colindex={index + 2}
      aria-sort={sortOf(column, order)}
      class={`${kind} ${own ? '' : 'fixed'}`}
    >
      {own ? (
        <button type="button" class="sort" onClick={() => setParams(pressed(order, own.by, byDefault))}>
          {title}
        </button>
      ) : (
        title
      )}
    </div>
  );
}
