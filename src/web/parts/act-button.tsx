import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { perform, type ToastText } from './toasts.tsx';

interface ActButtonProps {
  readonly children: ComponentChildren;
  /** What it does; answers what is said once it is done. */
  readonly act: () => Promise<string | ToastText>;
  /** What of, for those who hear the page. */
  readonly about?: string | undefined;
  /** `strong` is the one that a person most likely wants. */
  readonly kind?: 'small' | 'plain' | 'strong';
  /** Asked before what cannot be taken back. */
  readonly confirm?: string | undefined;
  readonly title?: string;
}

/** A button that rests while it works, and says what came of it. */
export function ActButton({ children, act, about, kind = 'small', confirm, title }: ActButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    if (isBusy || (confirm !== undefined && !window.confirm(confirm))) return;
    setBusy(true);
    await perform(act);
    setBusy(false);
  };
  // Not `disabled`, which would drop the focus.
  return (
    <button
      type="button"
      class={kind === 'strong' ? '' : kind}
      aria-label={about === undefined ? undefined : `${children}: ${about}`}
      aria-disabled={isBusy}
      title={title}
      onClick={press}
    >
      {children}
    </button>
  );
}
