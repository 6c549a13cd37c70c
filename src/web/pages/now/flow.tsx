// Gather, keep, deliver: the station as one picture, with what each side does over time and what holds it up.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client, type Status, status } from '../../live/live.ts';
import { Bounded, Pending } from '../../parts/panel.tsx';
import { Sparkline } from '../../parts/sparkline.tsx';
import { State } from '../../parts/text.tsx';
import { Ago, nowMs, Since } from '../../parts/time.tsx';
import { bytes, count, number, percent, span } from '../../parts/words.ts';

type Rates = Answer<'getRates'>;
type Capture = Answer<'getCapture'>;
type Plan = Answer<'getDiskBudget'>['plan'];
type Measure = keyof Rates['hour']['amounts'];

/** The oldest file may wait for so long before it counts as late. */
const LATE_MS = 180_000;

/** Over which time rates are shown; it stays for the next page that has some. */
const period = signal<'hour' | 'day'>('hour');

export function Flow() {
  const rates = useAsked(
    signal => client.getRates({}, { signal }),
    [],
    ['deliveries', 'runEnded', 'changesets'],
  );
  const capture = useAsked(signal => client.getCapture({}, { signal }), [], ['status', 'deliveries']);
  const disk = useAsked(
    async signal => (await client.getDiskBudget({ limit: 1 }, { signal })).plan,
    [],
    ['status'],
  );
  const now = status.value;
  const shown = rates.value?.[period.value];
  return (
    <section class="panel flow-panel" aria-label="Gather, keep, deliver">
      <div class="period">
        {(['hour', 'day'] as const).map(each => (
          <button
            type="button"
            key={each}
            aria-pressed={period.value === each}
            onClick={() => (period.value = each)}
          >
            {each}
          </button>
        ))}
      </div>
      <div class="unknown">
        {[rates, capture, disk].map(({ value, error }, at) =>
          value === undefined && error ? <Pending key={at} error={error} /> : null,
        )}
      </div>
      <div class={`flow ${now && shown ? '' : 'waiting'}`}>
        <Side title="Gather">{now ? <Gather now={now} rates={shown} capture={capture.value} /> : null}</Side>
        <Side title="Keep">{now ? <Keep now={now} plan={disk.value} /> : null}</Side>
        <Side title="Deliver">
          {now ? <Deliver now={now} rates={shown} capture={capture.value} /> : null}
        </Side>
      </div>
    </section>
  );
}

function Side({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="side" aria-labelledby={`flow-${title}`}>
      <h2 id={`flow-${title}`}>{title}</h2>
      <Bounded>
        <dl class="measures">{children}</dl>
      </Bounded>
    </section>
  );
}

interface MeasureProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly rates?: Rates['hour'] | undefined;
  readonly measure?: Measure;
  /** What the line counts, as in `files`. */
  readonly unit?: string;
  readonly words?: (amount: number) => string;
}

/** A figure with its words, and what it was over time. */
function Row({ title, children, rates, measure, unit = '', words = number }: MeasureProps) {
  const amounts = measure === undefined ? undefined : rates?.amounts[measure];
  const total = amounts?.reduce((sum, amount) => sum + amount, 0) ?? 0;
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
      {amounts && rates ? (
        <dd class="over-time">
          <Sparkline
            what={`${unit || title} in the last ${period.value}`}
            amounts={amounts}
            fromAt={rates.fromAt}
            spanMs={rates.spanMs}
            words={words}
            kind={measure === 'failures' ? 'bad' : undefined}
          />
          <span class="total">
            <b>{words(total)}</b> {unit}
          </span>
        </dd>
      ) : null}
    </div>
  );
}

interface SideProps {
  readonly now: Status;
  readonly rates: Rates['hour'] | undefined;
  readonly capture: Capture | undefined;
}

function Gather({ now, rates, capture }: SideProps) {
  const { repos, changesets, schedule } = now;
  const running = capture?.collectors.filter(({ disabled }) => !disabled) ?? [];
  const missed = capture?.collectors.reduce((sum, each) => sum + each.missed, 0) ?? 0;
  const failing = running.filter(isFailing).length;
  return (
    <>
      <Row title="Repositories" rates={rates} measure="commits" unit="commits">
        <a href="#/repositories">
          {number(repos.tracked)} of {number(repos.known)} tracked
        </a>
        {repos.baking.length > 0 ? <State kind="busy">{number(repos.baking.length)} baking</State> : null}
        {repos.failing > 0 ? (
          <a class="state bad" href="#/repositories?show=failing">
            {number(repos.failing)} failing
          </a>
        ) : null}
      </Row>
      <Row title="Changesets" rates={rates} measure="changesets" unit="syncs">
        <a href="#/changesets">
          {changesets.followed === 0 ? 'none followed' : `${number(changesets.followed)} followed`}
        </a>
        {changesets.failing > 0 ? (
          <a class="state bad" href="#/changesets?failing=true">
            {number(changesets.failing)} failing
          </a>
        ) : null}
      </Row>
      {changesets.hosts.length > 0 ? (
        <Row title="Calls to code hosts" rates={rates} measure="calls" unit="calls">
          {budgetWords(changesets.hosts)}
        </Row>
      ) : null}
      <Row title="Readings" rates={rates} measure="readings" unit="readings">
        <a href="#/capture">
          {running.length === 0 ? 'nothing is captured' : count(running.length, 'collector')}
        </a>
        {missed > 0 ? <State kind="warn">{count(missed, 'tick')} missed</State> : null}
        {failing > 0 ? <State kind="bad">{number(failing)} failing</State> : null}
      </Row>
      <Row title="Schedule">
        <a href="#/schedule">
          {number(schedule.size)} planned, {number(schedule.running)} running
        </a>
        {schedule.due > 0 ? (
          <State kind="warn">
            {number(schedule.due)} due, behind {span(schedule.behindMs)}
          </State>
        ) : null}
      </Row>
    </>
  );
}

