"""A WebRTC bot on plain aiortc that speaks the sample bot's `booking` script (audio/bot/scripts.yaml).

usage: bot.py --port N [--think MS] [--codec opus|pcmu|pcma] [--turns N] [--bad no-audio|fingerprint|no-ice|http500|json]

`POST /api/offer {sdp,type}` answers `{sdp,type}`. A turn of the caller ends after 500 ms of quiet, a reply begins --think
later and stops when the caller speaks. After --turns replies the bot hangs up. --bad makes it a peer that answers wrongly. Prints `ready` when it listens.
"""

import argparse
import asyncio
import re
import signal
import wave
from fractions import Fraction
from pathlib import Path

import aioice.ice
import av
import numpy
from aiohttp import web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

AUDIO = Path(__file__).resolve().parents[3] / "audio" / "bot"
SCRIPT = ["booking-greeting.wav", "booking-which-day.wav", "booking-booked.wav", "booking-goodbye.wav"]
RATE, FRAME = 8000, 160  # the WAVs' rate; 20 ms of it
LOUD = 300  # RMS of 16-bit samples

# aioice never offers 127.0.0.1, and a test machine may have no other address.
aioice.ice.get_host_addresses = lambda **_: ["127.0.0.1"]


class Mouth(MediaStreamTrack):
    """Says what is queued, and silence otherwise, a frame each 20 ms."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.queue, self.sent, self.began = [], 0, None

    def say(self, name):
        with wave.open(str(AUDIO / name)) as recording:
            samples = numpy.frombuffer(recording.readframes(recording.getnframes()), numpy.int16)
        samples = numpy.pad(samples, (0, -len(samples) % FRAME))
        self.queue = list(samples.reshape(-1, 1, FRAME))

    async def recv(self):
        clock = asyncio.get_running_loop().time
        self.began = self.began or clock()
        await asyncio.sleep(max(0, self.began + self.sent * FRAME / RATE - clock()))
        samples = self.queue.pop(0) if self.queue else numpy.zeros((1, FRAME), numpy.int16)
        frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), self.sent * FRAME
        self.sent += 1
        return frame


async def converse(ear, mouth):
    replies, loud, quiet = list(SCRIPT[1:]), 0.0, 0.0
    while len(SCRIPT) - 1 - len(replies) < options.turns:
        try:
            frame = await asyncio.wait_for(ear.recv(), 0.5)
        except TimeoutError:  # Nothing arrives from a caller who sends only speech.
            quiet += 0.5
        except MediaStreamError:  # The caller has gone.
            return
        else:
            if numpy.sqrt(numpy.mean(frame.to_ndarray().astype(float) ** 2)) > LOUD:
                loud, quiet = loud + frame.samples / frame.sample_rate, 0.0
            else:
                quiet += frame.samples / frame.sample_rate
        if loud >= 0.1 and quiet < 0.5:
            mouth.queue.clear()
        elif quiet >= 0.5:
            if loud >= 0.1:
                asyncio.get_running_loop().call_later(options.think / 1000, mouth.say, replies.pop(0))
            loud = 0.0


async def converse_and_leave(connection, ear, mouth):
    await converse(ear, mouth)
    await asyncio.sleep(options.think / 1000 + 0.1)
    while mouth.queue:
        await asyncio.sleep(0.02)
    await connection.close()


def without_audio(sdp):
    """The answer with its audio section rejected, as RFC 3264 wants it: port 0, and out of the bundle."""
    head, *sections = re.split(r"(?m)^(?=m=)", sdp)
    for index, section in enumerate(sections):
        if section.startswith("m=audio"):
            mid = re.search(r"a=mid:(\S+)", section)[1]
            line = re.sub(r"^m=audio \d+", "m=audio 0", section.split("\r\n")[0])
            sections[index] = f"{line}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=inactive\r\n"
            head = re.sub(rf"(?m)^(a=group:BUNDLE.*) {re.escape(mid)}\b", r"\1", head)
    return head + "".join(sections)


async def offer(request):
    if options.bad == "http500":
        raise web.HTTPInternalServerError(text="the bot is broken")
    if options.bad == "json":
        return web.Response(text='{"sdp": "v=0', content_type="application/json")
    body = await request.json()
    connection, mouth = RTCPeerConnection(), Mouth()
    connections.add(connection)
    transceiver = connection.addTransceiver(mouth, "sendrecv")
    if options.codec != "opus":
        codecs = RTCRtpSender.getCapabilities("audio").codecs
        transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == f"audio/{options.codec.upper()}"])

    @connection.on("track")
    def on_track(ear):
        connection.conversation = asyncio.ensure_future(converse_and_leave(connection, ear, mouth))

    @connection.on("connectionstatechange")
    async def on_state():
        if connection.connectionState == "connected":
            mouth.say(SCRIPT[0])
        elif connection.connectionState in ("failed", "closed"):
            await connection.close()
            connections.discard(connection)

    await connection.setRemoteDescription(RTCSessionDescription(body["sdp"], body["type"]))
    await connection.setLocalDescription(await connection.createAnswer())
    sdp = connection.localDescription.sdp
    if options.bad == "no-audio":
        sdp = without_audio(sdp)
    elif options.bad == "fingerprint":
        swapped = str.maketrans("0123456789ABCDEF", "123456789ABCDEF0")
        sdp = re.sub(r"(?<=a=fingerprint:)(\S+) (\S+)", lambda match: f"{match[1]} {match[2].translate(swapped)}", sdp)
    elif options.bad == "no-ice":
        sdp = re.sub(r"(a=candidate:\S+ \d+ \w+ \d+ \S+) \d+", r"\1 9", sdp)
        await connection.close()  # or its own checks would reach the caller
    return web.json_response({"sdp": sdp, "type": "answer"})


async def serve():
    app = web.Application()
    app.router.add_post("/api/offer", offer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", options.port).start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print("ready", flush=True)
    await stop.wait()
    await asyncio.gather(*(connection.close() for connection in list(connections)))


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--think", type=int, default=700, help="milliseconds after the end of the turn")
parser.add_argument("--codec", choices=["opus", "pcmu", "pcma"], default="opus")
parser.add_argument("--turns", type=int, default=len(SCRIPT) - 1)
parser.add_argument("--bad", choices=["no-audio", "fingerprint", "no-ice", "http500", "json"])
options = parser.parse_args()
connections = set()
asyncio.run(serve())
