//! One call: the transport, the lanes and the conversation, joined by one loop.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::clips::Clips;
use super::event::Event;
use super::finished::{Failure, Finished};
use super::hearsay::SpanSource;
use super::hook;
use super::lanes::{Detected, DetectionLane, TranscriptionLane};
use super::pacer::{Lateness, PacedStream, Pacer, Progress};
use super::recording::CallerTrack;
use super::signalling::Signalling;
use crate::call::{CallTime, Conversation, EndCause, Input, InputKind, Output, Playback, Span, SpeechEdge, TurnResult};
use crate::clock::CallClock;
use crate::media::Timeline;
use crate::media::detect::{self, DetectorConfig, SpeechDetector, SpeechModel};
use crate::media::quality::{PacketLog, Quality};
use crate::scenario::{Scenario, Step, Target};
use crate::speech::stt::{SttError, segment_audio};
use crate::telemetry::{Report, TraceContext};
use crate::transport::{Call, CallEvent, Capture, Dial, DialError, SentDigits, Transport};

/// How often the detector is fed.
const TICK: Duration = Duration::from_millis(20);
/// Samples worth a trip through the detection lane.
const LEAST_SAMPLES: usize = 256;
/// A bot that says more of itself than this in one call is not listened to any longer.
const MOST_REPORTS: usize = 50_000;

/// What every call of a run shares.
#[derive(Clone)]
pub struct Services {
    /// Places calls.
    pub transport: Arc<dyn Transport>,
    /// Sends the callers' packets.
    pub pacer: Pacer,
    /// Detects speech.
    pub detection: DetectionLane,
    /// The detector's model.
    pub model: SpeechModel,
    /// Turns speech into words.
    pub transcription: TranscriptionLane,
    /// The callers' recordings.
    pub clips: Arc<Clips>,
    /// Ends every call early.
    pub cancel: CancellationToken,
    /// Whether each call's packets are taken down beside its recording.
    pub capture: bool,
    /// The run's number, by which a bot's logs can be joined to it.
    pub run: u64,
    /// Where the bots export their spans to.
    pub spans: Option<Arc<SpanSource>>,
    /// The run's event stream.
    pub events: mpsc::UnboundedSender<Event>,
}

/// Places the call and follows it to its end.
pub(super) async fn run(number: usize, scenario: Arc<Scenario>, target: Target, capture: Option<&Path>, services: &Services) -> Finished {
    let clock = CallClock::start();
    let capture = match capture.map(|path| Capture::create(path, clock)).transpose() {
        Ok(capture) => capture.map(Arc::new),
        Err(error) => return Finished::not_answered(clock.now(), Failure::Dial(DialError::local("no packet capture", error))),
    };
    let (events, mut incoming) = mpsc::unbounded_channel();
    let rtp = !matches!(target, Target::WebSocket(_) | Target::Originate(_));
    let trace = TraceContext::random().in_run(services.run);
    let dial = Dial { target, clock, trace, capture, events };
    let answer = tokio::select! {
        answer = services.transport.dial(dial) => answer.map_err(Failure::Dial),
        () = services.cancel.cancelled() => Err(Failure::Interrupted),
    };
    match answer {
        Ok(call) => {
            let finished = Driver::new(number, scenario, services, clock, call, incoming).drive().await;
            Finished { trace: Some(trace), rtp, ..finished }
        }
        Err(failure) => {
            let mut signalling = Signalling::default();
            let mut notes = Vec::new();
            while let Ok(event) = incoming.try_recv() {
                match event {
                    CallEvent::Note(note) => notes.push(note),
                    event => signalling.take(&event),
                }
            }
            Finished { signalling, notes, ..Finished::not_answered(clock.now(), failure) }
        }
    }
}

/// A segment on its way to words.
struct Words {
    span: Span,
    reply: oneshot::Receiver<Result<String, SttError>>,
}

