export interface EchoProtocol {
  readonly requests: {
    readonly greet: { readonly request: string; readonly reply: string };
    readonly whoAmI: { readonly request: undefined; readonly reply: number };
    readonly count: { readonly request: number; readonly reply: number; readonly progress: number };
    readonly untilAborted: { readonly request: undefined; readonly reply: undefined };
    readonly fail: { readonly request: string; readonly reply: undefined };
    readonly length: { readonly request: Uint8Array; readonly reply: number };
    readonly makeBytes: { readonly request: number; readonly reply: number; readonly progress: Uint8Array };
    readonly crash: { readonly request: 'exit' | 'throw'; readonly reply: undefined };
    readonly fill: { readonly request: undefined; readonly reply: undefined };
    readonly spin: { readonly request: undefined; readonly reply: undefined };
    /** Ends once `goOn` comes; replied to with whether whoever asked still holds its lease. */
    readonly isHeld: { readonly request: undefined; readonly reply: boolean; readonly progress: 'begun' };
    readonly goOn: { readonly request: undefined; readonly reply: undefined };
    readonly unclonable: { readonly request: undefined; readonly reply: unknown };
  };
  readonly event: string;
}
