/* The commands of cactl: a written-out list, in the order of the help. What is not here does not exist. */
import { AMQPSNOOP } from '../amqpsnoop/program';
import type { Program } from '../cli/command';
import { COMMON } from '../cli/common-options';
import { NODE_PROGRAM } from '../node/program';
import { abort } from './commands/abort';
import { aggregator } from './commands/aggregator';
import { apply } from './commands/apply';
import { boards } from './commands/boards';
import { brokerUser } from './commands/broker-user';
import { change } from './commands/change';
import { clone } from './commands/clone';
import { completer, completion } from './commands/completion';
import { context } from './commands/context';
import { create } from './commands/create';
import { remove } from './commands/delete';
import { dump } from './commands/dump';
import { enroll } from './commands/enroll';
import { explain } from './commands/explain';
import { heatmap } from './commands/heatmap';
import { list } from './commands/list';
import { man } from './commands/man';
import { metrics } from './commands/metrics';
import { log } from './commands/log';
import { node } from './commands/node';
import { ping } from './commands/ping';
import { show } from './commands/show';
import { special } from './commands/special';
import { status } from './commands/status';
import { summary } from './commands/summary';
import { top } from './commands/top';
import { value } from './commands/value';
import { watch } from './commands/watch';

export const CACTL: Program = {
  name: 'cactl',
  about: 'asks and tends a Cloud Analytics deployment',
  details: [
    'cactl creates, reads and deletes instrumentations over HTTP, and asks services for their state over the message ' +
      'broker, which works when HTTP is down.',
    'The deployment is found, for each of its facts by itself, from: an option; the environment (CA_URL, CA_AMQP_URL, ' +
      'CA_AMQP_PREFIX, CA_TOKEN, CA_CUSTOMER); the context named with --context or CA_CONTEXT; the file connection.json ' +
      'in CA_HOME when that is set; the current context of the config file; .run/connection.json here, which "make run" ' +
      'writes; and port 23181 of this machine.',
  ],
  options: COMMON,
  commands: [
    summary,
    ping,
    log,
    status,
    dump,
    abort,
    metrics,
    create,
    list,
    show,
    watch,
    top,
    special,
    value,
    heatmap,
    change,
    clone,
    explain,
    apply,
    boards,
    remove,
    enroll,
    node,
    aggregator,
    brokerUser,
    context,
    completion,
    man(() => [CACTL, AMQPSNOOP, NODE_PROGRAM]),
    completer(() => CACTL),
  ],
};
