import { LossReport } from './loss-report';

test('says why at once, then with the counts of each whole minute, and no more after a minute without', () => {
  const report = new LossReport();
  expect(report.sentence(100)).toBeUndefined();
  report.add({ missed: 2, keys: 350, zone: 0 });
  const first =
    /^events are lost: 350, because there were more different keys [^;]*; 2, because they happened where [^;]*$/;
  expect(report.sentence(101)).toMatch(first);
  report.add({ keys: 50 });
  // Reporting it would be a message from every node each second.
  expect(report.sentence(160)).toMatch(first);
  expect(report.sentence(161)).toMatch(/^within 60 s events were lost: 400, because .*; 2, because /);
  report.add({ unsent: 7 });
  expect(report.sentence(221)).toMatch(
    /^within 60 s events were lost: 7, because the broker was away [^;]*$/,
  );
  expect(report.sentence(280)).toContain('7, because');
  expect(report.sentence(281)).toBeUndefined();
  report.add({ uneven: 1 });
  expect(report.sentence(282)).toMatch(/^events are lost: 1, because this node stood still/);
});
