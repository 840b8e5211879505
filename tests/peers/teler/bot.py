"""A bot on FreJun's `teler` SDK that speaks the sample bot's `booking` script (audio/bot/scripts.yaml).

usage: bot.py --port N [--remote URL]

`/ws` takes Teler's media stream and hands it to the SDK's StreamConnector, which bridges it to a second WebSocket as a
Teler application does with a speech model's. That is `/agent` here, which hears and sends raw samples; or, with --remote, a
bot that speaks Teler's protocol itself: then the SDK relays. Whatever comes from the caller's side has to have the form of
Teler's documentation, or the SDK's STOP ends the stream. Prints `ready` when it listens.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import sys
import wave
from pathlib import Path

import numpy
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from teler import StreamConnector, StreamOp
from teler.streams import StreamType

AUDIO = Path(__file__).resolve().parents[3] / "audio" / "bot"
SCRIPT = ["booking-greeting.wav", "booking-which-day.wav", "booking-booked.wav", "booking-goodbye.wav"]
LOUD = 300  # RMS of 16-bit samples
RATE = 8000
app = FastAPI()


class Caller:
    """Checks and unpacks the messages of one stream. The SDK has no types for them."""

    def __init__(self, relays):
        self.relays, self.messages, self.stream_id = relays, 0, None

    def samples(self, text):
        message = json.loads(text)
        self.messages += 1
        if message["message_id"] != self.messages:
            raise ValueError(f"message {message['message_id']} is number {self.messages}")
        if self.messages == 1:
            named = all(isinstance(message[name], str) and message[name] for name in ("account_id", "call_app_id", "call_id", "stream_id"))
            if message["type"] != "start" or not named:
                raise ValueError("no start")
            if message["data"] != {"encoding": "audio/l16", "sample_rate": RATE, "channels": 1}:
                raise ValueError("another format")
            self.stream_id = message["stream_id"]
            return b""
        if message["type"] != "audio" or message["stream_id"] != self.stream_id:
            raise ValueError("no audio of this stream")
        return base64.b64decode(message["data"]["audio_b64"], validate=True)

    async def handle(self, text):
        try:
            samples = self.samples(text)
        except (KeyError, TypeError, ValueError) as error:
            print(f"refused: {error!r}: {text[:300]}", file=sys.stderr)
            return "", StreamOp.STOP
        if self.relays:
            return text, StreamOp.RELAY
        return (samples, StreamOp.RELAY) if samples else ("", StreamOp.PASS)


class Agent:
    """Packs what the agent says, a chunk a reply."""

    def __init__(self, relays):
        self.relays, self.chunks = relays, 0

    async def handle(self, message):
        if self.relays:
            return message, StreamOp.RELAY
        self.chunks += 1
        data = {"audio_b64": base64.b64encode(message).decode(), "chunk_id": self.chunks}
        return json.dumps({"type": "audio", "data": data}), StreamOp.RELAY


@app.websocket("/ws")
async def media_stream(websocket: WebSocket):
    await websocket.accept()
    relays = options.remote is not None
    connector = StreamConnector(
        stream_type=StreamType.BIDIRECTIONAL,
        remote_url=options.remote or f"ws://127.0.0.1:{options.port}/agent",
        call_stream_handler=Caller(relays).handle,
        remote_stream_handler=Agent(relays).handle,
    )
    await connector.bridge_stream(websocket)
    # The bridge leaves the caller's side open when the agent has gone, and uvicorn drops what a handler leaves open.
    with contextlib.suppress(RuntimeError):
        await websocket.close()


@app.websocket("/agent")
async def agent(websocket: WebSocket):
    await websocket.accept()
    replies, loud, quiet = list(SCRIPT), 0.0, 0.0

    async def speak():
        with wave.open(str(AUDIO / replies.pop(0))) as recording:
            await websocket.send_bytes(recording.readframes(recording.getnframes()))

    await speak()
    try:
        while replies:
            heard = numpy.frombuffer(await websocket.receive_bytes(), "<i2").astype(float)
            seconds = len(heard) / RATE
            if numpy.sqrt(numpy.mean(heard**2)) > LOUD:
                loud, quiet = loud + seconds, 0.0
                continue
            quiet += seconds
            if quiet >= 0.5:
                if loud >= 0.1:
                    await asyncio.sleep(0.7)
                    await speak()
                loud = 0.0
        await websocket.close()
    except WebSocketDisconnect:
        return


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--remote", help="ws://HOST:PORT/PATH of a bot that speaks Teler's protocol")
options = parser.parse_args()
Server(uvicorn.Config(app, host="127.0.0.1", port=options.port, log_level="warning")).run()
