// The disk: how full it is, what gives way in which order when it is, and what was lost so far.
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { Panel, Pending } from '../../parts/panel.tsx';
import { Table } from '../../parts/table.tsx';
import { Name, State } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import { bytes, count, number, percent } from '../../parts/words.ts';

type Budget = Answer<'getDiskBudget'>;
type Plan = Budget['plan'];

const SHOWN = 50;

const STEPS: Readonly<Record<string, string>> = {
  completed: 'delivered files that are kept',
  clones: 'clones, least recently used first',
};

export function Disk() {
  const asked = useAsked(signal => client.getDiskBudget({ limit: SHOWN }, { signal }), [], ['status']);
  return (
    <Panel title="Disk" error={asked.error}>
      {asked.value ? <InWords budget={asked.value} /> : asked.error ? null : <Pending error={undefined} />}
    </Panel>
  );
}

function InWords({ budget: { plan, freed } }: { readonly budget: Budget }) {
  const used = Math.max(plan.usedShare, plan.usedInodeShare);
  return (
    <>
      <meter class={plan.full ? 'full' : ''} min={0} max={1} value={used} aria-label="Disk used" />
      <p>
        <Verdict plan={plan} />
      </p>
      <Steps plan={plan} />
      <h3>Given way so far</h3>
      <Table
        caption="What gave way so far, newest first"
        items={freed}
        keyOf={row => JSON.stringify(row)}
        empty="Nothing had to give way so far."
        columns={[
          {
            title: 'What',
            kind: 'main',
            cell: ({ step, path }) => <Name>{path ?? STEPS[step] ?? step}</Name>,
          },
          { title: 'When', cell: ({ freedAt }) => <Ago at={freedAt} /> },
          {
            title: 'Freed',
            kind: 'number',
            cell: ({ files, bytes: size }) => `${count(files, 'file')}, ${bytes(size)}`,
          },
          {
            title: 'Lost',
            cell: ({ lost, readings }) =>
              lost ? <State kind="bad">{count(readings, 'reading')}</State> : <span class="quiet">0</span>,
          },
        ]}
      />
    </>
  );
}

function Verdict({ plan }: { readonly plan: Plan }) {
  const { usedShare, usedInodeShare, captureShare, captureInodeShare, losesReadings } = plan;
  const { full, neededBytes, neededInodes, missingBytes, missingInodes } = plan;
  const used = `${percent(usedShare)} of the disk is used, readings take ${percent(captureShare)}, and ${percent(usedInodeShare)} of its inodes (readings: ${percent(captureInodeShare)}). `;
  if (!full)
    return (
      <>
        {used}
        <State kind="good">Nothing has to give way.</State>
      </>
    );
  const need = `It is full: ${amount(neededBytes, neededInodes)} must give way`;
  if (missingBytes + missingInodes === 0)
    return (
      <>
        {used}
        <State kind="warn">{`${need}, and can without loss:`}</State>
      </>
    );
  const rest = losesReadings ? 'readings that nobody else has will be lost' : 'the rest is not sluice’s';
  return (
    <>
      {used}
      <State kind="bad">{`${need}; ${amount(missingBytes, missingInodes)} of it cannot, so ${rest}:`}</State>
    </>
  );
}

function Steps({ plan: { steps, losesReadings, files } }: { readonly plan: Plan }) {
  const readings = files.reduce((sum, file) => sum + file.readings, 0);
  if (steps.length === 0 && !losesReadings) return null;
  return (
    <ol class="steps">
      {steps.map(({ name, bytes: size }) => (
        <li key={name}>{`${STEPS[name] ?? name}: ${bytes(size)}`}</li>
      ))}
      {losesReadings ? (
        <li>
          <State kind="bad">{`${count(files.length, 'unsent file')} with ${count(readings, 'reading')}`}</State>
        </li>
      ) : null}
    </ol>
  );
}

/** `4.0 GiB and 20 inodes`. Pure. */
function amount(size: number, inodes: number): string {
  return inodes > 0 ? `${bytes(size)} and ${number(inodes)} inodes` : bytes(size);
}
