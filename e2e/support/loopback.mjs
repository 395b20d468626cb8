// Preloaded into an example (`node --import`): the machine's resolver knows the IoT platform at 127.0.0.1, its port 80
// is the port of the test's own, and nothing leaves the machine.
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const PLATFORM = 'iot.openluat.com';
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

const lookup = dns.lookup;
dns.lookup = (name, options, callback) => {
  if (name !== PLATFORM && !LOOPBACK.includes(name)) throw new Error(`A test asked for the address of ${name}`);
  lookup(name === PLATFORM ? '127.0.0.1' : name, options, callback);
};
syncBuiltinESMExports();

const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (options.host === PLATFORM && Number(options.port) === 80) options.port = Number(process.env.FAKE_PLATFORM_PORT);
  return connect.apply(this, args);
};
