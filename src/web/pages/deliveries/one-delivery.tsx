import type { Answer } from '../../../client/index.ts';
import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { Drawer } from '../../parts/drawer.tsx';
import { Pending } from '../../parts/panel.tsx';
import { Name, State } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import { bytes, count, span } from '../../parts/words.ts';
import { setParams } from '../../router/router.ts';
import { drop, retry } from './acts.ts';
import { DeliveryState, NextTry, pathOf } from './delivery.tsx';

type Attempt = Answer<'getDelivery'>['attemptHistory'][number];

/** One file beside the list: what happened to it, try by try, and what can be done. */
export function OneDelivery({ id }: { readonly id: string }) {
  const asked = useAsked(signal => client.getDelivery({ id: Number(id) }, { signal }), [id], ['deliveries']);
  const delivery = asked.value;
  return (
    <Drawer title="One delivery" close={() => setParams({ id: undefined })}>
      {asked.error ? <Pending error={asked.error} /> : null}
      {delivery ? (
        <>
          <p class="path">
            <Name>{pathOf(delivery)}</Name>
          </p>
          <p>
            <DeliveryState delivery={delivery} /> <span class="quiet">{bytes(delivery.bytes)}</span>
          </p>
          {delivery.lastError && delivery.state !== 'completed' ? (
            <p class="error">{`${delivery.lastError.code}: ${delivery.lastError.message}`}</p>
          ) : null}
          <p>
            Next try: <NextTry delivery={delivery} />
          </p>
          {delivery.state === 'failed' ? (
            <p class="row">
              {delivery.present ? (
                <ActButton act={() => retry({ ids: [delivery.id] })} about={delivery.filepath} kind="strong">
                  Retry
                </ActButton>
              ) : null}
              <ActButton
                act={() => drop({ ids: [delivery.id] })}
                about={delivery.filepath}
                kind="plain"
                confirm="Delete 1 file, undelivered?"
              >
                Drop
              </ActButton>
            </p>
          ) : null}
          <h3>{count(delivery.attempts, 'attempt')}</h3>
          <ol class="attempts">
            {delivery.attemptHistory.map(attempt => (
              <li key={attempt.number}>
                <Try attempt={attempt} />
              </li>
            ))}
          </ol>
        </>
      ) : null}
    </Drawer>
  );
}

function Try({ attempt }: { readonly attempt: Attempt }) {
  const { startedAt, finishedAt, outcome, errorCode, errorMessage } = attempt;
  const isGood = outcome === 'success';
  return (
    <>
      <Ago at={startedAt} />{' '}
      <State kind={isGood ? 'good' : 'bad'}>{isGood ? 'delivered' : (errorCode ?? 'failed')}</State>
      {` in ${span(Date.parse(finishedAt) - Date.parse(startedAt))}`}
      {errorMessage ? <Name>{`: ${errorMessage}`}</Name> : null}
    </>
  );
}
