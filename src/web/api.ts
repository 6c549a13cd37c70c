// The page that describes the API.
import './old/api-page.js';
