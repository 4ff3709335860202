/*
 * Which container or service a process belongs to. In: the path of its cgroup, as in /proc/<pid>/cgroup or below the
 * cgroup mount. Out: the field zonename. The outermost container counts, not those nested in it; where
 * there is none, the outermost service.
 *
 * Containers are named by the 12 digits that `docker ps`, `crictl ps` and `podman ps` show.
 */
import { nameFromBytes } from '../../../common/model/name';

/** Everything in no container and no service: users' sessions, kernel threads, init. */
export const GLOBAL = 'global';

const SHORT_ID = 12;

/** docker-<id>.scope, cri-containerd-<id>.scope, crio-<id>.scope, libpod-<id>.scope, nerdctl-<id>.scope, or <id> alone. */
const CONTAINER = /^(?:(?:docker|cri-containerd|crio|libpod|nerdctl|buildkit)-)?([0-9a-f]{64})(?:\.scope)?$/;
/** lxc.payload.<name>, and older: lxc/<name>. */
const LXC = /^lxc\.payload\.([^]+)$/;
/** machine-<name>.scope: systemd-nspawn, libvirt. */
const MACHINE = /^machine-([^]+)\.scope$/;
/** A service, or a scope of systemd-run. */
const SERVICE = /^([^]+\.service|run-[^]+\.scope)$/;

/** A path as bytes; or as text, if users cannot choose its names. */
export function zoneOfCgroup(path: string | Buffer): string {
  const parts = Buffer.from(path)
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '');
  const zones = (of: (part: string, parent?: string) => string | undefined): string | undefined =>
    parts.map((part, i) => of(part, parts[i - 1])).find((zone) => zone !== undefined);
  // Services run containers too: that of a user's manager, an engine with its own cgroup.
  return zones(containerOfPart) ?? zones(unitOfPart) ?? GLOBAL;
}

/** The zone of a process, from its /proc/<pid>/cgroup: the hierarchies of version 1 need not agree; one with a zone is enough. */
export function zoneOfProcess(cgroups: string): string {
  for (const line of cgroups.split('\n')) {
    // "4:memory:/path", "0::/path"; a path may hold colons.
    const zone = zoneOfCgroup(line.replace(/^[^:]*:[^:]*:/, ''));
    if (zone !== GLOBAL) return zone;
  }
  return GLOBAL;
}

function containerOfPart(part: string, parent: string | undefined): string | undefined {
  const id = CONTAINER.exec(part)?.[1];
  if (id !== undefined) return id.slice(0, SHORT_ID);
  if (parent === 'lxc') return nameOfUnit(part);
  const name = LXC.exec(part)?.[1] ?? MACHINE.exec(part)?.[1];
  return name === undefined ? undefined : nameOfUnit(name);
}

function unitOfPart(part: string): string | undefined {
  const name = SERVICE.exec(part)?.[1];
  return name === undefined ? undefined : nameOfUnit(name);
}

/** systemd writes bytes that a unit's name may not have as \xHH: "a-b" in a scope's name is "a\x2db". */
function nameOfUnit(bytes: string): string {
  const whole = bytes.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return nameFromBytes(Buffer.from(whole, 'latin1'));
}
