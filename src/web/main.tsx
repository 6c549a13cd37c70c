import './styles/main.css';
import { render } from 'preact';
import { start } from './live/live.ts';
import { App } from './shell/app.tsx';
import { watchForUpdates } from './shell/updates.ts';

start();
watchForUpdates();
render(<App />, document.body);
