import { setParams } from '../router/router.ts';
import { DAY_MS, isoDay } from './periods.ts';
import { chosenRange, RANGES } from './range.ts';
import type { ChartScope } from './scope.ts';

/** Which time the charts of a page show; it stands in the address. */
export function RangePicker({ scope: { range, nowMs } }: { readonly scope: ChartScope }) {
  const from = isoDay(range.fromMs);
  const last = isoDay(range.toMs - 1);
  const choose = (fromDay: string, lastDay: string): void => {
    const chosen = { fromMs: Date.parse(fromDay), toMs: Date.parse(lastDay) + DAY_MS };
    if (chosen.fromMs < chosen.toMs) setParams({ range: chosenRange(chosen) });
  };
  return (
    <div class="range-picker">
      <fieldset class="segments">
        <legend class="hidden">Time shown</legend>
        {RANGES.map(({ name, title }) => (
          <button
            type="button"
            key={name}
            aria-pressed={range.text === name}
            onClick={() => setParams({ range: name })}
          >
            {title}
          </button>
        ))}
      </fieldset>
      <label>
        From
        <input
          type="date"
          value={from}
          max={last}
          onChange={({ currentTarget: { value } }) => choose(value, last)}
        />
      </label>
      <label>
        to
        <input
          type="date"
          value={last}
          min={from}
          max={isoDay(nowMs)}
          onChange={({ currentTarget: { value } }) => choose(from, value)}
        />
      </label>
    </div>
  );
}
