// The frame of the pages: which one is open, and what stands around it.
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { connection, isOld } from '../live/live.ts';
import { Bounded } from '../parts/panel.tsx';
import { Toasts, wordsOf } from '../parts/toasts.tsx';
import { route, visits } from '../router/router.ts';
import { Banner } from './banner.tsx';
import { Header } from './header.tsx';
import { Palette } from './palette.tsx';
import { type PageProps, PLACES } from './places.ts';
import { SignIn } from './sign-in.tsx';
import { UnknownPage } from './unknown-page.tsx';

export function App() {
  const { name, params } = route.value;
  const main = useRef<HTMLElement>(null);
  const isLocked = connection.value === 'locked';
  useEffect(() => {
    const title = PLACES[name]?.title ?? 'No such page';
    document.title = name === '' ? 'sluice' : `${title} · sluice`;
  }, [name]);
  useEffect(() => {
    if (visits.value === 0) return;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [visits.value]);
  return (
    <>
      <a class="skip" href="#main">
        To the page
      </a>
      <Header />
      <Banner />
      <main id="main" tabIndex={-1} ref={main} class={isOld.value ? 'is-old' : ''}>
        {isLocked ? <SignIn /> : <Page key={name} name={name} params={params} />}
      </main>
      <Toasts />
      <Palette />
    </>
  );
}

type Loaded = { readonly page: ComponentType<PageProps> } | { readonly error: Error };

function Page({ name, params }: PageProps & { readonly name: string }) {
  const place = Object.hasOwn(PLACES, name) ? PLACES[name] : undefined;
  const [loaded, setLoaded] = useState<Loaded>();
  const isAway = connection.value === 'away';
  // What could not be loaded since the station was away is, once it is back.
  useEffect(() => {
    if (loaded && 'page' in loaded) return;
    let isWanted = true;
    place?.page().then(
      page => isWanted && setLoaded({ page }),
      error => isWanted && setLoaded({ error }),
    );
    return () => {
      isWanted = false;
    };
  }, [isAway]);
  if (!place) return <UnknownPage name={name} />;
  if (!loaded) return null;
  if ('error' in loaded)
    return (
      <p class="panel">
        This page could not be loaded: {wordsOf(loaded.error)}.{' '}
        <button type="button" class="small" onClick={() => location.reload()}>
          Load it again
        </button>
      </p>
    );
  return (
    <div class={`page ${name || 'now'}`}>
      <Bounded>
        <loaded.page params={params} />
      </Bounded>
    </div>
  );
}
