// What a page says of its list: columns, and what can be done to rows.
import type { ComponentChildren } from 'preact';
import type { ToastText } from '../toasts.tsx';
import type { ColumnOrder } from './address.ts';
import type { Aim } from './chosen.ts';

/** A column. `Order`: the names of orders that the list's operation takes. */
export interface ListColumn<Row, Order extends string> {
  readonly title: string;
  /** `main`: what the row is about, first of all, alone in its line on a phone. */
  readonly kind?: 'main' | 'number';
  /** Its width, as `grid-template-columns` has it. */
  readonly width: string;
  /** Pressing its title puts the list in this order; pressing again turns it round. */
  readonly order?: ColumnOrder<Order>;
  /** On a phone the title stands before what it says. */
  readonly isLabelled?: boolean;
  /** On a phone it is left out. */
  readonly isSpare?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
}

/** Something that can be done to a row, to those that are chosen, and to all that fit. */
export interface ListAction<Row> {
  readonly name: string;
  /** A single key that does it to what is chosen, or else to the row that the keys are at. */
  readonly key?: string;
  /** Whether it can be done to a row; to any unless given. */
  readonly isFor?: (row: Row) => boolean;
  /** It is done to so many at once, and no others: such as two that are compared. */
  readonly only?: number;
  /** Whether it can be done to all that fit; as yes unless given. */
  readonly isForAll?: boolean;
  /** Does it; answers what is said then, and how it is taken back. */
  readonly act: (aim: Aim<Row>) => Promise<string | ToastText>;
  /** What is asked before it is done, where something is lost; it can be taken back for some seconds then. */
  readonly confirm?: (count: number) => string;
}
