// One upgrade into an application's slots: slots.js <url> <folder>
import { createFota } from 'libfota2';
import { applicationSlots } from 'libfota2/slots';
import { report } from './status.ts';

const [url = '', dir = '.'] = process.argv.slice(2);
const outcome = await createFota(applicationSlots(dir)).upgrade({ url });
report({ code: outcome.code, message: outcome.message });
