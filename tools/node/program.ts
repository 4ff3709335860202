/* `cloud-analytics`: makes this machine a node of a fleet, and checks whether it can be one. */
import type { Program } from '../cli/command';
import { doctor } from './doctor';
import { join } from './join';

export const NODE_PROGRAM: Program = {
  name: 'cloud-analytics',
  about: 'makes this machine a node of a Cloud Analytics fleet',
  details: [
    'join asks the front door of a fleet for a credential of this machine’s own, writes the settings of the instrumenter, which ' +
      'counts here, and starts it. doctor says at any time what this machine can gather and what is missing.',
  ],
  options: [
    {
      name: 'output',
      short: 'o',
      value: 'FORM',
      about: 'text (default) or json',
      complete: ['text', 'json'],
    },
    {
      name: 'etc',
      value: 'FOLDER',
      about: 'where settings are (default: /etc/cloud-analytics, or etc of the installation)',
    },
    { name: 'width', value: 'COLUMNS', about: 'width of the screen, where it is not known' },
    { name: 'help', short: 'h', about: 'help on a command' },
    { name: 'version', about: 'the version' },
  ],
  commands: [join, doctor],
};
