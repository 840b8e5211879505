// A WebRTC bot on libwebrtc (npm @roamhq/wrtc) that speaks the sample bot's `booking` script.
//
// usage: node wrtc-bot.mjs --port N [--turns N]
//
// `POST /api/offer {sdp,type}` answers `{sdp,type}`. After so many turns (3) the bot hangs up. Prints `ready` when it
// listens.

import http from 'node:http';
import { text } from 'node:stream/consumers';
import wrtc from '@roamhq/wrtc';
import { Ear, RATE, SCRIPT, option, samples } from './script.mjs';

const FRAME = RATE / 100; // libwebrtc takes 10 ms at a time

// Says what is queued, and silence otherwise.
class Mouth {
  source = new wrtc.nonstandard.RTCAudioSource();
  queue = [];
  sent = 0;

  say(name) {
    const voice = samples(name);
    for (let at = 0; at < voice.length; at += FRAME) {
      const frame = new Int16Array(FRAME);
      frame.set(voice.subarray(at, at + FRAME));
      this.queue.push(frame);
    }
  }

  start() {
    const began = performance.now();
    this.timer = setInterval(() => {
      for (; this.sent * 10 <= performance.now() - began; this.sent += 1) {
        const frame = this.queue.shift() ?? new Int16Array(FRAME);
        this.source.onData({ samples: frame, sampleRate: RATE, bitsPerSample: 16, channelCount: 1, numberOfFrames: FRAME });
      }
      if (this.done && this.queue.length === 0) {
        clearInterval(this.timer);
        setTimeout(this.done, 100); // what libwebrtc still holds
      }
    }, 5);
  }
}

async function answer(offer) {
  const connection = new wrtc.RTCPeerConnection();
  const mouth = new Mouth();
  const script = SCRIPT.slice(0, 1 + Number(option('--turns') ?? SCRIPT.length));
  const speak = () => {
    if (script.length === 0) return;
    mouth.say(script.shift());
    if (script.length === 0) mouth.done = () => connection.close();
  };
  const ear = new Ear(speak);
  connection.addTrack(mouth.source.createTrack());
  connection.ontrack = ({ track }) => {
    new wrtc.nonstandard.RTCAudioSink(track).ondata = (heard) => ear.hear(heard.samples, heard.sampleRate);
  };
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === 'connected') {
      mouth.start();
      speak();
    } else if (['failed', 'closed'].includes(connection.connectionState)) {
      clearInterval(mouth.timer);
      connection.close();
    }
  };
  await connection.setRemoteDescription(offer);
  await connection.setLocalDescription(await connection.createAnswer());
  while (connection.iceGatheringState !== 'complete') {
    await new Promise((resolve) => (connection.onicegatheringstatechange = resolve));
  }
  const { sdp, type } = connection.localDescription;
  return { sdp, type };
}

const server = http.createServer(async (request, response) => {
  try {
    const reply = await answer(JSON.parse(await text(request)));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
});
server.listen(Number(option('--port')), '127.0.0.1', () => console.log('ready'));
