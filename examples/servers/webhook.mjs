// webhook.mjs: takes what a webhook of the upgrade server sends, and believes only what is signed with its secret.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const { FOTA_WEBHOOK_SECRET: secret, PORT: port = '9000' } = process.env;

function isSigned(signature = '', body) {
  const [, time, given] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  if (time === undefined || Math.abs(Date.now() / 1000 - time) > 300) return false;
  const right = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return timingSafeEqual(Buffer.from(given), Buffer.from(right));
}

let last = 0;
const server = createServer(async (request, response) => {
  const body = await text(request);
  if (!isSigned(request.headers['fota-signature'], body)) return response.writeHead(401).end();
  const { id, type, data } = JSON.parse(body);
  // Events come in order, and now and then twice. A test has the number 0.
  if (id > last || id === 0) console.log(`event ${id}: ${type} ${JSON.stringify(data)}`);
  last = Math.max(last, id);
  response.writeHead(204).end();
});
server.listen(Number(port), () => console.log(`Listening on port ${server.address().port}.`));
