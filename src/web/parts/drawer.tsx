import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { isTyping, useKeyPress } from './keys.ts';
import { Bounded } from './panel.tsx';

interface DrawerProps {
  readonly title: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

/** One thing of a list in full, beside the list; over it on a phone. Escape closes it. */
export function Drawer({ title, close, children }: DrawerProps) {
  const heading = useId();
  const part = useRef<HTMLElement>(null);
  useKeyPress(event => {
    if (event.key !== 'Escape' || event.defaultPrevented || isTyping(event.target)) return;
    if (document.querySelector('dialog[open]') !== null) return;
    event.preventDefault();
    close();
  });
  return (
    <section class="drawer" ref={part} aria-labelledby={heading} tabIndex={-1}>
      <div class="top">
        <h2 id={heading}>{title}</h2>
        <button type="button" class="small" onClick={close}>
          Close
        </button>
      </div>
      <Bounded>{children}</Bounded>
    </section>
  );
}
