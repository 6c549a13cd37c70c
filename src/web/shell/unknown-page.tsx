import { Panel } from '../parts/panel.tsx';
import { PLACES } from './places.ts';

/** The address leads nowhere: says so, and where to go. */
export function UnknownPage({ name }: { readonly name: string }) {
  const places = Object.entries(PLACES).filter(([, { below }]) => below === undefined);
  return (
    <Panel title="No such page">
      <p>
        There is no page <code>{name}</code>. There are{' '}
        {places.map(([path, { title }], at) => (
          <span key={path}>
            {at === 0 ? '' : at === places.length - 1 ? ' and ' : ', '}
            <a href={`#/${path}`}>{title}</a>
          </span>
        ))}
        .
      </p>
    </Panel>
  );
}
