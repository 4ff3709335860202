/* The kernel’s verifier accepts whatever the compiler makes of a question. Needs root. `make fuzz` asks 10,000. */
import fc from 'fast-check';
import { isNumeric as isNumericType } from '../../../../../common/model/field';
import { LIMITS } from '../../../../../common/service/limits';
import { ALWAYS, type Predicate } from '../../../../../common/model/predicate/predicate';
import { FIELDS, type FieldName } from '../../../metrics/language/fields';
import { Kernel } from '../kernel/kernel';
import { randomQuestions } from '../testing/random-questions';
import { ARCHITECTURE, instrumentation, is, isLookedUp, onRealKernel } from '../testing/real-kernel';
import { Verifier } from '../testing/verifier';

/** `make fuzz`: 10,000. */
const RANDOM_QUESTIONS = Number(process.env['CA_FUZZ_RUNS'] ?? 150);

const isNumeric = (field: string): boolean => isNumericType(FIELDS[field as FieldName].type);

onRealKernel('the verifier', (kernel) => {
  test('the verifier accepts each field of each metric, alone and with another, with and without a predicate', async () => {
    const verifier = new Verifier(new Kernel(ARCHITECTURE));
    for (const offer of kernel.source.offers()) {
      if (!('fields' in offer)) continue;
      const discrete = offer.fields.filter((f) => FIELDS[f as FieldName].type === 'string');
      const numeric = offer.fields.filter((f) => FIELDS[f as FieldName].type !== 'string');
      const long: Predicate = {
        kind: 'or',
        members: [
          ...discrete.filter((field) => !isLookedUp(offer.metric, field)).map((field) => is(field, '1')),
          ...numeric.map((field): Predicate => ({ kind: 'compare', op: 'gt', field, constant: 1e12 })),
        ],
      };
      const breakdowns = [
        [],
        ...discrete.map((d) => [d]),
        ...numeric.map((n) => [n]),
        ...discrete.flatMap((d, i) => (numeric.length === 0 ? [] : [[d, numeric[i % numeric.length]!]])),
      ];
      for (const [i, breakdown] of breakdowns.entries()) {
        const predicate = i % 2 === 0 ? ALWAYS : long;
        verifier.check(kernel.source.compile(instrumentation(offer.metric, breakdown, predicate)));
      }
      // The kernel attaches it, too.
      const probe = await kernel.enable(offer.metric, []);
      expect(probe.listing()).toContain('exit');
      probe.close();
    }
    verifier.close();
  }, 60_000);

  test(
    'the verifier accepts every question made at random: any metric, breakdown and predicate',
    () => {
      const verifier = new Verifier(new Kernel(ARCHITECTURE));
      const began = performance.now();
      fc.assert(
        fc.property(randomQuestions(kernel.source.offers()), (question) => {
          verifier.check(kernel.source.compile(question));
        }),
        { seed: 20111108, numRuns: RANDOM_QUESTIONS },
      );
      verifier.close();
      if (RANDOM_QUESTIONS > 1000) {
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        process.stderr.write(`${RANDOM_QUESTIONS} questions were accepted in ${seconds} s\n`);
      }
    },
    60_000 + 100 * RANDOM_QUESTIONS,
  );

  test('the verifier accepts the longest predicates that the API takes, over any field', () => {
    const verifier = new Verifier(new Kernel(ARCHITECTURE));
    const text = 'x'.repeat(79);
    for (const offer of kernel.source.offers()) {
      if (!('fields' in offer)) continue;
      const fields = offer.fields.filter((field) => !isLookedUp(offer.metric, field));
      const all = fields.map((field): Predicate =>
        isNumeric(field) ? { kind: 'compare', op: 'gt', field, constant: 1e12 + 1 } : is(field, text),
      );
      // In a row, and in groups each of which begins anew: what one member computes, the next cannot rely on.
      const row = Array.from({ length: LIMITS.predicateNodes - 1 }, (_, i) => all[i % all.length]!);
      const groups = Array.from({ length: Math.floor(row.length / 6) }, (_, i): Predicate => ({
        kind: 'and',
        members: row.slice(5 * i, 5 * i + 5),
      }));
      for (const members of [row, groups]) {
        const predicate: Predicate = { kind: 'or', members };
        verifier.check(kernel.source.compile(instrumentation(offer.metric, fields.slice(1, 2), predicate)));
      }
    }
    verifier.close();
  }, 60_000);
});
