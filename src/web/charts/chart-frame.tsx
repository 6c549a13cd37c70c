// What stands around the picture of every chart: its title, what it says in words, its figures as a table and as files.
import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { wordsOf } from '../parts/toasts.tsx';
import { number } from '../parts/words.ts';
import type { FigureTable } from './csv.ts';
import { saveCsv, saveSvg } from './save.ts';

export interface LegendEntry {
  readonly name: string;
  /** The class of what it stands for in the picture. */
  readonly mark: string;
  /** What it comes to in the time that is shown. */
  readonly value?: string;
}

interface ChartFrameProps {
  /** What tests and links know it by. */
  readonly id: string;
  readonly title: string;
  /** What the picture says, in a sentence: for those who do not see it, and for those in a hurry. */
  readonly words: string;
  readonly legend?: readonly LegendEntry[];
  /** Undefined: there is nothing to show. */
  readonly figures: FigureTable | undefined;
  readonly error?: Error | undefined;
  readonly isAsking?: boolean;
  /** Unless false, it can be saved as one. */
  readonly hasPicture?: boolean;
  /** What changes the picture, beside its title. */
  readonly tools?: ComponentChildren;
  /** In the place of a picture with nothing in it. */
  readonly empty?: ComponentChildren;
  readonly children?: ComponentChildren;
}

export function ChartFrame(props: ChartFrameProps) {
  const {
    id,
    title,
    words,
    legend,
    figures,
    error,
    isAsking = false,
    hasPicture = true,
    empty,
    tools,
    children,
  } = props;
  const [isTable, setTable] = useState(false);
  const picture = useRef<HTMLDivElement>(null);
  const heading = useId();
  const toSvg = (): void => {
    const svg = picture.current?.querySelector('svg');
    if (svg) saveSvg(title, words, svg);
  };
  return (
    <figure id={id} class="chart-frame" aria-labelledby={heading} aria-busy={isAsking}>
      <div class="chart-head">
        <h3 id={heading}>{title}</h3>
        {tools}
        {figures ? (
          <fieldset class="chart-tools">
            <legend class="hidden">{title} as</legend>
            <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>
              Table
            </button>
            <button type="button" onClick={() => saveCsv(title, figures)}>
              CSV
            </button>
            {hasPicture ? (
              <button type="button" onClick={toSvg}>
                SVG
              </button>
            ) : null}
          </fieldset>
        ) : null}
      </div>
      {error ? <p class="error">Could not be asked for: {wordsOf(error)}</p> : null}
      {words ? <p class="chart-words">{words}</p> : null}
      {legend && figures ? <Legend entries={legend} /> : null}
      {figures ? (
        <div ref={picture} class="picture">
          {children}
        </div>
      ) : isAsking ? (
        <div class="picture waiting" />
      ) : error ? null : (
        <p class="empty">{empty}</p>
      )}
      {figures && isTable ? <FiguresTable title={title} figures={figures} /> : null}
    </figure>
  );
}

function Legend({ entries }: { readonly entries: readonly LegendEntry[] }) {
  return (
    <ul class="legend">
      {entries.map(({ name, mark, value }) => (
        <li key={name}>
          <svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">
            <rect class={mark} x="1" y="1" width="10" height="10" rx="2" />
          </svg>
          {name}
          {value === undefined ? null : <strong>{value}</strong>}
        </li>
      ))}
    </ul>
  );
}

/** Rows at first: a browser takes long for thousands. */
const ROWS = 200;

function FiguresTable({ title, figures }: { readonly title: string; readonly figures: FigureTable }) {
  const [isWhole, setWhole] = useState(false);
  const { columns, rows } = figures;
  const shown = isWhole ? rows : rows.slice(-ROWS);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and so must be reached by keys
    <section class="figures table slim" tabIndex={0} aria-label={`${title}, figures`}>
      <table>
        <caption class="hidden">{title}</caption>
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td
                  key={column}
                  class={typeof cell === 'number' ? 'number' : ''}
                  data-label={columns[column]}
                >
                  {cell === null ? '–' : typeof cell === 'number' ? number(cell) : cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < rows.length ? (
        <button type="button" class="small" onClick={() => setWhole(true)}>
          All {number(rows.length)} rows
        </button>
      ) : null}
    </section>
  );
}
