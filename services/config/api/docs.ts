/*
 * The API's description for people: one HTML page without scripts. In: the resources. Out: HTML.
 */
import type { TSchema } from '../../../common/model/schema';
import { ERROR_CODES } from './openapi';
import { CUSTOMER_BASE, operatorPath, type Resource } from './resource';

/** `origin`: where the reader has found it, such as http://127.0.0.1:23181. */
export function docsPage(resources: readonly Resource[], origin: string): string {
  const here = escape(origin);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cloud Analytics: the API</title>
<link rel="stylesheet" href="/ca/docs/docs.css">
<h1>The API of Cloud Analytics</h1>
<p>Operators use the paths as they stand; customers have the same below <code>${escape(CUSTOMER_BASE)}</code>.
Parameters go as JSON, as a form, or in the query string. The same as <a href="/ca/openapi.json">OpenAPI 3.1</a>.</p>
<p>Ask, for example, for the latency of system calls by program:</p>
<pre>curl -H 'content-type: application/json' ${here}/ca/instrumentations \\
  -d '{"module":"syscall","stat":"syscalls","decomposition":["execname","latency"]}'
curl '${here}/ca/instrumentations/1/value/raw'
curl '${here}/ca/instrumentations/1/value/heatmap/image.png?duration=60' > heatmap.png</pre>
${resources.map(section).join('\n')}
<h2>Errors</h2>
<p>All look like <code>{"error": {"code": "INVALID", "message": "granularity must be …", "field": "granularity"}}</code>.</p>
<table><tr><th>status</th><th>code</th><th>meaning</th></tr>
${ERROR_CODES.map(({ code, status, text }) => `<tr><td>${status}</td><td><code>${code}</code></td><td>${escape(text)}</td></tr>`).join('\n')}
</table>
</html>
`;
}

export const DOCS_STYLE = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1rem; margin-top: 2rem; border-top: 1px solid #ccc; padding-top: 1rem; }
pre { overflow-x: auto; background: #f4f4f4; padding: 0.75rem; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: 0.2rem 1rem 0.2rem 0; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #ddd; } a { color: #8ab4f8; } pre { background: #24272c; } }
`;

function section(resource: Resource): string {
  const { method, operatorsOnly, summary, query, body, answers } = resource;
  const only = operatorsOnly === true ? ' <small>(operators only)</small>' : '';
  const statuses = Object.entries(answers).map(([status, { description }]) => `${status}: ${description}`);
  return `<h2>${method} <code>${escape(operatorPath(resource))}</code>${only}</h2>
<p>${escape(summary)}</p>
${properties(query)}${properties(body)}<p>${statuses.map(escape).join('<br>')}</p>`;
}

function properties(schema: TSchema | undefined): string {
  const all = Object.entries((schema?.['properties'] ?? {}) as Record<string, TSchema>);
  if (all.length === 0) return '';
  const required = (schema?.['required'] ?? []) as readonly string[];
  const rows = all.map(([name, { type, description, minimum, maximum, enum: choices }]) => {
    const range = minimum === undefined ? '' : ` ${String(minimum)} to ${String(maximum ?? '…')}`;
    const kind = `${Array.isArray(choices) ? choices.join(', ') : String(type)}${range}${required.includes(name) ? ', needed' : ''}`;
    return `<tr><td><code>${escape(name)}</code></td><td>${escape(kind)}</td><td>${escape(String(description ?? ''))}</td></tr>`;
  });
  return `<table>${rows.join('\n')}</table>\n`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
