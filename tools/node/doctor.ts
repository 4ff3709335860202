/* `cloud-analytics doctor`: what this machine can gather, and what prevents it from being a node. */
import type { Command } from '../cli/command';
import { EXIT } from '../cli/options';
import { sessionSettings } from './join';

export const doctor: Command = {
  name: 'doctor',
  about: 'what this machine can gather, and what is missing',
  details: [
    'Opens each source as the instrumenter does and says how many metrics it offers and what others lack; asks the front door and ' +
      'the brokers of the settings; and looks at the clock and the unit. It changes nothing. Run it as root: settings are root’s, and ' +
      'the kernel shows less to others.',
    'Exits with 1 when something is wrong.',
  ],
  arguments: [],
  options: [],
  examples: [{ line: 'sudo cloud-analytics doctor', about: 'After joining, or when this node is silent.' }],
  async run({ options, session }) {
    const { examine, examinationLines } = await import('./examine.js');
    const found = await examine(sessionSettings(options), session.io.env);
    const ok = found.checks.every((check) => check.ok) && found.sources.some(({ metrics }) => metrics > 0);
    if (session.json) session.printJson({ ok, ...found });
    else session.print(examinationLines(found));
    return ok ? EXIT.ok : EXIT.wrong;
  },
};
