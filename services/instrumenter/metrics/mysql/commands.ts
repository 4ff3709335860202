/* mysql.commands: each command that a MySQL server has done for a client. */
import { DURATIONS, ILLUMOS_PROGRAM, span, STARTS } from '../language/clause';
import type { MetricDescription } from '../language/description';
import { PROCESS_FIELDS } from '../language/fields';
import { named } from '../language/observation';
import { commands } from './mariadb';
import { tableOfNames } from '../language/names';

/** enum_server_command of the server's mysql_com.h. */
const COMMANDS = tableOfNames(
  `sleep quit init_db query field_list create_db drop_db refresh shutdown statistics process_info connect
  process_kill debug ping time delayed_insert change_user binlog_dump table_dump connect_out register_slave
  stmt_prepare stmt_execute stmt_send_long_data stmt_close stmt_reset set_option stmt_fetch daemon`
    .split(/\s+/)
    .map((name, number) => [name, number] as const),
);

export const mysqlCommands: MetricDescription = {
  module: 'mysql',
  stat: 'commands',
  label: 'commands',
  question: 'What do clients ask of the database, and how long does it take?',
  synonyms: ['mysql', 'mariadb', 'sql', 'database', 'slow'],
  unit: 'commands',
  interval: 'interval',
  fields: [...PROCESS_FIELDS, 'command', 'user', 'client', 'status', 'latency', 'cputime', 'subsecond'],
  bpf: commands((number) => named(number, COMMANDS)),
  dtrace: {
    illumos: span({
      from: ['mysql*:::command-start'],
      to: ['mysql*:::command-done'],
      by: 'thread',
      // Connection, command, user, host.
      keep: { ...STARTS, command: 'arg1', user: 'copyinstr(arg2)', client: 'copyinstr(arg3)' },
      fields: {
        ...ILLUMOS_PROGRAM,
        command: { integer: '{command}', names: COMMANDS },
        user: '{user}',
        client: '{client}',
        status: { integer: 'arg0' },
        ...DURATIONS,
      },
    }),
  },
};
