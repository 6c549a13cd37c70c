import { Component } from 'preact';
import { ActButton } from '../act-button.tsx';
import type { ListAction, ListColumn } from './column.ts';

export interface GridRowProps<Row, Order extends string> {
  readonly index: number;
  readonly id: string;
  /** Undefined: not known yet. */
  readonly row: Row | undefined;
  readonly columns: readonly ListColumn<Row, Order>[];
  readonly actions: readonly ListAction<Row>[];
  /** What it is called, for those who hear the page. */
  readonly title: string;
  readonly href: string | undefined;
  readonly isChosen: boolean;
  /** The keys are at it. */
  readonly isActive: boolean;
  /** What is in it is shown beside the list. */
  readonly isOpen: boolean;
}

/** A row on the screen. It is made anew only when it shows something else. */
export class GridRow<Row, Order extends string> extends Component<GridRowProps<Row, Order>> {
  override shouldComponentUpdate(next: GridRowProps<Row, Order>): boolean {
    const now = this.props;
    return (
      now.index !== next.index ||
      now.row !== next.row ||
      now.columns !== next.columns ||
      now.actions !== next.actions ||
      now.href !== next.href ||
      now.isChosen !== next.isChosen ||
      now.isActive !== next.isActive ||
      now.isOpen !== next.isOpen
    );
  }

  override render() {
    const { index, id, row, columns, actions, title, href, isChosen, isActive, isOpen } = this.props;
    const kinds = `${isActive ? 'active' : ''} ${isOpen ? 'open' : ''} ${isChosen ? 'picked' : ''}`;
    const [main, ...rest] = columns;
    if (row === undefined || main === undefined)
      return (
        <div id={id} class={`row ${kinds} waiting`} role="row" aria-rowindex={index + 2} aria-busy="true">
          <div role="gridcell" aria-colindex={2} class="main">
            …
          </div>
        </div>
      );
    return (
      <div
        id={id}
        class={`row ${kinds}`}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={isChosen}
        data-index={index}
      >
        {actions.length === 0 ? null : (
          <div role="gridcell" aria-colindex={1} class="choose">
            <input type="checkbox" tabIndex={-1} checked={isChosen} aria-label={`Choose ${title}`} />
          </div>
        )}
        <div role="gridcell" aria-colindex={2} class="main">
          {href === undefined ? (
            main.cell(row)
          ) : (
            <a href={href} tabIndex={-1}>
              {main.cell(row)}
            </a>
          )}
        </div>
        <div role="presentation" class="rest">
          {rest.map(({ title: name, kind = '', isLabelled, isSpare, cell }, at) => (
            <div
              key={name}
              role="gridcell"
              aria-colindex={at + 3}
              class={`${kind} ${isLabelled ? 'labelled' : ''} ${isSpare ? 'spare' : ''}`}
              data-label={name}
            >
              {cell(row)}
            </div>
          ))}
        </div>
        <div role="gridcell" aria-colindex={columns.length + 2} class="acts">
          {actions
            .filter(({ isFor, only = 1 }) => only === 1 && (isFor?.(row) ?? true))
            .map(({ name, act, confirm }) => (
              <ActButton
                key={name}
                act={() => act({ kind: 'some', rows: [row] })}
                about={title}
                confirm={confirm?.(1)}
                isAside
              >
                {name}
              </ActButton>
            ))}
        </div>
      </div>
    );
  }
}
