import { Component, type ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { wordsOf } from './toasts.tsx';

interface PanelProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** Why what it shows could not be asked for. */
  readonly error?: Error | undefined;
  readonly class?: string;
  readonly id?: string;
}

/** A part of a page under a heading of its own: what is wrong in it leaves the others alone. */
export function Panel({ title, children, error, class: name = '', id }: PanelProps) {
  const heading = useId();
  return (
    <section class={`panel ${name}`} id={id} aria-labelledby={heading}>
      <h2 id={heading}>{title}</h2>
      {error ? <Pending error={error} /> : null}
      <Bounded>{children}</Bounded>
    </section>
  );
}

/** In the place of what is asked for and not there yet: why, where that is known. */
export function Pending({ error }: { readonly error: Error | undefined }) {
  if (!error) return <p class="empty waiting">…</p>;
  return <p class="error">Could not be asked for: {wordsOf(error)}</p>;
}

/** Says what is wrong in the place of children that fail to show. */
export class Bounded extends Component<{ readonly children?: ComponentChildren }, { error?: Error }> {
  override state: { error?: Error } = {};

  static override getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  override componentDidCatch(error: Error): void {
    console.error(error);
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <p class="error">
        This part cannot be shown: {wordsOf(error)}.{' '}
        <button type="button" class="small" onClick={() => this.setState({})}>
          Show it again
        </button>
      </p>
    );
  }
}
