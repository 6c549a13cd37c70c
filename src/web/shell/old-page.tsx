import { useEffect, useRef } from 'preact/hooks';
import { client, onChange } from '../live/live.ts';
import type { Opener, OpenPage } from '../old/opener.ts';
import { wordsOf } from '../parts/toasts.tsx';

const REFRESH_MS = 2_000;

/** A page that is not made of components yet, in the new frame: asked anew every two seconds, as it always was. */
export function OldPage({ open, params }: { readonly open: Opener; readonly params: URLSearchParams }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const root = document.createElement('div');
    place.current?.replaceChildren(root);
    let isClosed = false;
    let isAsking = false;
    let isWanted = false;
    let opened: OpenPage | undefined;
    const refresh = async (): Promise<void> => {
      isWanted = true;
      if (isAsking) return;
      isAsking = true;
      try {
        while (isWanted && !isClosed) {
          isWanted = false;
          await opened?.refresh(client.getStatus());
        }
      } catch (error) {
        // What the frame says of a station that is away or locked is enough; anything else is a fault of the page.
        if (
          wordsOf(error) !== 'the station does not answer' &&
          !(error instanceof Error && 'status' in error)
        )
          console.error(error);
      } finally {
        isAsking = false;
      }
    };
    opened = open(root, params, () => void refresh());
    void refresh();
    const timer = setInterval(() => {
      if (!document.hidden) void refresh();
    }, REFRESH_MS);
    const off = onChange([], () => void refresh());
    return () => {
      isClosed = true;
      clearInterval(timer);
      off();
      opened?.close?.();
    };
  }, [open, params]);
  return <div ref={place} />;
}
