import { useEffect, useState } from 'preact/hooks';
import { perform, performSoon, type ToastText } from './toasts.tsx';

/** Whoever has not pressed again by then did not mean it. */
const CONFIRM_MS = 10_000;

interface ActButtonProps {
  readonly children: string;
  /** What it does; answers what is said once it is done. */
  readonly act: () => Promise<string | ToastText>;
  /** What of, for those who hear the page. */
  readonly about?: string | undefined;
  /** `strong` is the one that a person most likely wants. */
  readonly kind?: 'small' | 'plain' | 'strong';
  /** What the button asks once it was pressed, where something is lost; pressed again, it acts some seconds later. */
  readonly confirm?: string | undefined;
  /** Called as what can be taken back begins to wait; what it answers is called if it is not done after all. */
  readonly onSoon?: () => () => void;
  readonly title?: string;
  /** Left out where one goes on by Tab: the keys of what it belongs to do the same. */
  readonly isAside?: boolean;
}

/** A button that rests while it works, and says what came of it. What loses something can be taken back for some seconds. */
export function ActButton({
  children,
  act,
  about,
  kind = 'small',
  confirm,
  onSoon,
  title,
  isAside,
}: ActButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    if (!isAsking) return;
    const timer = setTimeout(() => setAsking(false), CONFIRM_MS);
    return () => clearTimeout(timer);
  }, [isAsking]);
  const press = async (): Promise<void> => {
    if (isBusy) return;
    if (confirm !== undefined && !isAsking) {
      setAsking(true);
      return;
    }
    setAsking(false);
    setBusy(true);
    if (confirm === undefined) await perform(act);
    else {
      const giveBack = onSoon?.();
      if (!(await performSoon(confirm, act, about))) giveBack?.();
    }
    setBusy(false);
  };
  const words = isAsking ? confirm : children;
  // Not `disabled`, which would drop the focus.
  return (
    <button
      type="button"
      class={`${kind === 'strong' ? '' : kind} ${isAsking ? 'asking' : ''}`}
      aria-label={about === undefined ? undefined : `${words}: ${about}`}
      aria-disabled={isBusy}
      title={title}
      tabIndex={isAside ? -1 : undefined}
      onClick={press}
    >
      {words}
    </button>
  );
}
