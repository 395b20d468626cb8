// A Node that does nothing: what every other child of the bench has to be measured above.
import { report } from './status.ts';

report();
