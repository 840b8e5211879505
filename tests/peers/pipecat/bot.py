"""A Pipecat bot that speaks the sample bot's `booking` script (audio/bot/scripts.yaml).

usage: bot.py --transport webrtc|twilio|telnyx|plivo|exotel|vonage --port N [--think MS] [--turn vad|smart] [--tool-call] [--otlp URL]

Transports, serializers, voice activity detection, turn detection, interruptions, metrics and RTVI are Pipecat's own, and
so is the HTTP server (pipecat.runner): `/start`, `/sessions/ID/api/offer`, `/api/offer` for WebRTC, `/ws` for the rest.
The speech services need accounts, so stand-ins take their place: they transcribe, think and speak from a list.
Prints `ready` when it listens; logs go to stderr.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import wave
from pathlib import Path

import aioice.ice
import uvicorn
from fastapi import WebSocket
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
)
from pipecat.metrics.metrics import LLMTokenUsage
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair, LLMUserAggregatorParams
from pipecat.processors.frameworks.rtvi import RTVIFunctionCallReportLevel, RTVIObserverParams
from pipecat.runner.run import app, main
from pipecat.runner.types import SmallWebRTCRunnerArguments, WebSocketRunnerArguments
from pipecat.runner.utils import parse_telephony_websocket
from pipecat.serializers.exotel import ExotelFrameSerializer
from pipecat.serializers.plivo import PlivoFrameSerializer
from pipecat.serializers.telnyx import TelnyxFrameSerializer
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.serializers.vonage import VonageFrameSerializer
from pipecat.services.llm_service import FunctionCallFromLLM, LLMService
from pipecat.services.settings import LLMSettings, STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TextAggregationMode, TTSService
from pipecat.transports.base_transport import TransportParams
from pipecat.transports.smallwebrtc.transport import SmallWebRTCTransport
from pipecat.transports.websocket.fastapi import FastAPIWebsocketParams, FastAPIWebsocketTransport
from pipecat.turns.user_stop import SpeechTimeoutUserTurnStopStrategy, TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.utils.tracing.service_decorators import traced_llm, traced_stt, traced_tts
from pipecat.utils.tracing.setup import setup_tracing
from pipecat.workers.runner import WorkerRunner

AUDIO = Path(__file__).resolve().parents[3] / "audio" / "bot"
SCRIPT = {
    "Thanks for calling Acme Dental. How can I help you today?": "booking-greeting.wav",
    "Sure, I can help you book an appointment. Which day works best for you?": "booking-which-day.wav",
    "You are booked for Tuesday at 3 PM. Your confirmation number is 4829. "
    "Is there anything else I can help you with?": "booking-booked.wav",
    "Thank you for calling Acme Dental. Goodbye.": "booking-goodbye.wav",
}
GREETING, *REPLIES = SCRIPT

# aioice never offers 127.0.0.1, and a test machine may have no other address.
aioice.ice.get_host_addresses = lambda **_: ["127.0.0.1"]


class ScriptSTTService(SegmentedSTTService):
    turn = 0

    def can_generate_metrics(self):
        return True

    async def run_stt(self, audio):
        await self.start_processing_metrics()
        self.turn += 1
        text = f"caller turn {self.turn}"
        await self.traced(text, True)
        await self.stop_processing_metrics()
        yield TranscriptionFrame(text, self._user_id, time_now_iso8601())

    @traced_stt
    async def traced(self, transcript, is_final, language=None):
        """Pipecat's own services trace a transcription so."""


class ScriptLLMService(LLMService):
    def __init__(self, think, tool_call):
        # Every setting needs a value, or Pipecat complains about each of them.
        nothing = dict.fromkeys(
            "system_instruction temperature max_tokens top_p top_k frequency_penalty presence_penalty seed "
            "user_turn_completion_config".split()
        )
        super().__init__(settings=LLMSettings(model="script", **nothing, filter_incomplete_user_turns=False,
                                              use_provider_thinking_default=False))
        self.think, self.tool_call = think, tool_call
        self.replies = list(REPLIES)

    def can_generate_metrics(self):
        return True

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await self.start_processing_metrics()
        await self.answer(frame.context)
        await self.stop_processing_metrics()
        await self.push_frame(LLMFullResponseEndFrame())

    @traced_llm
    async def answer(self, context):
        await self.start_ttfb_metrics()
        await asyncio.sleep(self.think)
        await self.stop_ttfb_metrics()
        if not self.replies:
            return
        if self.tool_call and "You are booked" in self.replies[0]:
            self.tool_call = False  # The result of the call brings the context back here, for the reply itself.
            call = FunctionCallFromLLM(
                context=context,
                tool_call_id="call_1",
                function_name="book_appointment",
                arguments={"day": "Tuesday", "time": "15:00"},
            )
            await self.run_function_calls([call])
            return
        reply = self.replies.pop(0)
        await self._push_llm_text(reply)
        words = len(reply.split())
        await self.start_llm_usage_metrics(LLMTokenUsage(prompt_tokens=1, completion_tokens=words, total_tokens=words + 1))


