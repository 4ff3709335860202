/* Options that every command of cactl and amqpsnoop takes: which deployment to use, how long to wait, how to print. */
import type { Option } from './command';

export const COMMON: readonly Option[] = [
  { name: 'output', short: 'o', value: 'FORM', about: 'text (default) or json', complete: ['text', 'json'] },
  { name: 'timeout', short: 't', value: 'TIME', about: 'how long to wait for an answer (default 3s)' },
  {
    name: 'context',
    value: 'NAME',
    about: 'which deployment of the config file is meant',
    complete: 'context',
  },
  { name: 'url', value: 'URL', about: 'front door of the deployment (CA_URL)' },
  { name: 'amqp-url', value: 'URL', about: 'its broker (CA_AMQP_URL)' },
  { name: 'prefix', value: 'TEXT', about: 'prefix of its routing keys (CA_AMQP_PREFIX)' },
  {
    name: 'token',
    value: 'TOKEN',
    about: 'sent to the front door (CA_TOKEN; safer there than in a command line)',
  },
  {
    name: 'ca',
    value: 'FILE',
    about: 'certificates to trust over HTTPS besides the system’s (CA_TLS_CA)',
    complete: 'file',
  },
  { name: 'insecure', about: 'over HTTPS, believe whoever answers (warns)' },
  { name: 'customer', value: 'ID', about: 'the instrumentations of this customer (CA_CUSTOMER)' },
  {
    name: 'config',
    value: 'FILE',
    about: 'config file (CA_CONFIG; default ~/.config/cactl/config.yaml)',
    complete: 'file',
  },
  {
    name: 'color',
    value: 'WHEN',
    about: 'auto (default), always or never; NO_COLOR is honoured',
    complete: ['auto', 'always', 'never'],
  },
  { name: 'width', value: 'COLUMNS', about: 'width of the screen, where it is not known' },
  { name: 'help', short: 'h', about: 'help on a command' },
  { name: 'version', about: 'the version' },
];
