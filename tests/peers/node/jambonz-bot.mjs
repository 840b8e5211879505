// A bot on npm @jambonz/sdk that speaks the sample bot's `booking` script.
//
// usage: node jambonz-bot.mjs --port N
//
// ws://127.0.0.1:N/booking is the application: it answers a call with the verbs `answer` and `listen`, the latter with
// audio both ways on /audio. The call's variable `turns` says how many turns of the caller it answers; then it hangs up
// on the control socket, once the caller has heard its last reply. What jambonz' side says of the call has to fit jambonz'
// own schemas. /speaking is an application that has jambonz speak. Prints `ready` when it listens.

import { readFileSync, readdirSync } from 'node:fs';
import http from 'node:http';
import Ajv from 'ajv/dist/2020.js';
import { createEndpoint } from '@jambonz/sdk/websocket';
import { Ear, RATE, SCRIPT, option, samples } from './script.mjs';

const server = http.createServer();
const makeService = createEndpoint({ server, logger: { info: console.error, error: console.error, debug() {} } });
const calls = new Map();

const schemas = new Ajv.default({ strict: false, validateFormats: false });
for (const folder of ['components', 'callbacks']) {
  const url = new URL(`node_modules/@jambonz/schema/${folder}/`, import.meta.url);
  for (const name of readdirSync(url)) schemas.addSchema(JSON.parse(readFileSync(new URL(name, url))));
}

// Ends the bot, and with it the call, on a message that jambonz would not send.
function fits(kind, data) {
  const complete = ['call_sid', 'account_sid', 'call_id', 'direction', 'from', 'to', 'call_status'].every((name) => data?.[name]);
  if (schemas.validate(`https://jambonz.org/schema/callbacks/${kind}`, data) && complete) return;
  console.error(kind, data, schemas.errors);
  process.exit(1);
}

makeService({ path: '/speaking' }).on('session:new', (session) => session.say({ text: 'Hello.' }).send());

makeService({ path: '/booking' }).on('session:new', (session) => {
  fits('session-new', session.data);
  calls.set(session.callSid, session);
  session.on('call:status', (data) => fits('call-status', data));
  session.on('close', () => calls.delete(session.callSid));
  session
    .answer()
    .listen({
      url: '/audio',
      actionHook: '/done',
      sampleRate: 2 * RATE, // the caller's side; the bot's is another
      bidirectionalAudio: { enabled: true, streaming: true, sampleRate: RATE },
      metadata: { script: 'booking' },
    })
    .send();
});

makeService.audio({ path: '/audio' }).on('connection', (stream) => {
  const session = calls.get(stream.callSid);
  const script = SCRIPT.slice(0, 1 + Number(session.data.env_vars?.turns ?? SCRIPT.length));
  if (stream.metadata.script !== 'booking') throw new Error(`metadata: ${JSON.stringify(stream.metadata)}`);
  const speak = () => {
    if (script.length === 0) return;
    stream.sendAudio(Buffer.from(samples(script.shift()).buffer)); // at once: jambonz plays it in its own time
    stream.sendMark(script.length ? 'reply' : 'last');
  };
  const ear = new Ear(speak);
  stream.on('audio', (bytes) => {
    const heard = Int16Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readInt16LE(2 * index));
    ear.hear(heard, stream.sampleRate);
  });
  stream.on('mark', ({ name, event }) => {
    if (name === 'last' && event === 'playout') session.hangup().send();
  });
  speak();
});

server.listen(Number(option('--port')), '127.0.0.1', () => console.log('ready'));
