/*
 * What is broken, in one sentence each, worst first. In: whether answers come, the service's own status, the clocks.
 * Out: notices; pure, so that every broken state is tested without breaking anything.
 */
import type { StatusAnswer } from './answers.ts';

export interface Health {
  /** undefined: nothing is known yet. */
  readonly reached: boolean | undefined;
  /** Seconds since the last answer. */
  readonly silentSeconds: number;
  readonly status: StatusAnswer | undefined;
  /** Servers' clock minus ours, seconds. */
  readonly skewSeconds: number;
  readonly metrics: number | undefined;
}

export interface Notice {
  readonly kind: 'bad' | 'warn';
  readonly title: string;
  readonly text: string;
}

/** Date headers are cut to seconds, so less than this says nothing. */
const SKEW_SECONDS = 3;
const SILENT_NODE_MS = 15_000;

export function noticesOf(health: Health): Notice[] {
  const { reached, status } = health;
  if (reached === false) {
    return [
      {
        kind: 'bad',
        title: 'The service does not answer.',
        text: `Last heard ${spanOf(health.silentSeconds)} ago. Nodes go on counting; this page tries again each second and goes on by itself.`,
      },
    ];
  }
  const notices: Notice[] = [];
  const bad = (title: string, text: string): void => {
    notices.push({ kind: 'bad', title, text });
  };
  const full = status?.bus?.reason?.startsWith('the broker takes no messages') === true;
  if (status?.connected === false) {
    bad(
      full
        ? `The message broker takes no messages: ${status.bus?.reason?.split(': ')[1] ?? ''}.`
        : 'The message broker is down.',
      'Nodes keep what they count for a minute and deliver it when the broker is back. Nothing needs to be done on this page.',
    );
  } else if (status !== undefined) {
    if (status.aggregators?.length === 0) {
      bad('No aggregator is online.', 'Questions cannot be answered until one is started.');
    }
    if (status.instrumenters?.length === 0 || (status.instrumenters === undefined && health.metrics === 0)) {
      bad(
        'No node is online.',
        'Start an instrumenter on each machine to be looked into; what it can measure appears here by itself.',
      );
    } else if (health.metrics === 0) {
      bad(
        'The nodes offer no metric.',
        'Their logs say which source of data is missing what; cactl summary shows it as well.',
      );
    }
    const { expected = 0, silent: away = 0, silentNodes = [] } = status.inventory ?? {};
    if (away > 0) {
      const more = away > 3 ? ` and ${away - 3} more` : '';
      notices.unshift({
        kind: 'bad',
        title: `${away} of ${expected} expected nodes ${away === 1 ? 'is' : 'are'} silent.`,
        text: `${silentNodes.slice(0, 3).join(', ')}${more}: everything below lacks them. cactl node list --silent names all.`,
      });
    }
    if (status.trouble !== undefined) {
      bad('The state cannot be saved.', `${status.trouble}. Nothing can be created or changed until it can.`);
    }
    const others = status.otherVersions ?? [];
    if (others.length > 0) {
      const names = others.slice(0, 3).map(({ host }) => host);
      const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
      notices.push({
        kind: 'warn',
        title: 'Services of another version take no part.',
        text: `${names.join(', ')}${more}: install the same version everywhere.`,
      });
    }
    const [rival] = status.rivals ?? [];
    if (rival !== undefined) {
      notices.push({
        kind: 'warn',
        title: 'Two machines claim one name.',
        text: `A second ${rival.key} was started on ${rival.machine}, and ended. Give it a name of its own (CA_HOST).`,
      });
    }
    if (status.bus?.sharedUser === true) {
      notices.push({
        kind: 'warn',
        title: 'All services share one user of the broker.',
        text: 'Whoever has its password can pass for any of them. docs/trust.md says how to give each its own.',
      });
    }
    const silent = (status.instrumenters ?? []).filter(({ silentMs = 0 }) => silentMs > SILENT_NODE_MS);
    if (silent.length > 0) {
      const names = silent.slice(0, 3).map(({ host }) => host);
      const more = silent.length > 3 ? ` and ${silent.length - 3} more` : '';
      notices.push({
        kind: 'warn',
        title: silent.length === 1 ? 'A node is silent.' : `${silent.length} nodes are silent.`,
        text: `${names.join(', ')}${more}: the seconds they miss are marked under each picture.`,
      });
    }
  }
  if (Math.abs(health.skewSeconds) > SKEW_SECONDS) {
    const side = health.skewSeconds > 0 ? 'behind' : 'ahead of';
    notices.push({
      kind: 'warn',
      title: `This device's clock is ${spanOf(Math.abs(health.skewSeconds))} ${side} the servers'.`,
      text: "Times on this page are the servers'.",
    });
  }
  return notices;
}

function spanOf(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 90) return `${whole} s`;
  if (whole < 5400) return `${Math.round(whole / 60)} min`;
  return `${Math.round(whole / 3600)} h`;
}
