// A caller in headless Chromium: rings a WebRTC bot from a web page, with a recording as its microphone.
//
// usage: node chromium-caller.mjs --offer URL --microphone WAV --profile FOLDER [--seconds N]
//
// Listens for N seconds (15), then writes one line of JSON: how the connection was (`connection`, `ice`, `dtls`, `codec`),
// and when each side spoke, in seconds from the start (`heard`, `said`: lists of {from, to}), by the energy of its audio.

import http from 'node:http';
import { chromium } from 'playwright-core';
import { option } from './script.mjs';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = `--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
  --disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required
  --use-fake-ui-for-media-stream --use-fake-device-for-media-stream
  --disable-features=WebRtcHideLocalIpsWithMdns`.split(/\s+/);

// Runs in the page.
async function call({ offer, seconds }) {
  const began = performance.now();
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const processing = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: processing });
  const connection = new RTCPeerConnection();
  microphone.getTracks().forEach((track) => connection.addTrack(track, microphone));
  connection.createDataChannel('chat');
  connection.ontrack = ({ streams }) => {
    const player = new Audio();
    player.srcObject = streams[0];
    document.body.append(player);
    player.play();
  };
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== 'complete') await wait(20);
  const { sdp, type } = connection.localDescription;
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ sdp, type }) };
  const response = await fetch(offer, request);
  await connection.setRemoteDescription(await response.json());

  // Spoken passages: stretches in which the energy grows, with pauses of up to half a second.
  const passages = { heard: [], said: [] };
  const energy = {};
  const note = (side, total, now) => {
    const loud = total - (energy[side] ?? total) > 1e-5;
    energy[side] = total;
    const last = passages[side].at(-1);
    if (loud && last && now - last.to < 0.5) last.to = now;
    else if (loud) passages[side].push({ from: now, to: now });
  };
  let all = [];
  while (performance.now() - began < seconds * 1000) {
    all = [...(await connection.getStats()).values()];
    const now = (performance.now() - began) / 1000;
    for (const report of all) {
      if (report.type === 'inbound-rtp') note('heard', report.totalAudioEnergy ?? 0, now);
      if (report.type === 'media-source') note('said', report.totalAudioEnergy ?? 0, now);
    }
    await wait(50);
  }
  const of = (name) => all.find((report) => report.type === name) ?? {};
  const inbound = of('inbound-rtp');
  const codec = all.find((report) => report.id === inbound.codecId)?.mimeType;
  const result = { connection: connection.connectionState, ice: connection.iceConnectionState, dtls: of('transport').dtlsState, codec };
  connection.close();
  return { ...result, packets: inbound.packetsReceived, ...passages };
}

const server = http.createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>caller</title>'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = await chromium.launchPersistentContext(option('--profile'), {
  executablePath: EXECUTABLE,
  headless: true,
  args: [...FLAGS, `--use-file-for-fake-audio-capture=${option('--microphone')}%noloop`],
  ignoreDefaultArgs: ['--mute-audio'],
});
try {
  const page = await browser.newPage();
  page.on('console', (message) => console.error(message.text()));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const parameters = { offer: option('--offer'), seconds: Number(option('--seconds') ?? 15) };
  console.log(JSON.stringify(await page.evaluate(call, parameters)));
} finally {
  await browser.close();
  server.close();
}
