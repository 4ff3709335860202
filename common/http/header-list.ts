/*
 * Header fields that are lists, parsed in linear time. In: a field's text. Out: its entries.
 * No regular expression trims blanks here: it would be quadratic in a run of blanks, whose length the client chooses.
 */

interface Entry {
  /** In lower case. */
  readonly name: string;
  /** `q=0` and other parameters, in lower case, without blanks around them. */
  readonly parameters: readonly string[];
}

/** Entries of Accept, Accept-Encoding and the like, in their order. */
export function listOf(field: string | undefined): readonly Entry[] {
  if (field === undefined || field === '') return [];
  return field
    .toLowerCase()
    .split(',')
    .map((entry) => {
      const [name = '', ...parameters] = entry.split(';');
      return { name: name.trim(), parameters: parameters.map((parameter) => parameter.trim()) };
    });
}

/** True if the entry is listed, and not with q=0. */
export function accepts(entries: readonly Entry[], name: string): boolean {
  const entry = entries.find((one) => one.name === name);
  return entry !== undefined && !entry.parameters.some(isRefusal);
}

function isRefusal(parameter: string): boolean {
  return parameter.startsWith('q=') && Number(parameter.slice(2)) === 0;
}

/** Tags of If-None-Match without W/: conditions on reading compare weakly (RFC 9110, section 13.1.2). */
export function tagsOf(field: string | undefined): readonly string[] {
  if (field === undefined) return [];
  return field.split(',').map((tag) => {
    const text = tag.trim();
    return text.startsWith('W/') ? text.slice(2) : text;
  });
}