struct Driver<'a> {
    number: usize,
    scenario: Arc<Scenario>,
    services: &'a Services,
    clock: CallClock,
    call: Call,
    incoming: mpsc::UnboundedReceiver<CallEvent>,
    progress: mpsc::UnboundedReceiver<Progress>,
    stream: Option<PacedStream>,
    conversation: Conversation,
    timeline: Timeline,
    packets: PacketLog,
    speech: Vec<(Span, Range<usize>)>,
    signalling: Signalling,
    caller: CallerTrack,
    playing: Option<usize>,
    detector: Option<Box<SpeechDetector>>,
    detecting: Option<oneshot::Receiver<Detected>>,
    backlog: Vec<i16>,
    /// Onset of the segment under way, fixed when it was first reported.
    onset: Option<CallTime>,
    words: VecDeque<Words>,
    hook: Option<oneshot::Receiver<(bool, String)>>,
    digits: Option<oneshot::Receiver<Result<SentDigits, String>>>,
    wake: Option<CallTime>,
    /// The call is over for this reason; the rest of its audio is still being looked at.
    ending: Option<EndCause>,
    last_fed: bool,
    ended: bool,
    turns: Vec<TurnResult>,
    transcript_lag: Duration,
    reports: Vec<(CallTime, Report)>,
    received: BTreeMap<CallTime, CallTime>,
    caller_speech: Vec<CallTime>,
    notes: Vec<String>,
    failure: Option<Failure>,
}

/// What the loop woke up for.
enum Woken {
    Incoming(Option<CallEvent>),
    Progress(Progress),
    Detected(Option<Detected>),
    Words(Result<String, String>),
    Hook(bool, String),
    Digits(Result<SentDigits, String>),
    Tick,
    Wake,
    Cancelled,
}

impl<'a> Driver<'a> {
    fn new(
        number: usize,
        scenario: Arc<Scenario>,
        services: &'a Services,
        clock: CallClock,
        mut call: Call,
        incoming: mpsc::UnboundedReceiver<CallEvent>,
    ) -> Self {
        let (report, progress) = mpsc::unbounded_channel();
        let sink = std::mem::replace(&mut call.sink, Box::new(super::NoSink));
        Self {
            number,
            conversation: Conversation::new(Arc::clone(&scenario)),
            scenario,
            clock,
            stream: Some(services.pacer.add(sink, report)),
            detector: Some(Box::new(SpeechDetector::new(services.model.clone(), DetectorConfig::default()))),
            services,
            call,
            incoming,
            progress,
            timeline: Timeline::default(),
            packets: PacketLog::default(),
            speech: Vec::new(),
            signalling: Signalling::default(),
            caller: CallerTrack::default(),
            playing: None,
            detecting: None,
            backlog: Vec::new(),
            onset: None,
            words: VecDeque::new(),
            hook: None,
            digits: None,
            wake: None,
            ending: None,
            last_fed: false,
            ended: false,
            turns: Vec::new(),
            transcript_lag: Duration::ZERO,
            reports: Vec::new(),
            received: BTreeMap::new(),
            caller_speech: Vec::new(),
            notes: Vec::new(),
            failure: None,
        }
    }

    async fn drive(mut self) -> Finished {
        let answered_at = self.call.answered_at;
        let answered = Event::CallAnswered { call: self.number, setup: answered_at };
        self.emit(answered);
        self.tell_at(answered_at, InputKind::Connected).await;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.conversation.is_over() && self.failure.is_none() {
            let woken = self.wait(&mut ticks).await;
            self.on(woken).await;
        }
        self.finish(answered_at).await
    }

