#!/usr/bin/env python3
"""A voice bot with one defect: SIP over UDP (RFC 3261) and RTP, from the standard library alone.

    bot.py [--port PORT] [--log FILE]     prints "ready PORT"

The user part of the called URI names a dialogue or a mutant of table.py: sip:order@127.0.0.1:5070, sip:w01@127.0.0.1:5070.
"""

import argparse
import asyncio
import os
import random
import re
import time

import table
from media import Media

T1 = 0.5
SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}


class Message:
    """A SIP message; header names are lower-case and long."""

    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
        self.headers = []
        for line in lines:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            self.headers.append((SHORT.get(name, name), value.strip()))
        self.is_response = self.first.startswith("SIP/2.0")
        self.method = self.all("cseq")[0].split()[1]

    def all(self, name):
        return [value for header, value in self.headers if header == name]

    def __getitem__(self, name):
        return next(iter(self.all(name)), "")


def uri_of(header):
    """The URI of a name-addr or addr-spec."""
    quoted = re.sub(r'"(\\.|[^"\\])*"', "", header)
    found = re.search(r"<([^>]*)>", quoted)
    return found.group(1) if found else quoted.split(";")[0].strip()


class Call:
    """One dialog, from the INVITE on."""

    def __init__(self, bot, invite, source):
        self.bot, self.invite, self.source = bot, invite, source
        user = re.match(r"sips?:([^@;]*)@", invite.first.split()[1])
        self.user = user.group(1)
        self.behaviour = table.behaviour(self.user)
        self.tag, self.cseq = f"{random.getrandbits(48):x}", 100
        self.replies = table.payloads(self.behaviour)
        self.media = Media(self.behaviour, self.turn, self.key, self.reply_ended)
        self.acknowledged, self.over, self.next_reply, self.keys = asyncio.Event(), False, 0, ""
        self.tasks, self.confirmed, self.quiet_since = set(), {}, None
        self.spawn(self.serve())

    def spawn(self, work):
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.finished)

    def finished(self, task):
        self.tasks.discard(task)
        if not task.cancelled() and task.exception():
            asyncio.get_running_loop().call_exception_handler({"message": "a call failed", "exception": task.exception()})

    # Signalling.

    def respond(self, request, status, body="", more=()):
        lines = [f"SIP/2.0 {status}"]
        for name in ("via", "record-route", "from", "to", "call-id", "cseq"):
            for value in request.all(name):
                if name == "to" and ";tag=" not in value and not status.startswith("100"):
                    value += f";tag={self.tag}"
                lines.append(f"{name.title()}: {value}")
        lines += [f"Contact: <sip:bot@{self.bot.address}>", *more]
        self.bot.send("\r\n".join([*lines, *payload(body)]), self.source)

    def request(self, method, cseq=None, body="", more=()):
        if cseq is None:
            self.cseq += 1
        number = self.cseq if cseq is None else cseq
        own = self.invite["to"] + ("" if ";tag=" in self.invite["to"] else f";tag={self.tag}")
        lines = [
            f"{method} {uri_of(self.invite['contact'])} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.bot.address};branch=z9hG4bK{random.getrandbits(64):x};rport",
            "Max-Forwards: 70",
            f"From: {own}",
            f"To: {self.invite['from']}",
            f"Call-ID: {self.invite['call-id']}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:bot@{self.bot.address}>",
            *[f"Route: {route}" for route in self.invite.all("record-route")],
            *more,
        ]
        return number, "\r\n".join([*lines, *payload(body)])

    async def transact(self, method, body="", more=()):
        """Sends a request until a final response comes (RFC 3261, 17.1)."""
        number, text = self.request(method, body=body, more=more)
        answer = self.confirmed[number] = asyncio.get_running_loop().create_future()
        for attempt in range(7):
            self.bot.send(text, self.source)
            try:
                response = await asyncio.wait_for(asyncio.shield(answer), min(T1 * 2**attempt, 4.0))
            except asyncio.TimeoutError:
                continue
            if method == "INVITE":
                self.bot.send(self.request("ACK", cseq=number)[1], self.source)
            return response
        return None

    def received(self, message):
        if message.is_response:
            waiting = self.confirmed.get(int(message["cseq"].split()[0]))
            if waiting and not waiting.done() and message.first.split()[1] >= "200":
                waiting.set_result(message)
        elif message.method == "ACK":
            self.acknowledged.set()
        elif message.method == "BYE":
            if self.behaviour.answers_bye:
                self.respond(message, "200 OK")
            self.end()
        elif message.method == "CANCEL":
            self.respond(message, "200 OK")
            self.respond(self.invite, "487 Request Terminated")
            self.end()
        elif message.method == "INVITE" and ";tag=" in message["to"]:
            self.media.peer, self.media.event_type = offered(message.body)
            self.respond(message, "200 OK", self.description())
        elif message.method != "INVITE":
            self.respond(message, "200 OK")

    def end(self):
        if not self.over and self.bot.log:
            print(self.user, f"{1000 * self.media.late:.1f}", file=self.bot.log, flush=True)
        self.over = True
        for task in list(self.tasks):
            task.cancel()
        self.media.close()
        # The dialog is kept for a while, to answer what is sent again.
        asyncio.get_running_loop().call_later(10, self.bot.calls.pop, self.invite["call-id"], None)

    def description(self, port=None, direction="sendrecv"):
        codec, events = ("0", self.media.event_type) if self.behaviour.setup != "codec" else ("18", None)
        port = self.media.port if port is None else port
        lines = ["v=0", "o=bot 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
        lines += [f"m=audio {port} RTP/AVP {codec}" + (f" {events}" if events else "")]
        lines += ["a=rtpmap:0 PCMU/8000"] if codec == "0" else ["a=rtpmap:18 G729/8000"]
        lines += [f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15"] if events else []
        return "\r\n".join([*lines, "a=ptime:20", f"a={direction}", ""])

    async def serve(self):
        setup = self.behaviour.setup
        await self.media.open()
        if setup == "mute":
            return
        self.respond(self.invite, "100 Trying")
        if setup[0] in "3456" or setup.startswith("180 "):
            if setup.startswith("180 "):
                self.respond(self.invite, "180 Ringing")
                await asyncio.sleep(0.5)
            return await self.answer(setup.removeprefix("180 "), "")
        self.respond(self.invite, "180 Ringing")
        if setup == "180":
            return
        self.media.peer, self.media.event_type = offered(self.invite.body)
        if setup == "early":
            await self.speak_early()
        self.spawn(self.media.run())
        self.media.listens = setup != "sendonly"
        direction = "sendonly" if setup == "sendonly" else "sendrecv"
        body = "" if setup == "no sdp" else self.description(0 if setup == "port 0" else None, direction)
        # Nothing is said before the caller's ACK.
        self.spawn(self.answer("200 OK", body))
        await self.acknowledged.wait()
        self.leave_after("answer", 0)
        await asyncio.sleep(self.behaviour.delays.get(0, 0.4))
        self.reply(0)

    async def answer(self, status, body):
        """Sends a final response until the ACK (RFC 3261, 13.3.1.4)."""
        for attempt in range(10):
            self.respond(self.invite, status, body)
            try:
                return await asyncio.wait_for(self.acknowledged.wait(), min(T1 * 2**attempt, 4.0))
            except asyncio.TimeoutError:
                pass

    async def speak_early(self):
        self.respond(self.invite, "183 Session Progress", self.description())
        self.behaviour.mute = False
        self.media.say(0, self.replies[0])
        running = asyncio.get_running_loop().create_task(self.media.run())
        await asyncio.sleep(2.5)
        running.cancel()
        self.behaviour.mute = True

    async def hang_up(self):
        await self.transact("BYE")
        self.end()

    # The dialogue.

    def turn(self, what, at):
        behaviour = self.behaviour
        if what == "begins":
            self.leave_after("caller", self.next_reply)
        if what == "begins" and behaviour.talks_over == self.next_reply:
            self.later(at + 0.4, self.next_reply)
        elif what == "ended" and behaviour.talks_over != self.next_reply - 1:
            self.later(at + behaviour.delays.get(self.next_reply, 0.6), self.next_reply)

    def later(self, at, reply):
        if reply in self.replies and reply == self.next_reply and reply:
            self.next_reply += 1
            self.spawn(self.reply_at(at, reply))

    async def reply_at(self, at, reply):
        await asyncio.sleep(max(0.0, at - time.monotonic()))
        self.reply(reply)

    def reply(self, reply):
        self.next_reply = max(self.next_reply, reply + 1)
        self.leave_after("start", reply)
        leaves = self.behaviour.leaves
        if leaves and leaves[:2] == ("start", reply) and leaves[2] == 0:
            return
        self.media.say(reply, self.replies[reply])

    def leave_after(self, what, reply):
        leaves = self.behaviour.leaves
        if leaves and leaves[:2] == (what, reply):
            self.spawn(self.hang_up_in(leaves[2]))

    async def hang_up_in(self, seconds):
        await asyncio.sleep(seconds)
        await self.hang_up()

    def reply_ended(self, reply):
        behaviour = self.behaviour
        self.leave_after("end", reply)
        if behaviour.reinvite and behaviour.reinvite[1] == reply:
            self.spawn(self.reinvite(behaviour.reinvite[0]))
        if behaviour.impatient and reply == 0:
            self.spawn(self.prompt(*behaviour.impatient))
        if reply == max(self.replies):
            if behaviour.refer:
                self.spawn(self.transfer())
            elif behaviour.hangs_up:
                self.spawn(self.hang_up_in(0.4))

    async def prompt(self, seconds, words):
        await asyncio.sleep(seconds)
        self.media.say(len(self.replies), table.payload(words))

    async def reinvite(self, where):
        if where == "dead":
            self.media.listens = False
        await self.transact("INVITE", self.description(1 if where == "dead" else None))

    async def transfer(self):
        to = f"<sip:{self.behaviour.refer}@{self.bot.address}>"
        await self.transact("REFER", more=[f"Refer-To: {to}", f"Referred-By: <sip:bot@{self.bot.address}>"])
        await self.hang_up_in(0.3)

    def key(self, key):
        self.keys += key
        if key == "#" and self.behaviour.keys:
            asyncio.get_running_loop().call_later(0.5, self.media.press, self.behaviour.keys)


def payload(body):
    kind = ["Content-Type: application/sdp"] if body.startswith("v=0") else []
    return [*kind, f"Content-Length: {len(body)}", "", body]


def offered(body):
    """Where the caller listens, and its payload type of telephone events."""
    host = re.search(r"^c=IN IP4 (\S+)", body, re.M).group(1)
    port = int(re.search(r"^m=audio (\d+)", body, re.M).group(1))
    events = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", body, re.M)
    return (host, port), int(events.group(1)) if events else None


class Bot(asyncio.DatagramProtocol):
    def __init__(self, log):
        self.calls, self.log = {}, log

    def connection_made(self, transport):
        self.transport = transport
        self.address = "{}:{}".format(*transport.get_extra_info("sockname"))

    def send(self, text, address):
        self.transport.sendto(text.encode(), address)

    def datagram_received(self, data, source):
        if not data.strip():
            return
        message = Message(data.decode())
        call = self.calls.get(message["call-id"])
        if call:
            call.received(message)
        elif message.method == "INVITE" and not message.is_response:
            self.calls[message["call-id"]] = Call(self, message, source)


def prefer_this_process():
    """A bot that paces its audio must not wait for the processor: SCHED_FIFO where allowed, as for a media server in production."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--log", type=argparse.FileType("a"), help="one line per call: whom it called, how late its latest frame was, in ms")
    arguments = arguments.parse_args()
    table.prepare()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Bot(arguments.log), local_addr=("127.0.0.1", arguments.port))
    print("ready", transport.get_extra_info("sockname")[1], flush=True)
    prefer_this_process()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