class ScriptTTSService(TTSService):
    def __init__(self):
        # A reply arrives as one piece of text and is one WAV, so its sentences stay together.
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            text_aggregation_mode=TextAggregationMode.TOKEN,
            settings=TTSSettings(model="recordings", voice="booking", language=None),
        )

    def can_generate_metrics(self):
        return True

    @traced_tts
    async def run_tts(self, text, context_id):
        await self.start_ttfb_metrics()
        await self.start_tts_usage_metrics(text)
        with wave.open(str(AUDIO / SCRIPT[text.strip()])) as recording:
            rate, samples = recording.getframerate(), recording.readframes(recording.getnframes())

        async def pieces(size=rate // 10 * 2):
            for start in range(0, len(samples), size):
                yield samples[start : start + size]

        async for frame in self._stream_audio_frames_from_iterator(pieces(), in_sample_rate=rate, context_id=context_id):
            await self.stop_ttfb_metrics()
            yield frame


async def book_appointment(params):
    await params.result_callback({"confirmation": "4829"})


async def serializer(websocket, transport):
    """Pipecat's serializer of the provider. Hanging up through the provider's REST API is off: there is no provider."""
    if transport == "vonage":
        return VonageFrameSerializer()
    provider, call = await parse_telephony_websocket(websocket)
    if provider != transport:
        raise ValueError(f"the messages look like {provider}, not {transport}")
    if provider == "twilio":
        params = TwilioFrameSerializer.InputParams(auto_hang_up=False)
        return TwilioFrameSerializer(call["stream_id"], call["call_id"], params=params)
    if provider == "telnyx":
        params = TelnyxFrameSerializer.InputParams(auto_hang_up=False)
        return TelnyxFrameSerializer(
            call["stream_id"], call["outbound_encoding"], "PCMU", call_control_id=call["call_id"], params=params
        )
    if provider == "plivo":
        params = PlivoFrameSerializer.InputParams(auto_hang_up=False)
        return PlivoFrameSerializer(call["stream_id"], call["call_id"], params=params)
    return ExotelFrameSerializer(call["stream_id"], call["call_id"])


async def bot(args):
    """The runner calls this for each caller."""
    options = args.cli_args
    if isinstance(args, SmallWebRTCRunnerArguments):
        rates = (16000, 24000)
        transport = SmallWebRTCTransport(args.webrtc_connection, TransportParams(audio_in_enabled=True, audio_out_enabled=True))
    else:
        rates = (16000, 16000) if TRANSPORT == "vonage" else (8000, 8000)
        params = FastAPIWebsocketParams(
            audio_in_enabled=True, audio_out_enabled=True, serializer=await serializer(args.websocket, TRANSPORT)
        )
        transport = FastAPIWebsocketTransport(args.websocket, params)

    if options.turn == "smart":
        stop = TurnAnalyzerUserTurnStopStrategy(turn_analyzer=LocalSmartTurnAnalyzerV3())
    else:
        stop = SpeechTimeoutUserTurnStopStrategy()
    schema = FunctionSchema(
        name="book_appointment",
        description="Books an appointment.",
        properties={"day": {"type": "string"}, "time": {"type": "string"}},
        required=["day", "time"],
        handler=book_appointment,
    )
    user, assistant = LLMContextAggregatorPair(
        LLMContext(tools=[schema]),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=UserTurnStrategies(stop=[stop])
        ),
    )
    # Pipecat waits for a slow transcriber unless told of a fast one; it wants this above the 0.2 s of its own detector.
    transcriber = ScriptSTTService(ttfs_p99_latency=0.3, settings=STTSettings(model="counter", language=None))
    model = ScriptLLMService(options.think / 1000, options.tool_call)
    worker = PipelineWorker(
        Pipeline([transport.input(), transcriber, user, model, ScriptTTSService(), transport.output(), assistant]),
        params=PipelineParams(
            audio_in_sample_rate=rates[0],
            audio_out_sample_rate=rates[1],
            enable_metrics=True,
            enable_usage_metrics=True,
        ),
        # Adds Pipecat's RTVIProcessor and RTVIObserver; the names of functions are hidden unless asked for.
        enable_rtvi=True,
        enable_tracing=bool(options.otlp),
        rtvi_observer_params=RTVIObserverParams(function_call_report_level={"*": RTVIFunctionCallReportLevel.FULL}),
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)

    @transport.event_handler("on_client_connected")
    async def on_client_connected(transport, client):
        await worker.queue_frames([TTSSpeakFrame(GREETING)])

    @transport.event_handler("on_client_disconnected")
    async def on_client_disconnected(transport, client):
        await runner.cancel()

    await runner.run()


def announce_and_stop_at_once():
    """Makes uvicorn print `ready` once it listens, and end on a signal without waiting for calls in progress."""
    startup = uvicorn.Server.startup

    async def announced(server, sockets=None):
        await startup(server, sockets)
        print("ready", file=sys.__stdout__, flush=True)

    uvicorn.Server.startup = announced
    uvicorn.Server.handle_exit = lambda *_: os._exit(0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--transport", required=True, choices=["webrtc", "twilio", "telnyx", "plivo", "exotel", "vonage"])
    parser.add_argument("--port", required=True)
    own, rest = parser.parse_known_args()
    TRANSPORT = own.transport
    more = argparse.ArgumentParser()
    more.add_argument("--think", type=int, default=700, help="milliseconds")
    more.add_argument("--turn", choices=["vad", "smart"], default="vad")
    more.add_argument("--tool-call", action="store_true")
    more.add_argument("--otlp", help="where spans go, without /v1/traces")
    otlp = more.parse_known_args(rest)[0].otlp
    if otlp:
        setup_tracing("acme-dental", exporter=OTLPSpanExporter(endpoint=f"{otlp}/v1/traces"))
    if TRANSPORT == "vonage":
        # The runner knows Vonage's video sessions only, not its voice WebSocket; this route comes before the runner's.
        @app.websocket("/ws")
        async def vonage(websocket: WebSocket):
            await websocket.accept()
            args = WebSocketRunnerArguments(websocket=websocket)
            args.cli_args = more.parse_known_args(rest)[0]
            await bot(args)

    announce_and_stop_at_once()
    sys.argv[1:] = [*rest, "--host", "127.0.0.1", "--port", own.port]
    sys.argv += ["-t", "websocket" if TRANSPORT == "vonage" else TRANSPORT]
    with contextlib.redirect_stdout(sys.stderr):
        main(more)
