/** Where traces go, by OpenTelemetry's own variables. */
export interface TelemetrySettings {
  /** Of the collector, whole. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How long a collector may take to answer. */
  readonly timeoutMs: number;
  /** Who the spans are from: `service.name` and what `OTEL_RESOURCE_ATTRIBUTES` has. */
  readonly resource: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 10_000;

/**
 * What the environment says of traces (opentelemetry.io, "OTLP exporter configuration"); undefined where none are wanted.
 * @throws Error in words that show no secret, for what cannot be meant
 */
export function telemetrySettings(env: NodeJS.ProcessEnv): TelemetrySettings | undefined {
  const of = (name: string): string | undefined => {
    const value = env[name]?.trim();
    return value === '' ? undefined : value;
  };
  const ofTraces = (name: string): string | undefined =>
    of(`OTEL_EXPORTER_OTLP_TRACES_${name}`) ?? of(`OTEL_EXPORTER_OTLP_${name}`);
  const base = of('OTEL_EXPORTER_OTLP_ENDPOINT');
  const whole = of('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT');
  const endpoint = whole ?? base;
  const isOff = of('OTEL_SDK_DISABLED')?.toLowerCase() === 'true' || of('OTEL_TRACES_EXPORTER') === 'none';
  if (endpoint === undefined || isOff) return undefined;
  const url = URL.parse(endpoint);
  const name = whole === undefined ? 'OTEL_EXPORTER_OTLP_ENDPOINT' : 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new Error(`${name} must be an address that begins with http:// or https://`);
  if (ofTraces('PROTOCOL') === 'grpc')
    throw new Error(
      'OTLP is spoken over HTTP only: leave OTEL_EXPORTER_OTLP_PROTOCOL out; the port is 4318 mostly',
    );
  if (whole === undefined) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  const timeoutMs = Number(ofTraces('TIMEOUT') ?? TIMEOUT_MS);
  if (!(timeoutMs > 0)) throw new Error('OTEL_EXPORTER_OTLP_TIMEOUT must be milliseconds, more than 0');
  const attributes = listOf('OTEL_RESOURCE_ATTRIBUTES', of('OTEL_RESOURCE_ATTRIBUTES'));
  return {
    url: url.href,
    headers: listOf('OTEL_EXPORTER_OTLP_HEADERS', ofTraces('HEADERS')),
    timeoutMs,
    resource: {
      ...attributes,
      'service.name': of('OTEL_SERVICE_NAME') ?? attributes['service.name'] ?? 'sluice',
    },
  };
}

/** `key=value,key=value`, percent-encoded (W3C baggage). */
function listOf(name: string, text = ''): Record<string, string> {
  const pairs = text.split(',').filter(part => part.trim() !== '');
  return Object.fromEntries(
    pairs.map(pair => {
      const [key = '', ...value] = pair.split('=');
      if (key.trim() === '' || value.length === 0)
        throw new Error(`${name} must be of the form key=value,key=value`);
      return [key.trim(), decoded(value.join('=').trim())];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
