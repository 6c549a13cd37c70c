import { LOG_LEVELS } from '../../base/log.ts';
import { choice, section } from '../fields.ts';

export const log = section('What is written to standard error.', {
  level: choice(LOG_LEVELS, {
    default: 'info',
    description: 'The least important messages that are still written.',
  }),
});