    async fn wait(&mut self, ticks: &mut tokio::time::Interval) -> Woken {
        let wake = self.wake.map(|at| Instant::now() + at.saturating_since(self.clock.now()));
        let cancellable = self.ending.is_none();
        tokio::select! {
            biased;
            () = self.services.cancel.cancelled(), if cancellable => Woken::Cancelled,
            Some(progress) = self.progress.recv() => Woken::Progress(progress),
            event = self.incoming.recv(), if self.ending.is_none() => Woken::Incoming(event),
            detected = maybe(&mut self.detecting) => Woken::Detected(detected.ok()),
            words = first_words(&mut self.words) => Woken::Words(words),
            done = maybe(&mut self.hook) => { let (success, message) = done.unwrap_or((false, "it was lost".to_owned())); Woken::Hook(success, message) }
            sent = maybe(&mut self.digits) => Woken::Digits(sent.unwrap_or_else(|_| Err("the digits were lost".to_owned()))),
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => Woken::Wake,
            _ = ticks.tick() => Woken::Tick,
        }
    }

    async fn on(&mut self, woken: Woken) {
        match woken {
            Woken::Incoming(Some(CallEvent::Digit(_, digit))) => self.tell(InputKind::Dtmf(digit)).await,
            Woken::Incoming(Some(event)) => self.incoming(event).await,
            Woken::Incoming(None) => self.end(EndCause::Lost("the transport gave up".to_owned())),
            Woken::Progress(progress) => self.progressed(progress).await,
            Woken::Detected(detected) => self.detected(detected).await,
            Woken::Words(words) => self.transcribed(words).await,
            Woken::Hook(success, message) => {
                self.hook = None;
                self.tell(InputKind::HookDone { success, message }).await;
            }
            Woken::Digits(sent) => self.pressed(sent).await,
            Woken::Tick => self.tick().await,
            Woken::Wake => {
                self.wake = None;
                self.tell(InputKind::Timeout).await;
            }
            Woken::Cancelled => {
                self.call.control.hang_up().await;
                self.end(EndCause::Cancelled);
            }
        }
    }

    async fn incoming(&mut self, event: CallEvent) {
        match event {
            CallEvent::Media(frame) => {
                self.packets.push(&frame);
                self.timeline.push(&frame);
            }
            CallEvent::HungUp(_) => {
                self.end(EndCause::BotHungUp);
                // What came before the goodbye may still be in the queue behind it.
                while let Ok(event) = self.incoming.try_recv() {
                    if matches!(event, CallEvent::Media(_) | CallEvent::Report(..)) {
                        Box::pin(self.incoming(event)).await;
                    }
                }
            }
            CallEvent::Lost(at, why) => self.notes.push(format!("{why} (at {at})")),
            CallEvent::Note(note) => self.notes.push(note),
            CallEvent::Broken(at, why) => self.failure = Some(Failure::Broken(format!("{why} (at {at})"))),
            CallEvent::Report(at, report) => {
                if self.reports.len() < MOST_REPORTS {
                    self.emit(Event::Report { call: self.number, at, report: report.clone() });
                    self.reports.push((at, report));
                }
            }
            CallEvent::Ringing(_) | CallEvent::Response(..) => self.signalling.take(&event),
            CallEvent::Digit(..) => {}
            CallEvent::Transfer(_, to) => self.tell(InputKind::Transfer(to)).await,
        }
    }

    /// The caller's digits are out: the reply is due from the last one on.
    async fn pressed(&mut self, sent: Result<SentDigits, String>) {
        self.digits = None;
        match sent {
            Ok(SentDigits { first, last }) => {
                let (speech_start, speech_end) = (self.clock.at(first), self.clock.at(last));
                self.tell(InputKind::Playback(Playback::Started { speech_start })).await;
                self.tell(InputKind::Playback(Playback::SpeechEnded { speech_end })).await;
                self.tell(InputKind::Playback(Playback::Finished)).await;
            }
            Err(_) if self.ending.is_some() => {}
            Err(why) => {
                self.failure = Some(Failure::Broken(format!("no digits were sent: {why}")));
                self.call.control.hang_up().await;
            }
        }
    }

