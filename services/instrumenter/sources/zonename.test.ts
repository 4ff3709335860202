import { GLOBAL, zoneOfCgroup, zoneOfProcess } from './zonename';

const ID = 'abcdef0123456789'.repeat(4);

test.each([
  ['docker with systemd', `/system.slice/docker-${ID}.scope`, 'abcdef012345'],
  ['docker with cgroupfs', `/docker/${ID}`, 'abcdef012345'],
  ['rootless docker', `/user.slice/user-1000.slice/docker-${ID}.scope`, 'abcdef012345'],
  ['what a container starts inside itself', `/docker/${ID}/system.slice/nginx.service`, 'abcdef012345'],
  [
    'containerd of Kubernetes',
    `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`,
    'abcdef012345',
  ],
  ['Kubernetes with cgroupfs', `/kubepods/burstable/pod1234/${ID}`, 'abcdef012345'],
  ['containerd alone', `/default/${ID}`, 'abcdef012345'],
  ['CRI-O', `/kubepods.slice/crio-${ID}.scope`, 'abcdef012345'],
  ['podman', `/machine.slice/libpod-${ID}.scope/container`, 'abcdef012345'],
  ['LXC', '/lxc.payload.web/init.scope', 'web'],
  ['older LXC', '/lxc/web', 'web'],
  ['systemd-nspawn', '/machine.slice/machine-deb\\x2dian.scope/payload', 'deb-ian'],
  ['bytes that are no letters', '/machine.slice/machine-\u00e9\\x2d"\\xff,.scope', '\u00e9-"\\xff,'],
  ['a service', '/system.slice/nginx.service', 'nginx.service'],
  [
    'an instance of a service',
    '/system.slice/system-postgresql.slice/postgresql@15-main.service',
    'postgresql@15-main.service',
  ],
  ['the supervisor of a container', `/machine.slice/libpod-conmon-${ID}.scope`, GLOBAL],
  [
    'rootless podman',
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
    'abcdef012345',
  ],
  ['an engine in a service', `/system.slice/docker.service/docker/${ID}`, 'abcdef012345'],
  ['LXC in a scope', '/user.slice/user-1000.slice/run-r12ab.scope/lxc.payload.web/init', 'web'],
  ['what systemd-run started', '/system.slice/run-r12ab.scope', 'run-r12ab.scope'],
  ['a container in a container', `/docker/${ID}/docker/${'f'.repeat(64)}`, 'abcdef012345'],
  ['a session', '/user.slice/user-1000.slice/session-3.scope', GLOBAL],
  ['init', '/init.scope', GLOBAL],
  ['the root', '/', GLOBAL],
  ['nothing', '', GLOBAL],
  ['a cgroup of somebody else', '/process/bddc439e50f7e9bd9a06da92be8bcf1f', GLOBAL],
])('%s', (_what, path, zone) => {
  expect(zoneOfCgroup(path)).toBe(zone);
});

test("a service of a user belongs to that user's manager, which the host runs", () => {
  const path = '/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service';
  expect(zoneOfCgroup(path)).toBe('user@1000.service');
});

test('one hierarchy that knows the container will do', () => {
  expect(zoneOfProcess(`2:cpu:/\n1:name=systemd:/docker/${ID}\n0::/\n`)).toBe('abcdef012345');
  expect(zoneOfProcess('0::/system.slice/a:b.service\n')).toBe('a:b.service');
  expect(zoneOfProcess('')).toBe(GLOBAL);
});
