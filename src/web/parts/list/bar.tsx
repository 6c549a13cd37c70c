import { ActButton } from '../act-button.tsx';
import { count, number } from '../words.ts';
import { type Aim, fittingAim, titleOfAim } from './chosen.ts';
import type { ListAction } from './column.ts';

interface BarProps<Row> {
  /** Undefined: not known yet. */
  readonly total: number | undefined;
  readonly words: readonly [one: string, several: string];
  readonly chosenCount: number;
  readonly aim: Aim<Row>;
  readonly actions: readonly ListAction<Row>[];
  /** So many rows came above what is seen. */
  readonly newer: number;
  readonly chooseAll: () => void;
  readonly chooseNone: () => void;
  readonly toTop: () => void;
  /** Something was done to those that were chosen. */
  readonly done: () => void;
  /** Something will be done to them soon, and others may be chosen meanwhile. @returns it was taken back */
  readonly spend: () => () => void;
  /** What a row is called. */
  readonly titleOf: (row: Row) => string;
}

/** How many rows there are, how many are chosen, and what can be done to those. */
export function Bar<Row>(props: BarProps<Row>) {
  const { total, words, chosenCount, actions, newer, chooseAll, chooseNone, toTop } = props;
  const isAny = chosenCount > 0;
  return (
    <div class={`bar ${isAny ? 'any' : ''}`}>
      <span role="status">
        {total === undefined
          ? '…'
          : isAny
            ? `${number(chosenCount)} of ${count(total, ...words)} chosen`
            : count(total, ...words)}
      </span>
      {isAny ? <Acts {...props} /> : null}
      {isAny && chosenCount < (total ?? 0) ? (
        <button type="button" class="small" onClick={chooseAll}>
          Choose all {number(total ?? 0)}
        </button>
      ) : null}
      {isAny ? (
        <button type="button" class="small" onClick={chooseNone}>
          Choose none
        </button>
      ) : (
        <span class="quiet keys" aria-hidden="true">
          <kbd>j</kbd> <kbd>k</kbd> go,{' '}
          {actions.length > 0 ? (
            <>
              <kbd>x</kbd> choose,{' '}
            </>
          ) : null}
          <kbd>Enter</kbd> open, <kbd>?</kbd> more
        </span>
      )}
      {newer > 0 ? (
        <button type="button" class="small newer" onClick={toTop}>
          {number(newer)} newer
        </button>
      ) : null}
    </div>
  );
}

type ActsProps<Row> = Pick<BarProps<Row>, 'aim' | 'chosenCount' | 'actions' | 'done' | 'spend' | 'titleOf'>;

function Acts<Row>({ aim, chosenCount, actions, done, spend, titleOf }: ActsProps<Row>) {
  return (
    <>
      {actions.map((action, index) => {
        const { name, isForAll = true, confirm } = action;
        const fitting = fittingAim(aim, action.isFor);
        const many = fitting.kind === 'some' ? fitting.rows.length : chosenCount;
        if (many === 0 || many !== (action.only ?? many) || (aim.kind === 'all' && !isForAll)) return null;
        const act = async () => {
          const said = await action.act(fitting);
          if (!confirm) done();
          return said;
        };
        const isPart = many < chosenCount;
        return (
          <ActButton
            key={name}
            act={act}
            confirm={confirm?.(many)}
            onSoon={spend}
            about={confirm && titleOfAim(fitting, titleOf)}
            kind={index === 0 ? 'strong' : 'small'}
          >
            {isPart ? `${name} ${number(many)} of them` : name}
          </ActButton>
        );
      })}
    </>
  );
}
