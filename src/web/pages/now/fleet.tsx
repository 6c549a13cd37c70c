import { type Status, status } from '../../live/live.ts';
import { Table } from '../../parts/table.tsx';
import { Name, Outward, State } from '../../parts/text.tsx';
import { bytes, count, number, span } from '../../parts/words.ts';

type Station = Status['stations'][number];

/** The stations that share the store: who is there, what lies with each, and where its pages are. */
export function Fleet({ stations }: { readonly stations: readonly Station[] }) {
  const own = status.value?.station.root;
  const silent = stations.filter(({ isSilent, hasLeft }) => isSilent && !hasLeft).length;
  return (
    <>
      <p class="note">
        {count(stations.length, 'station')} share the store{silent > 0 ? `, ${number(silent)} silent` : ''}.
      </p>
      <Table
        caption="Stations that share the store"
        items={stations}
        keyOf={({ id }) => id}
        empty=""
        columns={[
          {
            title: 'Station',
            kind: 'main',
            cell: ({ name, url }) => (
              <>
                {url === null ? <Name>{name}</Name> : <Outward url={url}>{name}</Outward>}
                {own !== undefined && name.endsWith(`:${own}`) ? <span class="quiet"> this one</span> : null}
              </>
            ),
          },
          {
            title: 'State',
            cell: ({ isSilent, silentMs, hasLeft }) =>
              hasLeft ? (
                <State kind="">stopped {span(silentMs)} ago</State>
              ) : isSilent ? (
                <State kind="bad">silent for {span(silentMs)}</State>
              ) : (
                <State kind="good">there</State>
              ),
          },
          {
            title: 'Clones',
            kind: 'number',
            cell: ({ clones }) => `${number(clones.count)}, ${bytes(clones.bytes)}`,
          },
          { title: 'Files', cell: filesOf },
          { title: 'Collectors', cell: collectorsOf },
          {
            title: 'Disk free',
            kind: 'number',
            cell: ({ disks }) =>
              bytes(Math.min(...(disks.length ? disks : [{ freeBytes: 0 }]).map(d => d.freeBytes))),
          },
          { title: 'Version', cell: ({ version }) => version },
        ]}
      />
    </>
  );
}

function filesOf({ deliveries }: Station): string {
  const some = Object.entries(deliveries).filter(([, files]) => files > 0);
  return some.map(([name, files]) => `${count(files, 'file')} ${name}`).join(', ') || '–';
}

function collectorsOf({ capture: { collectors, failing } }: Station) {
  return (
    <>
      {number(collectors)} {failing > 0 ? <State kind="bad">{number(failing)} failing</State> : null}
    </>
  );
}
