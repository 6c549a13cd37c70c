import { useEffect, useState } from 'preact/hooks';
import { connection, heardAtMs, isOld } from '../live/live.ts';
import { age } from '../parts/words.ts';
import { isOutdated } from './updates.ts';

/** What concerns everything below it: the station is away, or these pages are older than it. */
export function Banner() {
  return (
    <div role="status">
      {connection.value === 'away' ? <Away /> : null}
      {isOutdated.value ? (
        <p class="banner calm">
          The station has newer pages than these.
          <button type="button" class="small" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
      ) : null}
    </div>
  );
}

function Away() {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const sinceMs = heardAtMs.value;
  if (sinceMs === undefined) return <p class="banner">The station does not answer. It is asked again.</p>;
  const since = new Date(sinceMs).toLocaleTimeString([], { timeStyle: 'medium' });
  return (
    <p class="banner">
      <strong>The station is away since {since}</strong>
      {/* Not told anew every second to those who hear the page. */}
      <span aria-hidden="true">
        {age(nowMs - sinceMs)}
        {isOld.value ? ': what is shown is from then' : ''}
      </span>
      <span class="quiet">It is asked again until it is back.</span>
    </p>
  );
}
