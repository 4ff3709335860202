/*
 * The predicate builder: rows of field, comparison, value, in groups joined by "all" or "any". In: the fields of a
 * metric. Out: edits of the tree (predicate-form.ts), told to its owner, who shows the readable form.
 */
import type { Catalogue } from '../model/answers.ts';
import type { Comparison } from '../../../../common/model/predicate/predicate-tree.ts';
import { icon } from '../ui/icons.ts';
import { button, h, select } from '../ui/dom.ts';
import {
  COMPARISONS,
  emptyGroup,
  exampleOf,
  isNumericField,
  typeOfField,
  type Condition,
  type Group,
} from '../model/predicate-form.ts';
import { fieldLabel } from '../model/question.ts';

/** Values offered for a condition; typing finds the others. */
const PROPOSED = 200;
let lists = 0;

type Compare = Extract<Condition, { kind: 'compare' }>;

const SYMBOL_NAMES: Readonly<Record<Comparison, string>> = {
  eq: 'is',
  ne: 'is not',
  lt: 'below',
  le: 'at most',
  gt: 'above',
  ge: 'at least',
};

export function predicateEditor(
  catalogue: Catalogue,
  fields: readonly string[],
  root: Group,
  changed: () => void,
  valuesOf: (field: string) => readonly string[],
): HTMLElement {
  const element = h('div', { class: 'predicate' });
  const redraw = (): void => {
    element.replaceChildren(drawGroup(root, undefined));
    changed();
  };

  const newRow = (): Compare => {
    const field = fields.find((f) => isNumericField(catalogue, f)) ?? fields[0] ?? '';
    return { kind: 'compare', field, op: isNumericField(catalogue, field) ? 'ge' : 'eq', text: '' };
  };

  const drawGroup = (group: Group, remove: (() => void) | undefined): HTMLElement => {
    const rows = group.members.map((member) => {
      const drop = (): void => {
        group.members.splice(group.members.indexOf(member), 1);
        redraw();
      };
      return member.kind === 'group' ? drawGroup(member, drop) : drawRow(member, drop);
    });
    const join = select(
      'How the conditions are joined',
      [
        ['and', 'all of these hold'],
        ['or', 'any of these holds'],
      ],
      group.join,
      (value) => {
        group.join = value;
        changed();
      },
    );
    const add = (condition: Condition): void => {
      group.members.push(condition);
      redraw();
      // The new row's last field is where typing goes on.
      [...element.querySelectorAll<HTMLElement>('.condition input')].at(-1)?.focus();
    };
    return h(
      'div',
      { class: 'group' },
      group.members.length > 1 && h('div', { class: 'join' }, 'Count events for which ', join),
      ...rows,
      h(
        'div',
        { class: 'group-actions' },
        button('+ condition', () => {
          add(newRow());
        }),
        group.members.length > 0 &&
          button('+ group', () => {
            add({ ...emptyGroup(), join: group.join === 'and' ? 'or' : 'and', members: [newRow()] });
          }),
        remove !== undefined && button('remove group', remove),
      ),
    );
  };

  const drawRow = (row: Compare, drop: () => void): HTMLElement => {
    const numeric = isNumericField(catalogue, row.field);
    const ops = (Object.keys(COMPARISONS) as Comparison[]).filter(
      (op) => numeric || op === 'eq' || op === 'ne',
    );
    // Proposed when the field is entered: what is on the screen then.
    const known = h('datalist', { attrs: { id: `values-${(lists++).toString(36)}` } });
    const value = h('input', {
      attrs: {
        list: numeric ? undefined : known.id,
        type: 'text',
        value: row.text,
        'aria-label': `Value for ${fieldLabel(catalogue, row.field)}`,
        placeholder: numeric ? exampleOf(typeOfField(catalogue, row.field)) : 'text',
        autocomplete: 'off',
        spellcheck: 'false',
      },
      on: {
        focus: () => {
          const values = numeric ? [] : valuesOf(row.field).slice(0, PROPOSED);
          known.replaceChildren(...values.map((text) => h('option', { attrs: { value: text } })));
        },
        input: () => {
          row.text = value.value;
          changed();
        },
      },
    });
    return h(
      'div',
      { class: 'condition' },
      select(
        'Field',
        fields.map((f) => [f, fieldLabel(catalogue, f)] as const),
        row.field,
        (field) => {
          if (isNumericField(catalogue, field) !== numeric) row.text = '';
          row.field = field;
          if (!isNumericField(catalogue, field) && row.op !== 'ne') row.op = 'eq';
          redraw();
        },
      ),
      select(
        'Comparison',
        ops.map((op) => [op, SYMBOL_NAMES[op]] as const),
        row.op,
        (op) => {
          row.op = op;
          changed();
        },
      ),
      value,
      known,
      button(icon('close'), drop, { class: 'icon', attrs: { 'aria-label': 'Remove this condition' } }),
    );
  };

  element.replaceChildren(drawGroup(root, undefined));
  return element;
}
