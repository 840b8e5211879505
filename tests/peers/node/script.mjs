// What the bots of this folder share: the sample bot's `booking` script (audio/bot/scripts.yaml), and an ear.

import { readFileSync } from 'node:fs';

const AUDIO = new URL('../../../audio/bot/', import.meta.url);
export const SCRIPT = ['booking-greeting.wav', 'booking-which-day.wav', 'booking-booked.wav', 'booking-goodbye.wav'];
export const RATE = 8000; // of the recordings

const LOUD = 300; // RMS of 16-bit samples
const QUIET = 0.5; // seconds that end a turn
const THINK = 700; // milliseconds from there to the reply

// A recording's samples: 16-bit mono.
export function samples(name) {
  const file = readFileSync(new URL(name, AUDIO));
  let at = 12;
  while (file.toString('latin1', at, at + 4) !== 'data') at += 8 + file.readUInt32LE(at + 4);
  const data = file.subarray(at + 8, at + 8 + file.readUInt32LE(at + 4));
  return Int16Array.from({ length: data.length >> 1 }, (_, index) => data.readInt16LE(2 * index));
}

// The value after an option on the command line.
export function option(name) {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

// Hears the caller. A turn is over after half a second of quiet; the reply is due a while later.
export class Ear {
  constructor(reply) {
    Object.assign(this, { reply, loud: 0, quiet: 0 });
  }

  hear(samples, rate) {
    const seconds = samples.length / rate;
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    if (Math.sqrt(power) > LOUD) {
      this.loud += seconds;
      this.quiet = 0;
      return;
    }
    this.quiet += seconds;
    if (this.quiet < QUIET) return;
    if (this.loud >= 0.1) setTimeout(this.reply, THINK);
    this.loud = 0;
  }
}
