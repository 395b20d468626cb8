import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SERVER_ERRORS } from './errors.ts';

it('docs/errors.md lists every code of the server with its meaning and remedy, and no other', () => {
  const text = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = text
    .slice(text.indexOf('## The upgrade server'), text.indexOf('## The command'))
    .matchAll(/^\| `(.+?)` \| (.+?) \| (.+?) \|$/gm);
  const documented = [...rows].map(([, code, means, remedy]) => [code, { means, remedy }]);
  expect(Object.fromEntries(documented)).toEqual(SERVER_ERRORS);
});
