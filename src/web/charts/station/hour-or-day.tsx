/** Whether a chart shows the last hour by minute or the last day by quarter of an hour. */
export function HourOrDay({
  isDay,
  choose,
}: {
  readonly isDay: boolean;
  readonly choose: (isDay: boolean) => void;
}) {
  return (
    <fieldset class="segments">
      <legend class="hidden">Time shown</legend>
      <button type="button" aria-pressed={!isDay} onClick={() => choose(false)}>
        Hour
      </button>
      <button type="button" aria-pressed={isDay} onClick={() => choose(true)}>
        Day
      </button>
    </fieldset>
  );
}
