// The least that Node can do for an answer: the same one to everybody, from memory. constant.js <head> <body>
// <head> is JSON, of status and headers.
import { readFileSync } from 'node:fs';
import { serve } from './serve.ts';

const [headFile = '', bodyFile = ''] = process.argv.slice(2);
const { status, headers } = JSON.parse(readFileSync(headFile, 'utf8')) as {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
};
const body = readFileSync(bodyFile);

serve((_request, response) => {
  response.writeHead(status, headers);
  response.end(body);
});
