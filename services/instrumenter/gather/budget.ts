/*
 * How much all kernel programs of a node may cost. In: the setting, and how many CPUs there are. Out: percent of one core.
 * The machine's own size decides: one percent of 64 cores is more than half a core, and of one core nothing could be counted.
 */

/** Percent of the machine by default (CA_PROBE_BUDGET changes it), but at least this share of a core. */
const OF_MACHINE = 1;
const OF_CORE_AT_LEAST = 5;

export interface Budget {
  /** Percent of one core. */
  readonly ofCore: number;
  readonly cpus: number;
}

/** `setting`: percent of the machine. */
export function budgetOf(setting: number | undefined, cpus: number): Budget {
  const ofCore = setting === undefined ? Math.max(OF_MACHINE * cpus, OF_CORE_AT_LEAST) : setting * cpus;
  return { ofCore, cpus };
}

/** For people: "5 % of a core (of 2)". */
export function budgetText({ ofCore, cpus }: Budget): string {
  return `${short(ofCore)} % of a core${cpus === 1 ? '' : ` (of ${cpus})`}`;
}

/** The setting that would allow this cost with 50 % to spare, in percent of the machine. */
export function settingFor(percentOfCore: number, { cpus }: Budget): string {
  const wanted = (1.5 * percentOfCore) / cpus;
  return short(wanted < 10 ? Math.ceil(10 * wanted) / 10 : Math.ceil(wanted));
}

function short(percent: number): string {
  return String(Number(percent.toPrecision(3)));
}
