"""A user agent on pjsua2, as a bot or as a caller.

usage: agent.py bot PORT SAYS.wav HEARD.wav SECONDS
       agent.py call URI SAYS.wav HEARD.wav SECONDS
"""
import sys
import time

import pjsua2 as pj

role, where, says, heard, seconds = sys.argv[1:6]


class Call(pj.Call):
    player = recorder = None
    over = False

    def onCallMediaState(self, _):
        info = self.getInfo()
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status == pj.PJSUA_CALL_MEDIA_ACTIVE and self.player is None:
                line = self.getAudioMedia(index)
                self.player, self.recorder = pj.AudioMediaPlayer(), pj.AudioMediaRecorder()
                self.player.createPlayer(says, pj.PJMEDIA_FILE_NO_LOOP)
                self.recorder.createRecorder(heard)
                self.player.startTransmit(line)
                line.startTransmit(self.recorder)

    def onCallState(self, _):
        info = self.getInfo()
        print("state", info.stateText, info.lastStatusCode, flush=True)
        self.over = info.state == pj.PJSIP_INV_STATE_DISCONNECTED


class Account(pj.Account):
    call = None

    def onIncomingCall(self, incoming):
        self.call = Call(self, incoming.callId)
        answer = pj.CallOpParam()
        answer.statusCode = 200
        self.call.answer(answer)


endpoint = pj.Endpoint()
endpoint.libCreate()
config = pj.EpConfig()
config.uaConfig.threadCnt = 0
config.logConfig.level = 0
config.logConfig.consoleLevel = 0
endpoint.libInit(config)
transport = pj.TransportConfig()
transport.port = int(where) if role == "bot" else 0
transport.boundAddress = "127.0.0.1"
endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
endpoint.libStart()
endpoint.audDevManager().setNullDev()
account = Account()
settings = pj.AccountConfig()
settings.idUri = "sip:pjsua@127.0.0.1"
settings.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
account.create(settings)
if role == "call":
    account.call = Call(account)
    account.call.makeCall(where, pj.CallOpParam(True))
print("ready", flush=True)
end = time.monotonic() + float(seconds)
while time.monotonic() < end and not (account.call and account.call.over):
    endpoint.libHandleEvents(10)
if account.call and not account.call.over:
    account.call.hangup(pj.CallOpParam())
    for _ in range(50):
        endpoint.libHandleEvents(10)
ok = account.call is not None
if account.call:
    account.call.player = account.call.recorder = None
account.call = None
endpoint.libDestroy()
sys.exit(0 if ok else 1)