/** How much of the shortest budget is left, over all hosts. Pure. */
function budgetWords(hosts: Status['changesets']['hosts']): string {
  const shares = hosts.flatMap(({ budgets }) =>
    budgets.flatMap(({ budgetPerHour, spentLastHour }) =>
      budgetPerHour === null ? [] : [spentLastHour / Math.max(1, budgetPerHour)],
    ),
  );
  return shares.length === 0
    ? 'no budget is known'
    : `${percent(Math.max(...shares))} of an hour’s budget spent`;
}

/** Its last try was an error. */
function isFailing({ lastError, lastReadingAt }: Capture['collectors'][number]): boolean {
  return lastError !== null && lastError.failedAt > (lastReadingAt ?? '');
}

function Keep({ now, plan }: { readonly now: Status; readonly plan: Plan | undefined }) {
  const { cache, disks, store } = now;
  return (
    <>
      {disks.map(disk => {
        const used = 1 - disk.freeBytes / Math.max(1, disk.totalBytes);
        return (
          <Row key={disk.path} title={disks.length > 1 ? `Disk of ${disk.holds.join(', ')}` : 'Disk'}>
            <span>
              {percent(used)} used, {bytes(disk.freeBytes)} free
            </span>
            <Meter label={`Disk at ${disk.path}`} share={used} isFull={disk.freeBytes < cache.minFreeBytes} />
          </Row>
        );
      })}
      <Row title="When it is full">
        {plan === undefined ? (
          '…'
        ) : plan.full ? (
          <State kind={plan.losesReadings ? 'bad' : 'warn'}>
            {plan.losesReadings ? 'full: readings will be lost' : 'full: something gives way'}
          </State>
        ) : (
          <a href="#/capture">nothing has to give way</a>
        )}
        {now.capture.freedCopies.files === 0 ? null : (
          <a class="quiet" href="#/capture">
            {count(now.capture.freedCopies.files, 'kept copy', 'kept copies')} gave way so far
          </a>
        )}
      </Row>
      <Row title="Clones">
        <a href="#/repositories?order=size">{count(cache.clones, 'clone')}</a>
        <span class="quiet">
          {bytes(cache.usedBytes)}
          {cache.maxBytes === null ? '' : ` of ${bytes(cache.maxBytes)}`}
        </span>
        {cache.maxBytes === null ? null : (
          <Meter
            label="Room of the clones"
            share={cache.usedBytes / Math.max(1, cache.maxBytes)}
            isFull={cache.usedBytes > cache.maxBytes}
          />
        )}
      </Row>
      <Row title="History">
        <span>
          {count(now.repos.commits, 'commit')} of {count(now.repos.known, 'repository', 'repositories')}
        </span>
      </Row>
      {store.away ? (
        <Row title="Shared store">
          <State kind="bad">
            away <Since at={store.away.sinceAt} />
          </State>
          <span class="quiet">{store.away.message}</span>
        </Row>
      ) : null}
    </>
  );
}

function Meter({
  label,
  share,
  isFull,
}: {
  readonly label: string;
  readonly share: number;
  readonly isFull: boolean;
}) {
  return (
    <meter class={isFull ? 'full' : ''} aria-label={label} value={Math.min(1, Math.max(0, share))} max={1} />
  );
}

function Deliver({ now, rates }: SideProps) {
  const { deliveries, links } = now;
  const onTheirWay = deliveries.incoming + deliveries.processing;
  const oldestAt = deliveries.oldestWaitingAt;
  const isLate = oldestAt !== null && nowMs.value - Date.parse(oldestAt) > LATE_MS;
  return (
    <>
      <Row title="Delivered" rates={rates} measure="files" unit="files">
        <a href="#/deliveries?state=completed">{count(deliveries.completed, 'file')}</a>
      </Row>
      <Row title="Sent" rates={rates} measure="bytes" words={bytes}>
        <span class="quiet">what those files hold</span>
      </Row>
      <Row title="On their way">
        <a href="#/deliveries?state=waiting">{onTheirWay === 0 ? 'none' : count(onTheirWay, 'file')}</a>
        {deliveries.uploading > 0 ? (
          <State kind="busy">{number(deliveries.uploading)} uploading</State>
        ) : null}
        {oldestAt === null ? null : (
          <span class={isLate ? 'state warn' : 'quiet'}>
            the oldest came <Ago at={oldestAt} />
          </span>
        )}
      </Row>
      <Row title="Failed" rates={rates} measure="failures" unit="failed tries">
        {deliveries.failed > 0 ? (
          <a class="state bad" href="#/deliveries?state=failed">
            {count(deliveries.failed, 'file')}
          </a>
        ) : (
          'none'
        )}
      </Row>
      <Row title="Links">
        {links.length === 0 ? 'none used yet' : null}
        {links.map(({ endpoint, state, sinceAt }) => (
          <span class="link" key={endpoint}>
            <State kind={state === 'online' ? 'good' : state === 'unknown' ? '' : 'bad'}>{state}</State>{' '}
            <bdi class="given">{endpoint.replace(/^https?:\/\//, '')}</bdi>{' '}
            <span class="quiet">
              <Since at={sinceAt} />
            </span>
          </span>
        ))}
      </Row>
    </>
  );
}
