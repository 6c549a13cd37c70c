import type { Span } from '../../base/spans.ts';

/** Ids of a trace (16 bytes) and of a span (8 bytes), in hexadecimal. */
export interface SpanIds {
  trace(): string;
  span(): string;
}

/** Who spans are from. */
export interface SpanOrigin {
  readonly resource: Readonly<Record<string, string>>;
  readonly version: string;
}

/** SpanKind of opentelemetry/proto/trace/v1/trace.proto. */
const KIND_INTERNAL = 1;
/** Status.StatusCode, as above. */
const STATUS_ERROR = 2;

/**
 * Spans as the body of a request to `/v1/traces`: ExportTraceServiceRequest in OTLP's JSON. Each piece of work is a trace
 * of its own, its steps are children of its span. Pure but for the ids.
 */
export function traceRequest(
  spans: readonly Span[],
  { resource, version }: SpanOrigin,
  ids: SpanIds,
): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [
          { scope: { name: 'sluice', version }, spans: spans.flatMap(span => spansOf(span, ids)) },
        ],
      },
    ],
  };
}

function spansOf({ name, startMs, endMs, attributes, error, steps = [] }: Span, ids: SpanIds): object[] {
  const traceId = ids.trace();
  const spanId = ids.span();
  const all = error === undefined ? attributes : { ...attributes, 'error.type': error.code };
  const whole = {
    traceId,
    spanId,
    name,
    kind: KIND_INTERNAL,
    ...timesOf(startMs, endMs),
    attributes: attributesOf(all),
    status: error && { code: STATUS_ERROR, message: error.message },
  };
  const children = steps.map(step => ({
    traceId,
    spanId: ids.span(),
    parentSpanId: spanId,
    name: step.name,
    kind: KIND_INTERNAL,
    ...timesOf(step.startMs, step.endMs),
    attributes: [],
  }));
  return [whole, ...children];
}

/** 64-bit numbers are strings in protobuf's JSON. Times are known to a microsecond at best. */
function timesOf(startMs: number, endMs: number): { startTimeUnixNano: string; endTimeUnixNano: string } {
  const nanoseconds = (ms: number): string => `${Math.round(ms * 1000)}000`;
  return { startTimeUnixNano: nanoseconds(startMs), endTimeUnixNano: nanoseconds(Math.max(startMs, endMs)) };
}

function attributesOf(attributes: Span['attributes']): object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  );
}

function anyValue(value: string | number | boolean): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'string') return { stringValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
