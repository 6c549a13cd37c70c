import { useAsked } from '../../live/asked.ts';
import { client } from '../../live/live.ts';
import { ActButton } from '../../parts/act-button.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Drawer } from '../../parts/drawer.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Pending } from '../../parts/panel.tsx';
import { Name, State } from '../../parts/text.tsx';
import { Ago } from '../../parts/time.tsx';
import { bytes, count } from '../../parts/words.ts';
import { setParams } from '../../router/router.ts';
import { drop, retry } from './acts.ts';
import { DeliveryState, NextTry, pathOf } from './delivery.tsx';
import { type DeliveryInFull, stepsOf } from './steps.ts';

/** One file beside the list: where it is, what happened to it, and what can be done. */
export function OneDelivery({ id }: { readonly id: string }) {
  const asked = useAsked(signal => client.getDelivery({ id: Number(id) }, { signal }), [id], ['deliveries']);
  return (
    <Drawer title="One delivery" close={() => setParams({ id: undefined })}>
      {asked.error || !asked.value ? <Pending error={asked.error} /> : null}
      {asked.value ? <InFull delivery={asked.value} /> : null}
    </Drawer>
  );
}

function InFull({ delivery }: { readonly delivery: DeliveryInFull }) {
  const { lastError, state, attempts } = delivery;
  return (
    <>
      <p class="subject">
        <Name>{pathOf(delivery)}</Name>
      </p>
      <p>
        <DeliveryState delivery={delivery} />
      </p>
      {lastError && state !== 'completed' ? (
        <p class={state === 'failed' ? 'error' : ''}>
          <Name>{lastError.message}</Name>
        </p>
      ) : null}
      <Acts delivery={delivery} />
      <Facts facts={factsOf(delivery)} />
      <h3>{attempts === 0 ? 'Its way' : `Its way, in ${count(attempts, 'try', 'tries')}`}</h3>
      <ol class="attempts">
        {stepsOf(delivery).map(({ key, at, kind, name, more }) => (
          <li key={key}>
            <State kind={kind}>{name}</State>{' '}
            <span class="quiet">
              <Ago at={at} />
            </span>
            {more === undefined ? null : (
              <div class="quiet">
                <Name>{more}</Name>
              </div>
            )}
          </li>
        ))}
      </ol>
      <h3>In the log</h3>
      <p>
        <code>{logWords(delivery)}</code>{' '}
        <CopyButton text={logWords(delivery)} about="what its lines in the log have">
          Copy
        </CopyButton>
      </p>
    </>
  );
}

function Acts({ delivery }: { readonly delivery: DeliveryInFull }) {
  const { id, state, present, filepath, objectKey, droppedAt } = delivery;
  const isFailed = state === 'failed' && droppedAt === null;
  return (
    <p class="row">
      {isFailed && present ? (
        <ActButton act={() => retry({ ids: [id] })} about={filepath} kind="strong">
          Retry
        </ActButton>
      ) : null}
      {isFailed ? (
        <ActButton
          act={() => drop({ ids: [id] })}
          about={filepath}
          kind="plain"
          confirm={present ? 'Delete 1 file, undelivered?' : undefined}
        >
          Drop
        </ActButton>
      ) : null}
      <CopyButton text={objectKey ?? filepath} kind="plain">
        {objectKey === null ? 'Copy path' : 'Copy key'}
      </CopyButton>
    </p>
  );
}

function factsOf(delivery: DeliveryInFull) {
  const { profile, bucket, objectKey, source, etag, crc32, bytes: size } = delivery;
  const named = (text: string | null) => text && <Name>{text}</Name>;
  return [
    ['next try', <NextTry key="next" delivery={delivery} />],
    ['size', bytes(size)],
    ['object', named(objectKey && `s3://${profile}/${bucket}/${objectKey}`)],
    ['delivered from', named(source)],
    ['ETag', named(etag)],
    ['CRC-32', named(crc32)],
  ] as const;
}

/** By what its lines in the log are found. Pure. */
function logWords({ id }: Pick<DeliveryInFull, 'id'>): string {
  return `"record":${id}`;
}
