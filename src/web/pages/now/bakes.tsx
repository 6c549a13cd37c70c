import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { Pending } from '../../parts/panel.tsx';
import { RepositoryLink, State, type StateKind } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import { count, span } from '../../parts/words.ts';

const RUNS_SHOWN = 6;

type Run = Answer<'listRuns'>['runs'][number];

const KINDS: Readonly<Record<Run['state'], StateKind>> = {
  done: 'good',
  failed: 'bad',
  running: 'busy',
  waiting: 'busy',
  cancelled: '',
};

/** The latest bakes and what came of them. */
export function Bakes() {
  const runs = useAsked(
    async signal => (await client.listRuns({ limit: RUNS_SHOWN }, { signal })).runs,
    [],
    ['runBegun', 'runEnded'],
  );
  if (!runs.value) return <Pending error={runs.error} />;
  if (runs.value.length === 0) return <p class="empty">No repository was baked yet.</p>;
  return (
    <ul class="rows" id="runs">
      {runs.value.map(run => (
        <li key={run.id}>
          <State kind={KINDS[run.state]}>{run.state}</State>
          <span>
            <RepositoryLink url={run.url} />
            <Outcome run={run} />
          </span>
          <span class="quiet">
            <Ago at={run.finishedAt} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Outcome({ run: { error, reason, summary, startedAt, finishedAt } }: { readonly run: Run }) {
  if (error) return <span class="line error">{error.message}</span>;
  const took = startedAt && finishedAt ? ` in ${span(Date.parse(finishedAt) - Date.parse(startedAt))}` : '';
  return (
    <span class="line quiet">
      {[summary ? `${count(summary.newCommits, 'new commit')}${took}` : '', reason]
        .filter(Boolean)
        .join(' · ')}
    </span>
  );
}
