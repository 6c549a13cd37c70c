// What code hosts allow.
import { status } from '../../live/live.ts';
import { number } from '../../parts/words.ts';
import { ChartFrame } from '../chart-frame.tsx';
import { useSize } from '../use-size.ts';

const ROW_REM = 2.6;
const BAR_REM = 0.9;

/** What hosts allow in an hour, what was spent of it, and what the forecast needs. */
export function BudgetsChart() {
  const { ref, width, rem } = useSize<HTMLDivElement>();
  const hosts = status.value?.changesets.hosts ?? [];
  const rows = hosts.flatMap(({ host, stretch, budgets }) =>
    budgets.map(budget => ({ host, stretch, ...budget })),
  );
  const tight = hosts.filter(({ stretch }) => stretch > 1);
  return (
    <ChartFrame
      id="budgets"
      title="Budgets of code hosts, an hour"
      words={
        rows.length === 0
          ? ''
          : tight.length === 0
            ? 'Every interval is kept: no budget is short.'
            : tight
                .map(
                  ({ host, stretch }) =>
                    `${host}: intervals are ${number(stretch)} times as long, since its budget is short.`,
                )
                .join(' ')
      }
      legend={[
        { name: 'spent in the last hour', mark: 'mark-1' },
        { name: 'needed, as forecast', mark: 'mark-2' },
        { name: 'allowed', mark: 'heat-1' },
      ]}
      figures={
        rows.length > 0
          ? {
              columns: [
                'host',
                'resource',
                'spent in the last hour',
                'needed an hour',
                'allowed an hour',
                'left',
                'reset',
              ],
              rows: rows.map(row => [
                row.host,
                row.resource,
                row.spentLastHour,
                row.neededPerHour,
                row.budgetPerHour,
                row.remaining,
                row.resetAt,
              ]),
            }
          : undefined
      }
      empty={
        hosts.length === 0
          ? 'No code host is asked. Follow changesets, here or in sluice.yaml.'
          : 'What hosts allow is not known yet: the first forecast takes some minutes.'
      }
    >
      <div ref={ref} class="plot">
        {width > 0 ? (
          <svg
            width={width}
            height={rows.length * ROW_REM * rem}
            role="img"
            aria-label="Budgets of code hosts"
          >
            {rows.map((row, at) => (
              <g key={`${row.host} ${row.resource}`} transform={`translate(0 ${at * ROW_REM * rem})`}>
                <Budget row={row} width={width} rem={rem} />
              </g>
            ))}
          </svg>
        ) : null}
      </div>
    </ChartFrame>
  );
}

interface BudgetRow {
  readonly host: string;
  readonly resource: string;
  readonly spentLastHour: number;
  readonly neededPerHour: number;
  readonly budgetPerHour: number | null;
  readonly remaining: number | null;
}

function Budget({
  row,
  width,
  rem,
}: {
  readonly row: BudgetRow;
  readonly width: number;
  readonly rem: number;
}) {
  const { host, resource, spentLastHour, neededPerHour, budgetPerHour, remaining } = row;
  const whole = Math.max(budgetPerHour ?? 0, spentLastHour, neededPerHour, 1);
  const x = (calls: number): number => (calls / whole) * (width - 2);
  const top = 1.15 * rem;
  const height = BAR_REM * rem;
  const left = remaining === null ? '' : `, ${number(remaining)} left`;
  const allowed =
    budgetPerHour === null ? 'no limit is known' : `${number(Math.round(budgetPerHour))} allowed`;
  return (
    <>
      <text class="pane-name" x={0} y={0.85 * rem}>
        {host} {resource}
      </text>
      <text class="direct" x={width - 2} y={0.85 * rem} text-anchor="end">
        {number(Math.round(spentLastHour))} spent, {allowed}
        {left}
      </text>
      <rect class="heat-1" x={0} y={top} width={x(budgetPerHour ?? whole)} height={height} />
      <rect class="mark-1" x={0} y={top} width={x(spentLastHour)} height={height} />
      <rect
        class="mark-2"
        x={Math.max(0, x(neededPerHour) - 1.5)}
        y={top - 2}
        width={3}
        height={height + 4}
      />
    </>
  );
}
