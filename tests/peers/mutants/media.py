"""One call's audio: RTP (RFC 3550) of PCMU at 20 ms, telephone events (RFC 4733), and where the caller's speech ends."""

import asyncio
import collections
import random
import socket
import struct
import time

import sound

FRAME = 160
SILENT = b"\xff" * FRAME
LOUD = 250  # mean size of a voiced frame's samples
SIZE = [abs(sample) for sample in sound.EXPANDED]
HANGOVER = 0.45  # silence that ends the caller's turn
KEYS = "0123456789*#ABCD"
WITHOUT_A_DEADLINE = 1e9


class Media(asyncio.DatagramProtocol):
    """Sends a frame every 20 ms, by absolute deadlines, and reports what the caller does."""

    def __init__(self, behaviour, on_turn, on_key, on_end_of_reply):
        self.behaviour, self.on_turn, self.on_key, self.on_end = behaviour, on_turn, on_key, on_end_of_reply
        self.peer, self.event_type = None, None
        self.queue = collections.deque()  # (frame, reply) or ("key", ...)
        self.reply, self.began = -1, 0.0
        self.voiced, self.speaking_since, self.last_voice = 0, None, 0.0
        self.cleared_at = WITHOUT_A_DEADLINE
        self.listens, self.late = True, 0.0
        self.sequence, self.stamp, self.ssrc = random.randrange(1 << 16), random.randrange(1 << 31), random.randrange(1 << 32)
        self.held, self.second, self.random = [], None, random.Random(4)
        self.pressed, self.last_key = "", None

    async def open(self):
        self.transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = self.transport.get_extra_info("sockname")[1]

    def close(self):
        self.transport.close()
        if self.second:
            self.second.close()

    # What the caller sends.

    def datagram_received(self, packet, _address):
        if len(packet) < 12 or packet[0] >> 6 != 2 or not self.listens:
            return
        kind, payload = packet[1] & 0x7F, packet[12 + 4 * (packet[0] & 15) :]
        if kind == self.event_type and len(payload) >= 4:
            self.key_received(payload, packet[4:8])
        elif kind == 0 and payload:
            self.heard(sum(SIZE[byte] for byte in payload) / len(payload) > LOUD)

    def key_received(self, payload, stamp):
        if payload[1] & 0x80 and stamp != self.last_key and payload[0] < len(KEYS):
            self.last_key = stamp
            self.on_key(KEYS[payload[0]])

    def heard(self, loud):
        now = time.monotonic()
        self.voiced = self.voiced + 1 if loud else 0
        if loud:
            self.last_voice = now
        if self.voiced == 3 and self.speaking_since is None:
            self.speaking_since = now
            if self.queue and self.behaviour.stops is not None:
                self.cleared_at = now + self.behaviour.stops
            self.on_turn("begins", now)

    # What the bot sends.

    def say(self, reply, parts):
        """Queues a reply: payload bytes, and pauses in seconds."""
        for part in parts:
            if isinstance(part, float):
                self.queue.extend([(SILENT, reply)] * round(part * 50))
                continue
            self.queue.extend((part[at : at + FRAME].ljust(FRAME, b"\xff"), reply) for at in range(0, len(part), FRAME))
        self.reply, self.began = reply, time.monotonic()

    def press(self, keys):
        """RFC 4733: each key for 100 ms, its end three times, then 60 ms of silence. A comma is a pause of 300 ms."""
        for key in keys:
            if key == ",":
                self.queue.extend([(SILENT, None)] * 15)
                continue
            steps = [(n * FRAME, False) for n in range(1, 5)] + [(5 * FRAME, True)] * 3
            self.queue.extend(("key", KEYS.index(key), length, end, n) for n, (length, end) in enumerate(steps))
            self.queue.extend([(SILENT, None)] * 3)

    async def run(self):
        start, tick = time.monotonic(), 0
        while True:
            due = start + tick * 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.late = max(self.late, time.monotonic() - due)
            self.tick(tick)
            tick += 1

    def tick(self, tick):
        now = time.monotonic()
        if self.speaking_since is not None and now - self.last_voice > HANGOVER:
            self.speaking_since = None
            self.on_turn("ended", self.last_voice)
        if now >= self.cleared_at:
            self.queue.clear()
            self.cleared_at = WITHOUT_A_DEADLINE
        slow = self.behaviour.rtp == "slow" and self.queue and self.queue[0][1] == self.behaviour.rtp_in
        if self.behaviour.mute or self.peer is None or (slow and tick % 2):
            self.queue.clear() if self.behaviour.mute else None
            return
        item = self.queue.popleft() if self.queue else (SILENT, None)
        if item[0] == "key":
            self.send_key(*item[1:])
        else:
            self.send_frame(*item, now)
            if item[1] is not None and (not self.queue or self.queue[0][1] != item[1]):
                self.on_end(item[1])
        self.stamp = (self.stamp + FRAME) & 0xFFFFFFFF

    def send_key(self, key, length, end, nth):
        if nth == 0:
            self.key_stamp = self.stamp
        payload = struct.pack("!BBH", key, 0x80 * end | 10, length)
        self.send(self.packet(payload, self.event_type, self.key_stamp, marker=nth == 0))

    def send_frame(self, frame, reply, now):
        fault = self.behaviour.rtp if reply is not None and reply == self.behaviour.rtp_in else None
        into = now - self.began
        packet = self.packet(frame, 97 if fault == "type" else 0, self.stamp)
        if fault == "loss" and self.random.random() < 0.1 or fault == "gap" and 0.95 <= into < 1.25:
            return
        if fault == "burst":
            self.held.append(packet)
            if len(self.held) < 12:
                return
        elif fault == "moves" and into > 1.5:
            self.send_elsewhere(frame)
            return
        for held in self.held or [packet]:
            self.send(held)
        self.held = []

    def send_elsewhere(self, frame):
        if self.second is None:
            self.second = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.second.bind(("127.0.0.1", 0))
            self.sequence, self.ssrc = random.randrange(1 << 16), self.ssrc ^ 0x5A5A5A5A
        self.second.sendto(self.packet(frame, 0, self.stamp), self.peer)

    def packet(self, payload, kind, stamp, marker=False):
        self.sequence = (self.sequence + 1) & 0xFFFF
        return struct.pack("!BBHII", 0x80, 0x80 * marker | kind, self.sequence, stamp, self.ssrc) + payload

    def send(self, packet):
        self.transport.sendto(packet, self.peer)
