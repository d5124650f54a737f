export { systemClock } from '../ports/system-clock.ts';
