/** On a busy machine these tests leave the processor to those whose functions have to react in time. */
import { setPriority } from 'node:os';

/** Of a processor that both want, they get a quarter. */
const NICENESS = 5;

setPriority(NICENESS);
