import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { AGENT_CODES } from './codes.ts';

it('docs/errors.md lists every code of an agent, and no other', () => {
  const text = readFileSync(new URL('../../../../../docs/errors.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## The agent'), text.indexOf('## The upgrade server'));
  const documented = [...section.matchAll(/^\| `(.+?)` \| .+ \| .+ \|$/gm)].map(([, code]) => code);
  expect(documented).toEqual([...AGENT_CODES]);
});
