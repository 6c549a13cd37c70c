import { Table } from '../../parts/table.tsx';
import { number } from '../../parts/words.ts';
import { hrefOfTarget, type Target, TargetName, Why } from './target.tsx';

interface RunningProps {
  readonly items: readonly Target[] | undefined;
  readonly total: number | undefined;
}

/** What is worked on now. */
export function Running({ items, total = 0 }: RunningProps) {
  return (
    <>
      <Table
        caption="Running"
        id="running"
        items={items}
        keyOf={({ key }) => key}
        empty="Nothing runs."
        columns={[
          { title: 'What', kind: 'main', cell: target => <Linked target={target} /> },
          { title: 'Why', cell: target => <Why target={target} /> },
        ]}
      />
      {items && items.length < total ? (
        <p class="note">
          The first {number(items.length)} of {number(total)}.
        </p>
      ) : null}
    </>
  );
}

function Linked({ target }: { readonly target: Target }) {
  const href = hrefOfTarget(target);
  const name = <TargetName target={target} />;
  return href === undefined ? name : <a href={href}>{name}</a>;
}
