import type { ComponentChildren } from 'preact';

export interface Column<T> {
  readonly title: string;
  /** `main`: stands alone on a phone; `act`: what can be done, whose title is only heard. */
  readonly kind?: 'number' | 'main' | 'act';
  readonly cell: (item: T) => ComponentChildren;
}

interface TableProps<T> {
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  /** Undefined: not known yet. */
  readonly items: readonly T[] | undefined;
  readonly keyOf: (item: T) => string | number;
  /** What is said, and what to do, where there is nothing. */
  readonly empty: ComponentChildren;
  readonly id?: string;
  /** The rows of another question are asked for; these are shown until then. */
  readonly isWaiting?: boolean;
}

/** A table of things that come and go; on a phone each row is a block, with what its columns say before each figure. */
export function Table<T>({ caption, columns, items, keyOf, empty, id, isWaiting = false }: TableProps<T>) {
  if (items === undefined) return <p class="empty waiting">…</p>;
  if (items.length === 0) return <div class="empty">{empty}</div>;
  return (
    <div class="table" id={id} aria-busy={isWaiting ? 'true' : 'false'}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, kind }) => (
              <th key={title} scope="col" class={kind}>
                {kind === 'act' ? <span class="hidden">{title}</span> : title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map(item => (
            <tr key={keyOf(item)}>
              {columns.map(({ title, kind, cell }) => (
                <td key={title} class={kind} data-label={title}>
                  {kind === undefined || kind === 'number' ? <div>{cell(item)}</div> : cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
