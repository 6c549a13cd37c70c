import type { ComponentChildren } from 'preact';
import { route, setParams } from '../router/router.ts';

interface FoldProps {
  /** Under which it stands in the address that it was opened or closed. */
  readonly name: string;
  readonly title: string;
  readonly children: ComponentChildren;
}

/** Large enough that what is in it leaves some of what follows in sight. */
const LARGE = matchMedia('(min-width: 60rem) and (min-height: 52rem)');

/** A part that can be put away. On a small screen it is, unless somebody opens it. */
export function Fold({ name, title, children }: FoldProps) {
  const given = route.value.params.get(name);
  const isOpen = given === null ? LARGE.matches : given === 'open';
  return (
    <details
      class="fold"
      open={isOpen}
      onToggle={({ currentTarget: { open } }) => {
        if (open !== isOpen)
          setParams({ [name]: open === LARGE.matches ? undefined : open ? 'open' : 'closed' });
      }}
    >
      <summary>{title}</summary>
      {isOpen ? children : null}
    </details>
  );
}
