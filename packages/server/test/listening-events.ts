import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';

/** A client that listens to events, raw. */
export interface Listening {
  readonly answer: IncomingMessage;
  /** All that came. */
  text(): string;
  /** The number, type and data of each event that came. */
  frames(): ReadonlyArray<{ readonly id: string; readonly event: string; readonly data: unknown }>;
  leave(): void;
}

/** Resolves once the head of the answer is there. */
export async function listen(
  way: { readonly socketPath: string } | { readonly port: number },
  path = '',
  headers: Readonly<Record<string, string>> = {},
): Promise<Listening> {
  const asking = request({ ...way, path: `/api/v1/events${path}`, agent: false, headers });
  asking.end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  const parts: string[] = [];
  answer.setEncoding('utf8').on('data', (part: string) => parts.push(part));
  answer.on('error', () => undefined);
  asking.on('error', () => undefined);
  const text = (): string => parts.join('');
  return {
    answer,
    text,
    frames: () =>
      [...text().matchAll(/^id: (.*)\nevent: (.*)\ndata: (.*)\n\n/gm)].map(([, id = '', event = '', data = '']) => ({
        id,
        event,
        data: JSON.parse(data),
      })),
    leave: () => void asking.destroy(),
  };
}
