import type { Progress } from './outcome.ts';
import type { Signal } from './platform.ts';
import type { Notebook, Target, Vault } from './ports.ts';

/** What a device knows of itself. Options of a call come first, then these, then the environment. */
export interface DeviceFacts {
  /** The project's name, LuatOS' global PROJECT. */
  readonly project?: string | undefined;
  /** The application's version, LuatOS' global VERSION; the IoT platform wants `xxx.yyy.zzz`. */
  readonly version?: string | undefined;
  /** LuatOS' global PRODUCT_KEY: 32 characters that the platform or the server gave the project. */
  readonly productKey?: string | undefined;
  /** The core's version with its letter, as `V2012`; sets the version's form on the wire (docs/protocol.md §3). */
  readonly core?: string | undefined;
  /** The board, as `EC718P`. */
  readonly bsp?: string | undefined;
  /** What its makers call the hardware, as `rev-b`: held against signatures that are for some hardware only (docs/protocol.md §13.2). */
  readonly hardware?: string | undefined;
  /** The device's id; without it a network card's MAC or the machine id stands in. */
  readonly imei?: string | undefined;
}

/** How patient and how generous a transfer is. */
export interface TransferSettings {
  /** Milliseconds for the whole call from its turn, retries included. Default 300 000; 1 to 2^31−1. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds without a byte after which a connection counts as lost. Default 30 000; 1 to 2^31−1. */
  readonly idleTimeoutMs?: number | undefined;
  /** Milliseconds until a connection must stand, TLS included. Default 15 000; 1 to 2^31−1. */
  readonly connectTimeoutMs?: number | undefined;
  /** Bytes that an image may have at most. Default 1 GiB. */
  readonly maxBytes?: number | undefined;
  /** How often a request that never got a connection is tried again. Default 0. */
  readonly connectRetries?: number | undefined;
  /** How many redirects are followed. Default 0: a redirect is "no upgrade". */
  readonly maxRedirects?: number | undefined;
}

/** What `configure` takes. */
export interface Settings extends DeviceFacts, TransferSettings {
  /** The folder of `update.bin`. Default: LIBFOTA2_DIR, else the working directory. */
  readonly dir?: string | undefined;
  /** Another place for the image than a file in `dir`. */
  readonly target?: Target | undefined;
  /** Where notes on interrupted and delivered images go. Default: `update.bin.notes` in `dir`. */
  readonly notebook?: Notebook | undefined;
  /** Where ring, floor and time of a device with a key ring are kept. Default: `update.bin.trust.0` and `.1` in `dir`. */
  readonly vault?: Vault | undefined;
  /**
   * The text of a key ring: from now on nothing is taken that its release keys did not sign for this device
   * (docs/protocol.md §13). Needs `project` or `firmwareName`. Another ring may take its place, but nothing unsets it.
   * Default: none, signatures are passed over.
   */
  readonly trust?: string | undefined;
}

/** What `upgrade` and `check` take; all of it optional. */
export interface UpgradeOptions extends TransferSettings {
  /** The self-built server. Without it the IoT platform is asked. After `###` a URL is used as it stands. */
  readonly url?: string | undefined;
  /** The version that runs now; the IoT platform wants `xxx.yyy.zzz`. Default: from `configure`, else LIBFOTA2_VERSION. */
  readonly version?: string | undefined;
  /** The project's key. Default: from `configure`, else LIBFOTA2_PRODUCT_KEY. */
  readonly productKey?: string | undefined;
  /** The device's id. Default: from `configure`, else LIBFOTA2_IMEI, a network card's MAC, the machine id. */
  readonly imei?: string | undefined;
  /** What is asked for. Default: made of `project` and `bsp`, as `GATEWAY_LuatOS-SoC_EC718P`. */
  readonly firmwareName?: string | undefined;
  /** PEM text that replaces the system's roots: an own authority, or a self-signed server's certificate. */
  readonly ca?: string | undefined;
  /** PEM text: the device's own certificate. Default: none. */
  readonly cert?: string | undefined;
  /** PEM text: the private key of `cert`. Default: none. */
  readonly key?: string | undefined;
  /** Opens an encrypted `key`. Default: none. */
  readonly passphrase?: string | undefined;
  /** Default GET. Only a GET is retried and resumed. */
  readonly method?: string | undefined;
  /** Request headers by name. Default: none. Those of the transfer itself, as `Range` and `If-…`, are left out. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The request's body, sent with its length. Default: none. */
  readonly body?: string | Uint8Array | undefined;
  /** The image's SHA-256 in hex, from a source that you trust more than the server. Default: none. */
  readonly expectedSha256?: string | undefined;
  /**
   * Aborts: the promise rejects with the signal's reason, and what was received is kept for the next call. In the moment
   * of the last byte the image may come to its place all the same. Default: none.
   */
  readonly signal?: Signal | undefined;
  /** Told how many bytes are at the target, as they come. Default: nobody. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** The options of `request`, by their documented names; all of them optional. */
export interface RequestOptions {
  /** The self-built server. Without it the IoT platform is asked. */
  readonly url?: string | undefined;
  /** The version that runs now; the IoT platform wants `xxx.yyy.zzz`. Default: from `configure`, else LIBFOTA2_VERSION. */
  readonly version?: string | undefined;
  /** Milliseconds for the whole call, retries included. Default 300 000; 1 to 2^31−1. */
  readonly timeout?: number | undefined;
  /** The project's key. Default: from `configure`, else LIBFOTA2_PRODUCT_KEY. */
  readonly project_key?: string | undefined;
  /** The device's id. Default: from `configure`, else LIBFOTA2_IMEI, a network card's MAC, the machine id. */
  readonly imei?: string | undefined;
  /** What is asked for. Default: made of `project` and `bsp`, as `GATEWAY_LuatOS-SoC_EC718P`. */
  readonly firmware_name?: string | undefined;
  /** PEM text: the authority that signed the server's certificate. Default: the system's authorities. */
  readonly server_cert?: string | undefined;
  /** PEM text: the device's own certificate. Default: none. */
  readonly client_cert?: string | undefined;
  /** PEM text: the private key of `client_cert`. Default: none. */
  readonly client_key?: string | undefined;
  /** Opens an encrypted `client_key`. Default: none. */
  readonly client_password?: string | undefined;
  /** Default GET. Only a GET is retried and resumed. */
  readonly method?: string | undefined;
  /** Request headers by name. Default: none. Those of the transfer itself, as `Range` and `If-…`, are left out. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The request's body, sent with its length. Default: none. */
  readonly body?: string | Uint8Array | undefined;
}

/** The documented names as the idiomatic ones. Unknown names are passed over, as LuatOS does. */
export function fromDocumented(options: RequestOptions): UpgradeOptions {
  return {
    url: options.url,
    version: options.version,
    timeoutMs: options.timeout,
    productKey: options.project_key,
    imei: options.imei,
    firmwareName: options.firmware_name,
    ca: options.server_cert,
    cert: options.client_cert,
    key: options.client_key,
    passphrase: options.client_password,
    method: options.method,
    headers: options.headers,
    body: options.body,
  };
}
