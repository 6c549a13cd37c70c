// The page that describes the API.
import { h, render } from 'preact';
import { ApiPage } from './pages/api.tsx';

render(h(ApiPage, {}), document.getElementById('main') ?? document.body);
