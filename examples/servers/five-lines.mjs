// server.mjs: an upgrade server that offers firmware.bin, version 1.1.0, to every device that runs another version.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const firmware = readFileSync('firmware.bin');
const server = createServer(({ url, headers }, answer) => {
  const body = url.endsWith('version=1.1.0') || headers['if-none-match'] === '"1.1.0"' ? '' : firmware;
  answer.writeHead(body ? 200 : 404, { ETag: '"1.1.0"', 'Content-Length': body.length, Connection: 'close' }).end(body);
}).listen(process.env.PORT ?? 8080, () => console.log(`Listening on port ${server.address().port}`));
