/*
 * What programs read of the running task without a call. In: nodes. Out: whether the kernel's verifier can follow them.
 * From Linux 5.11 on it knows that the task is a task_struct, and turns a load from it into one that yields 0 where memory
 * cannot be read: a tenth of the cost of the helper that copies. Found out in kernel/typed-task.ts.
 */
import type { Node, TextNode } from './node';

/** Pointers to tasks: members that the verifier follows, and never takes for null. */
const TO_TASKS = ['group_leader', 'real_parent'];
/** The largest offset of a load. */
const OFFSET_MAX = 0x7fff;

/** A pointer to a task that the verifier knows as such. */
function isTask(node: Node): boolean {
  if (node.kind === 'call') return node.helper === 'task';
  return node.kind === 'read' && TO_TASKS.includes(node.name) && isOfTask(node);
}

/** A number in a task, or a pointer to another. Other pointers would get a type, too, and could not be calculated with. */
export function isOfTask(node: Node & { kind: 'read' }): boolean {
  const { memory, from, offset, bytes, name } = node;
  return (
    memory === undefined && isTask(from) && offset <= OFFSET_MAX && (bytes < 8 || TO_TASKS.includes(name))
  );
}

/** The name of a task: whole words, which end with a zero. */
export function isNameOfTask(node: TextNode & { kind: 'readText' }): boolean {
  const { memory, from, offset, bytes, limit, name } = node;
  return (
    memory === undefined && isTask(from) && offset <= OFFSET_MAX - bytes && name === 'comm' && limit === bytes
  );
}
