import type { Given } from '../../../client/index.ts';
import type { TimeRange } from '../../charts/range.ts';
import { client } from '../../live/live.ts';
import { Filters } from '../../parts/filters.tsx';
import { kindWords, WORK_KINDS } from '../../parts/kinds.ts';
import type { ListAction, ListColumn } from '../../parts/list/column.ts';
import { List } from '../../parts/list/list.tsx';
import { Panel } from '../../parts/panel.tsx';
import { clockTime } from '../../parts/words.ts';
import { setParams } from '../../router/router.ts';
import { hrefOfTarget, Place, raise, type Target, TargetName, titleOf, When, Why } from './target.tsx';

const SHOW = [
  ['', 'all'],
  ['due', 'due now'],
  ['raised', 'raised'],
  ['failing', 'failing'],
  ['held', 'held or paused'],
] as const;
const KINDS = [['', 'all'], ...WORK_KINDS.map(kind => [kind, kindWords(kind)] as const)] as const;

const COLUMNS: readonly ListColumn<Target, 'line'>[] = [
  { title: 'What', kind: 'main', width: 'minmax(0, 5fr)', cell: target => <TargetName target={target} /> },
  { title: 'When', width: '8.5rem', cell: target => <When target={target} /> },
  { title: 'Host', width: 'minmax(0, 2fr)', isSpare: true, cell: target => <Place target={target} /> },
  { title: 'Why then', width: 'minmax(0, 4fr)', cell: target => <Why target={target} /> },
];

const ACTIONS: readonly ListAction<Target>[] = [
  {
    name: 'Sync now',
    key: 's',
    isForAll: false,
    act: aim => raise(aim.kind === 'some' ? aim.rows : []),
  },
];

interface TargetsProps {
  readonly params: URLSearchParams;
  readonly hosts: readonly string[];
  /** Only what falls due then. */
  readonly chosen: TimeRange | undefined;
}

/** All that waits, first in line first, however much that is. */
export function Targets({ params, hosts, chosen }: TargetsProps) {
  const host = params.get('host') || undefined;
  const filter = {
    search: params.get('search') || undefined,
    kind: params.get('kind') || undefined,
    host,
    show: SHOW.find(([value]) => value !== '' && value === params.get('show'))?.[0] as Show,
    ...(chosen ? { from: isoTime(chosen.fromMs), before: isoTime(chosen.toMs) } : {}),
  };
  const known = [...new Set([...hosts, ...(host ? [host] : [])])].sort();
  const fields = [
    { name: 'search', label: 'Address' },
    { name: 'kind', label: 'Kind', options: KINDS },
    { name: 'host', label: 'Host', options: [['', 'all'], ...known.map(name => [name, name] as const)] },
    { name: 'show', label: 'Show', options: SHOW },
  ] as const;
  return (
    <Panel title="Next, first in line first">
      <Filters fields={fields} params={params} />
      {chosen ? <ChosenTime chosen={chosen} /> : null}
      <List<Target, 'line'>
        label="Next, first in line first"
        words={['place on the schedule', 'places on the schedule']}
        ask={async ({ offset, limit }, signal) => {
          const { targets, total } = await client.listTargets({ ...filter, offset, limit }, { signal });
          return { rows: targets, total };
        }}
        about={[filter.search, filter.kind, filter.host, filter.show, filter.from, filter.before]}
        topics={['status', 'changesets', 'runBegun', 'runEnded']}
        keyOf={({ key }) => key}
        titleOf={titleOf}
        hrefOf={hrefOfTarget}
        columns={COLUMNS}
        actions={ACTIONS}
        order="line"
        params={params}
        empty="Nothing is planned that fits. Track repositories or follow changesets, here or in sluice.yaml."
      />
    </Panel>
  );
}

type Show = Given<'listTargets'>['show'];

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The part of the time line that the list is narrowed to, and the way back. */
function ChosenTime({ chosen: { fromMs, toMs } }: { readonly chosen: TimeRange }) {
  return (
    <p class="chosen-time">
      Only what falls due from {clockTime(fromMs, Date.now())} to {clockTime(toMs, Date.now())}.{' '}
      <button type="button" class="small" onClick={() => setParams(timeParam(undefined))}>
        Whenever it is due
      </button>
    </p>
  );
}

/** The part of the time to come that the address chooses, as `due=2026-11-30T10:00:00Z..2026-11-30T11:30:00Z`. Pure. */
export function chosenTime(params: URLSearchParams): TimeRange | undefined {
  const [from = '', to = ''] = (params.get('due') ?? '').split('..');
  const range = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  return range.fromMs < range.toMs ? range : undefined;
}

/** What the address says of it, to the second. Pure. */
export function timeParam(range: TimeRange | undefined): { readonly due: string | undefined } {
  return { due: range && `${secondOf(range.fromMs)}..${secondOf(range.toMs)}` };
}

function secondOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
