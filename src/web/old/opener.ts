/** An open page that is not made of components yet. It is handed the station's status, which is on its way. */
export interface OpenPage {
  // biome-ignore lint/suspicious/noExplicitAny: these pages have no types
  refresh(asked: Promise<any>): Promise<void>;
  close?(): void;
}

export type Opener = (root: HTMLElement, params: URLSearchParams, refresh: () => void) => OpenPage;
