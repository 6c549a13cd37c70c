import type { ComponentChildren } from 'preact';

/** Names and figures, large; `facts` undefined: not known yet, as high as they will be. */
export function Totals({
  facts,
}: {
  readonly facts: readonly (readonly [name: string, value: ComponentChildren])[] | undefined;
}) {
  if (!facts) return <p class="totals waiting">…</p>;
  return (
    <dl class="totals">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