    async fn progressed(&mut self, progress: Progress) {
        match progress {
            Progress::Started(at) => {
                let clip = self.playing.and_then(|step| self.services.clips.of(&self.scenario.steps[step]));
                if let Some(clip) = clip {
                    self.caller.put(self.clock.at(at), &clip.samples);
                }
            }
            Progress::SpeechStarted(at) => {
                let speech_start = self.clock.at(at);
                self.caller_speech.push(speech_start);
                self.tell(InputKind::Playback(Playback::Started { speech_start })).await;
            }
            Progress::SpeechEnded(at) => {
                let speech_end = self.clock.at(at);
                self.tell(InputKind::Playback(Playback::SpeechEnded { speech_end })).await;
            }
            Progress::Finished => self.tell(InputKind::Playback(Playback::Finished)).await,
        }
    }

    /// Hands the detector what has come in; at the end of the call, the rest of it.
    async fn tick(&mut self) {
        let now = self.clock.now();
        if self.ending.is_some() {
            self.backlog.extend_from_slice(self.timeline.rest());
        } else {
            self.backlog.extend_from_slice(self.timeline.ready(now));
        }
        let last = self.ending.is_some() && !self.last_fed;
        if self.backlog.len() < LEAST_SAMPLES && !last {
            return;
        }
        if let Some(detector) = self.detector.take() {
            self.last_fed |= last;
            let samples = std::mem::take(&mut self.backlog);
            self.detecting = Some(self.services.detection.feed(detector, samples, last));
        }
    }

    async fn detected(&mut self, detected: Option<Detected>) {
        self.detecting = None;
        let Some(Detected { detector, edges }) = detected else {
            self.failure = Some(Failure::Transcription("the detection lane is gone".to_owned()));
            return;
        };
        self.detector = Some(detector);
        match edges {
            Ok(edges) => {
                for edge in edges {
                    self.edge(edge).await;
                }
            }
            Err(error) => self.failure = Some(Failure::Transcription(error.to_string())),
        }
        if self.last_fed && !self.ended {
            self.ended = true;
            if let Some(cause) = self.ending.clone() {
                self.tell(InputKind::Ended(cause)).await;
            }
        }
    }

    async fn edge(&mut self, edge: detect::SpeechEdge) {
        match edge {
            detect::SpeechEdge::Started { onset } => {
                let arrived = self.timeline.received_at(onset);
                let onset = self.timeline.heard_at(onset);
                self.onset = Some(onset);
                self.received.insert(onset, arrived);
                self.tell(InputKind::RemoteSpeech(SpeechEdge::Started { onset })).await;
            }
            detect::SpeechEdge::Ended { onset: first, end: last, .. } => {
                let onset = self.onset.take().unwrap_or_else(|| self.timeline.heard_at(first));
                let end = self.timeline.heard_until(last);
                self.tell(InputKind::RemoteSpeech(SpeechEdge::Ended { onset, end })).await;
                let range = usize::try_from(first).unwrap_or(0)..usize::try_from(last).unwrap_or(0);
                self.speech.push((Span { start: onset, end }, range.clone()));
                let audio = segment_audio(self.timeline.recording(), range);
                self.words.push_back(Words { span: Span { start: onset, end }, reply: self.services.transcription.transcribe(audio) });
            }
        }
    }

    async fn transcribed(&mut self, words: Result<String, String>) {
        let Some(Words { span, .. }) = self.words.pop_front() else { return };
        self.transcript_lag = self.transcript_lag.max(self.clock.now().saturating_since(span.end));
        match words {
            Ok(text) => self.tell(InputKind::Transcript { span, text, is_final: true }).await,
            Err(error) => {
                self.failure = Some(Failure::Transcription(error));
                self.call.control.hang_up().await;
            }
        }
    }

    async fn tell(&mut self, kind: InputKind) {
        self.tell_at(self.clock.now(), kind).await;
    }

    /// Tells the conversation, then does what it asks for.
    async fn tell_at(&mut self, at: CallTime, kind: InputKind) {
        let input = Input { at, kind };
        self.emit(Event::Input { call: self.number, input: input.clone() });
        self.conversation.handle(input);
        while let Some(output) = self.conversation.poll() {
            self.obey(output).await;
        }
    }

