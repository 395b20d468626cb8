// The least that Node can do for a file: it is piped from the disk. stream.js <head> <file>; <head> as of constant.js
import { createReadStream, readFileSync } from 'node:fs';
import { serve } from './serve.ts';

const [headFile = '', file = ''] = process.argv.slice(2);
const { status, headers } = JSON.parse(readFileSync(headFile, 'utf8')) as {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
};

serve((_request, response) => {
  response.writeHead(status, headers);
  createReadStream(file)
    .on('error', () => response.destroy())
    .pipe(response);
});
