// server.mjs: an upgrade server that offers firmware.bin, version 1.1.0, to every device that runs another version.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';

const server = createServer((request, response) => {
  const headers = (bytes) => ({ 'Content-Length': bytes, Connection: 'close' });
  if (request.url.endsWith('version=1.1.0')) return response.writeHead(404, headers(0)).end();
  createReadStream('firmware.bin').pipe(response.writeHead(200, headers(statSync('firmware.bin').size)));
}).listen(process.env.PORT ?? 8080, () => console.log(`Listening on port ${server.address().port}`));