    async fn obey(&mut self, output: Output) {
        match output {
            Output::Play { step } => {
                let clip = self.scenario.steps.get(step).and_then(|step| self.services.clips.of(step));
                if let (Some(clip), Some(stream)) = (clip, &self.stream) {
                    self.playing = Some(step);
                    stream.play(clip);
                }
            }
            Output::StopPlay => {
                self.caller.cut(self.clock.now());
                if let Some(stream) = &self.stream {
                    stream.stop();
                }
            }
            Output::SendDtmf(digits) => {
                let (control, (reply, sent)) = (Arc::clone(&self.call.control), oneshot::channel());
                tokio::spawn(async move {
                    // A call that is over needs no news of its digits.
                    let _over = reply.send(control.send_digits(&digits).await);
                });
                self.digits = Some(sent);
            }
            Output::Hangup => {
                self.call.control.hang_up().await;
                self.end(EndCause::CallerHungUp);
            }
            Output::RunHook { step, within } => {
                if let Some(Step::Hook(step)) = self.scenario.steps.get(step) {
                    self.hook = Some(hook::start(step.command.clone(), within));
                }
            }
            Output::WakeAt(at) => self.wake = Some(at),
            Output::Turn(turn) => {
                self.emit(Event::Turn { call: self.number, turn: turn.clone() });
                self.turns.push(*turn);
            }
        }
    }

    fn end(&mut self, cause: EndCause) {
        self.ending.get_or_insert(cause);
    }

    fn emit(&self, event: Event) {
        // Without a listener there is nobody to tell.
        let _nobody = self.services.events.send(event);
    }

    async fn finish(mut self, answered_at: CallTime) -> Finished {
        // Idempotent: whatever ended the call, nothing of it stays behind.
        self.call.control.hang_up().await;
        let lateness = match self.stream.take() {
            Some(stream) => stream.close().await,
            None => Lateness::default(),
        };
        let reception = self.call.control.reception();
        // A goodbye that went wrong is told behind the end.
        while let Ok(event) = self.incoming.try_recv() {
            if let CallEvent::Note(note) = event {
                self.notes.push(note);
            }
        }
        if self.ending == Some(EndCause::Cancelled) {
            self.failure.get_or_insert(Failure::Interrupted);
        }
        if reception.packets == 0 {
            self.notes.push("no audio came from the bot; over SIP and WebRTC, check its media address and the firewall".to_owned());
        }
        self.turns.sort_by_key(|turn| turn.step);
        Finished {
            answered_at: Some(answered_at),
            ended_at: self.clock.now(),
            call_id: Some(self.call.call_id),
            codec: Some(self.call.codec),
            reports: self.reports,
            received: self.received,
            caller_speech: self.caller_speech,
            zero_unix_ns: self.clock.zero_unix_nanos(),
            trace: None,
            round_trip: self.call.control.round_trip(),
            send_lag: self.call.control.send_lag(),
            turns: self.turns,
            timeline: self.timeline,
            signalling: self.signalling,
            rtp: false,
            packets: self.packets,
            speech: self.speech,
            quality: Quality::default(),
            caller: self.caller,
            lateness,
            reception,
            transcript_lag: self.transcript_lag,
            notes: self.notes,
            failure: self.failure,
        }
    }
}

/// Waits for a reply where one is due, forever where none is.
async fn maybe<T>(receiver: &mut Option<oneshot::Receiver<T>>) -> Result<T, oneshot::error::RecvError> {
    match receiver {
        Some(receiver) => receiver.await,
        None => std::future::pending().await,
    }
}

/// Waits for the words of the oldest segment.
async fn first_words(words: &mut VecDeque<Words>) -> Result<String, String> {
    match words.front_mut() {
        Some(first) => {
            (&mut first.reply).await.map_err(|_| "the transcription lane lost the segment".to_owned())?.map_err(|error| error.to_string())
        }
        None => std::future::pending().await,
    }
}
