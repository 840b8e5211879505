//! One call: the transport, the lanes and the conversation, joined by one loop.

mod acts;
mod heard;

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
use super::lanes::{Detected, DetectionLane, TranscriptionLane};
use super::pacer::{Lateness, PacedStream, Pacer, Progress};
use super::recording::CallerTrack;
use super::signalling::Signalling;
use super::telemetry::SpanSource;
use crate::call::{Conversation, EndCause, Input, InputKind, TurnResult};
use crate::clock::CallClock;
use crate::media::Timeline;
use crate::media::detect::{DetectorConfig, SpeechDetector, SpeechModel};
use crate::media::quality::{PacketLog, Quality};
use crate::scenario::{Scenario, Target};
use crate::telemetry::{Report, TraceContext};
use crate::time::{CallTime, Span};
use crate::transport::{Call, CallEvent, Capture, Dial, DialError, SentDigits, Transport};
use heard::{Words, first_words};

/// How often the detector is fed.
const TICK: Duration = Duration::from_millis(20);
/// A bot that says more of itself than this in one call is not listened to any longer.
const MOST_REPORTS: usize = 50_000;
/// Nor is one whose reports take more bytes of JSON than this.
const MOST_REPORT_BYTES: usize = 64 << 20;

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
            let (mut signalling, mut notes) = (Signalling::default(), Vec::new());
            while let Ok(event) = incoming.try_recv() {
                signalling.take(&event);
                if let CallEvent::Note(note) = event {
                    notes.push(note);
                }
            }
            Finished {
                call_id: signalling.call_id.take(),
                signalling,
                notes,
                trace: Some(trace),
                ..Finished::not_answered(clock.now(), failure)
            }
        }
    }
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
    digits: Option<oneshot::Receiver<Result<SentDigits, String>>>,
    wake: Option<CallTime>,
    /// The call is over for this reason; the rest of its audio is still being looked at.
    ending: Option<EndCause>,
    last_fed: bool,
    ended: bool,
    turns: Vec<TurnResult>,
    transcript_lag: Duration,
    reports: Vec<(CallTime, Report)>,
    report_bytes: usize,
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
            digits: None,
            wake: None,
            ending: None,
            last_fed: false,
            ended: false,
            turns: Vec::new(),
            transcript_lag: Duration::ZERO,
            reports: Vec::new(),
            report_bytes: 0,
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
            sent = maybe(&mut self.digits) => Woken::Digits(sent.unwrap_or_else(|_| Err("the digits were lost".to_owned()))),
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => Woken::Wake,
            _ = ticks.tick() => Woken::Tick,
        }
    }

    async fn on(&mut self, woken: Woken) {
        match woken {
            Woken::Incoming(Some(event)) => self.incoming(event).await,
            Woken::Incoming(None) => self.end(EndCause::Lost("the transport gave up".to_owned())),
            Woken::Progress(progress) => self.progressed(progress).await,
            Woken::Detected(detected) => self.detected(detected).await,
            Woken::Words(words) => self.transcribed(words).await,
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
            CallEvent::Disowned(ssrc, since) => self.packets.forget(ssrc, since),
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
            CallEvent::Report(at, report) => self.reported(at, report),
            CallEvent::Ringing(_) | CallEvent::Response(..) | CallEvent::Named(_) => self.signalling.take(&event),
            CallEvent::Digit(_, digit) => self.tell(InputKind::Dtmf(digit)).await,
            CallEvent::Transfer(at, to) => {
                self.notes.push(format!("the bot transferred the call to {to} (at {at})"));
                self.tell(InputKind::Transfer(to)).await;
            }
        }
    }

    fn reported(&mut self, at: CallTime, report: Report) {
        let room = |bytes: usize, reports: usize| bytes <= MOST_REPORT_BYTES && reports < MOST_REPORTS;
        if !room(self.report_bytes, self.reports.len()) {
            return;
        }
        self.report_bytes += serde_json::to_vec(&report).map_or(0, |json| json.len());
        self.emit(Event::Report { call: self.number, at, report: report.clone() });
        self.reports.push((at, report));
        if !room(self.report_bytes, self.reports.len()) {
            self.notes.push(format!("the bot says too much of itself: what came of it after {at} is left out"));
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
            call_id: Some(std::mem::take(&mut self.call.call_id)),
            codec: Some(std::mem::take(&mut self.call.codec)),
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
