import { useRef } from 'preact/hooks';
import { perform, performSoon, say } from '../toasts.tsx';
import { type Aim, fittingAim, titleOfAim } from './chosen.ts';
import type { ListAction } from './column.ts';

/** Whoever has not pressed the key again by then did not mean it. */
const AGAIN_MS = 10_000;

/**
 * Does an action by its key. What loses something is done when the key is pressed a second time, some seconds
 * later.
 * @returns what does it: to `count` rows, and then calls `done`; or calls `spend` as it begins to wait, and what that
 * answered if it is not done after all
 */
export function useKeyAct<Row>(): (
  action: ListAction<Row>,
  target: {
    readonly aim: Aim<Row>;
    readonly count: number;
    readonly done: () => void;
    readonly spend: () => () => void;
    readonly titleOf: (row: Row) => string;
  },
) => void {
  const again = useRef<{ readonly name: string; readonly untilMs: number }>(undefined);
  return (action, { aim, count, done, spend, titleOf }) => {
    const { name, key, confirm, isForAll = true } = action;
    if (aim.kind === 'all' && !isForAll) {
      say(`${name}: not for all that fit.`);
      return;
    }
    const fitting = fittingAim(aim, action.isFor);
    const many = fitting.kind === 'some' ? fitting.rows.length : count;
    if (many === 0) {
      say(`${name}: not for what is chosen.`);
      return;
    }
    const asked = again.current;
    if (confirm && !(asked?.name === name && performance.now() < asked.untilMs)) {
      again.current = { name, untilMs: performance.now() + AGAIN_MS };
      say(`${confirm(many)} Press ${key} again.`);
      return;
    }
    again.current = undefined;
    const act = () => action.act(fitting);
    if (!confirm) {
      void perform(act).then(isDone => {
        if (isDone) done();
      });
      return;
    }
    const giveBack = spend();
    void performSoon(confirm(many), act, titleOfAim(fitting, titleOf)).then(isDone => {
      if (!isDone) giveBack();
    });
  };
}
