//! One call: the transport, the lanes and the conversation, joined by one loop.

mod listening;
mod outputs;
mod speech;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::clips::Clips;
use super::detection::{Detected, DetectionLane};
use super::event::{CallResult, Event, Stall, StallKind};
use super::evidence::{CallEvidence, Failure};
use super::pacer::{PacedStream, Pacer, Progress};
use super::ramp::{CallsUp, Up};
use super::stalls::SHORTEST;
use super::telemetry::SpanSource;
use super::transcription::TranscriptionLane;
use crate::call::{Conversation, EndCause, Input, InputKind};
use crate::clock::CallClock;
use crate::expect::Fit;
use crate::media::detect::SpeechModel;
use crate::scenario::{Scenario, Secrets, Target};
use crate::telemetry::{Report, TraceContext};
use crate::time::{CallTime, Span};
use crate::transport::{Call, CallEvent, Capture, Dial, DialError, EventSender, SentDigits, Transport};
use listening::{Listening, first_answers, first_words};

/// How often audio is looked at and the detector fed: the length of its frames.
const TICK: Duration = Duration::from_millis(32);
/// More reports than this in one call are dropped.
const MOST_REPORTS: usize = 20_000;
/// So is what comes after this many bytes of JSON.
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
    /// Words are wanted for the reports, even where no verdict depends on them.
    pub transcribe_all: bool,
    /// How many calls are up.
    pub calls_up: CallsUp,
    /// Ends every call early.
    pub cancel: CancellationToken,
    /// Captures each call's packets beside its recording, without these secrets.
    pub capture: Option<Secrets>,
    /// The run's number, by which a bot's logs can be joined to it.
    pub run: u64,
    /// Where the bots export their spans to.
    pub spans: Option<Arc<SpanSource>>,
    /// The run's event stream.
    pub events: mpsc::UnboundedSender<Event>,
}

/// Places the call and follows it to its end.
pub(super) async fn run(
    planned: CallResult,
    scenario: Arc<Scenario>,
    target: Target,
    capture: Option<&Path>,
    services: &Services,
) -> CallEvidence {
    let clock = CallClock::start();
    let mut evidence = CallEvidence { result: planned, ..CallEvidence::default() };
    let secrets = services.capture.clone().unwrap_or_default();
    let capture = match capture.map(|path| Capture::create(path, clock, secrets)).transpose() {
        Ok(capture) => capture.map(Arc::new),
        Err(error) => {
            evidence.failure = Some(Failure::Dial(DialError::local("no packet capture", error)));
            evidence.ended(clock.now());
            return evidence;
        }
    };
    let (events, mut incoming) = mpsc::unbounded_channel();
    let events = EventSender::from(events);
    let news = events.news();
    let trace = TraceContext::random().in_run(services.run);
    evidence.trace = Some(trace);
    evidence.result.trace_id = Some(trace.trace_id());
    if let Some(spans) = &services.spans {
        spans.receiver.expect(&trace.trace_id());
    }
    let dial = Dial { target, clock, trace, capture: capture.clone(), events };
    let answer = tokio::select! {
        answer = services.transport.dial(dial) => answer.map_err(Failure::Dial),
        () = services.cancel.cancelled() => Err(Failure::Interrupted),
    };
    let mut evidence = match answer {
        Ok(call) => Driver::new(evidence, scenario, services, clock, call, (incoming, news)).drive().await,
        Err(failure) => {
            while let Ok(event) = incoming.try_recv() {
                evidence.signalled(&event);
                if let CallEvent::Note(note) = event {
                    evidence.note(note);
                }
            }
            evidence.failure = Some(failure);
            evidence.ended(clock.now());
            evidence
        }
    };
    if let Some(problem) = capture.as_ref().and_then(|capture| capture.problem()) {
        evidence.result.lost.push(format!("the packet capture is not whole: {problem}"));
    }
    evidence
}

struct Driver<'a> {
    scenario: Arc<Scenario>,
    services: &'a Services,
    clock: CallClock,
    call: Call,
    incoming: mpsc::UnboundedReceiver<CallEvent>,
    /// More came in than audio, which waits for the next tick.
    news: Arc<Notify>,
    progress: mpsc::UnboundedReceiver<Progress>,
    stream: Option<PacedStream>,
    conversation: Conversation,
    listening: Listening,
    playing: Option<usize>,
    digits: Option<oneshot::Receiver<Result<SentDigits, String>>>,
    /// When the conversation wants to be woken, and when it said so.
    wake: Option<(CallTime, CallTime)>,
    /// When the conversation was to be woken, while it is handed what the detector has found and it has waited for.
    held: Option<CallTime>,
    /// The call is over for this reason; the rest of its audio is still being looked at.
    ending: Option<EndCause>,
    report_bytes: usize,
    evidence: CallEvidence,
    _up: Up,
}

/// What the loop woke up for.
enum Woken {
    News,
    Progress(Progress),
    Detected(Option<Detected>),
    Words(Result<String, String>),
    Answers(Result<Vec<Option<Fit>>, String>),
    Digits(Result<SentDigits, String>),
    Tick,
    Wake,
    Cancelled,
}

impl<'a> Driver<'a> {
    fn new(
        mut evidence: CallEvidence,
        scenario: Arc<Scenario>,
        services: &'a Services,
        clock: CallClock,
        mut call: Call,
        (incoming, news): (mpsc::UnboundedReceiver<CallEvent>, Arc<Notify>),
    ) -> Self {
        let (report, progress) = mpsc::unbounded_channel();
        let sink = std::mem::replace(&mut call.sink, Box::new(super::NoSink));
        evidence.result.setup = Some(call.answered_at);
        evidence.has_packets = call.control.has_packets();
        Self {
            conversation: Conversation::new(Arc::clone(&scenario)).asking(services.transcription.can_compare()),
            scenario,
            clock,
            stream: Some(services.pacer.add(sink, report)),
            listening: Listening::new(services.model.clone()),
            services,
            call,
            incoming,
            news,
            progress,
            playing: None,
            digits: None,
            wake: None,
            held: None,
            ending: None,
            report_bytes: 0,
            evidence,
            _up: services.calls_up.one_more(),
        }
    }

    async fn drive(mut self) -> CallEvidence {
        let answered_at = self.call.answered_at;
        self.emit(Event::CallAnswered { call: self.evidence.result.call, setup: answered_at });
        self.handle_at(answered_at, InputKind::Connected).await;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.conversation.is_over() && self.evidence.failure.is_none() {
            let woken = self.wait(&mut ticks).await;
            self.on(woken).await;
        }
        self.finish().await
    }

    async fn wait(&mut self, ticks: &mut tokio::time::Interval) -> Woken {
        let wake = self.wake.map(|(due, asked)| Instant::now() + due.max(asked).saturating_since(self.clock.now()));
        let cancellable = self.ending.is_none();
        tokio::select! {
            biased;
            () = self.services.cancel.cancelled(), if cancellable => Woken::Cancelled,
            Some(progress) = self.progress.recv() => Woken::Progress(progress),
            () = self.news.notified(), if self.ending.is_none() => Woken::News,
            detected = maybe(&mut self.listening.detecting) => Woken::Detected(detected.ok()),
            words = first_words(&mut self.listening.words) => Woken::Words(words),
            answers = first_answers(&mut self.listening.asked) => Woken::Answers(answers),
            sent = maybe(&mut self.digits) => Woken::Digits(sent.unwrap_or_else(|_| Err("the digits were lost".to_owned()))),
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => Woken::Wake,
            _ = ticks.tick() => Woken::Tick,
        }
    }

    async fn on(&mut self, woken: Woken) {
        match woken {
            Woken::News => self.catch_up().await,
            Woken::Progress(progress) => self.progressed(progress).await,
            Woken::Detected(detected) => self.detected(detected).await,
            Woken::Words(words) => self.transcribed(words).await,
            Woken::Answers(answers) => self.answered(answers).await,
            Woken::Digits(sent) => self.pressed(sent).await,
            Woken::Tick => self.tick().await,
            Woken::Wake => {
                self.note_lateness(self.clock.now());
                if self.waits_for_detection().await {
                    return;
                }
                self.wake = None;
                self.handle(InputKind::Timeout).await;
            }
            Woken::Cancelled => {
                self.call.control.hang_up().await;
                self.end(EndCause::Cancelled);
            }
        }
    }

    /// Takes in what has come, in its order.
    async fn catch_up(&mut self) {
        while self.ending.is_none() {
            match self.incoming.try_recv() {
                Ok(event) => self.incoming(event).await,
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => self.end(EndCause::Lost("the transport gave up".to_owned())),
            }
        }
    }

    async fn incoming(&mut self, event: CallEvent) {
        match event {
            CallEvent::Media(frame) => {
                self.evidence.packets.push(&frame);
                self.evidence.timeline.push(&frame);
            }
            CallEvent::Disowned(ssrc, since) => self.evidence.packets.forget(ssrc, since),
            CallEvent::HungUp(hung_up) => {
                self.end(EndCause::BotHungUp);
                self.evidence.hung_up = Some(hung_up);
                self.evidence.caller.cut(hung_up);
                Box::pin(self.handle(InputKind::HungUp { hung_up })).await;
                // What came before the goodbye may still be in the queue behind it.
                while let Ok(event) = self.incoming.try_recv() {
                    if matches!(event, CallEvent::Media(_) | CallEvent::Report(..)) {
                        Box::pin(self.incoming(event)).await;
                    }
                }
            }
            CallEvent::Lost(at, why) => self.evidence.note(format!("{why} (at {at})")),
            CallEvent::Note(note) => self.evidence.note(note),
            CallEvent::Broken(at, why) => self.evidence.failure = Some(Failure::Broken(format!("{why} (at {at})"))),
            CallEvent::Report(at, report) => self.reported(at, report),
            CallEvent::Ringing(_) | CallEvent::Response(..) | CallEvent::Named(_) => self.evidence.signalled(&event),
            CallEvent::Digit(_, digit) => self.handle(InputKind::Dtmf(digit)).await,
            CallEvent::Transfer(at, to) => {
                self.evidence.note(format!("the bot transferred the call to {to} (at {at})"));
                self.handle(InputKind::Transfer(to)).await;
            }
        }
    }

    fn reported(&mut self, at: CallTime, report: Report) {
        let room = |bytes: usize, reports: usize| bytes <= MOST_REPORT_BYTES && reports < MOST_REPORTS;
        if !room(self.report_bytes, self.evidence.reports.len()) {
            return;
        }
        self.report_bytes += serde_json::to_vec(&report).map_or(0, |json| json.len());
        self.emit(Event::Report { call: self.evidence.result.call, at, report: report.clone() });
        self.evidence.reports.push((at, report));
        if !room(self.report_bytes, self.evidence.reports.len()) {
            self.evidence.note(format!("the bot sends too much telemetry: what came after {at} was left out"));
        }
    }

    /// Notes how late the conversation learns that its time has come, by whatever wakes it.
    fn note_lateness(&mut self, now: CallTime) {
        let Some((due, asked)) = &mut self.wake else { return };
        let since = (*due).max(*asked);
        if now.saturating_since(since) > SHORTEST {
            self.evidence.result.stalls.push(Stall { kind: StallKind::Waking, span: Span { start: since, end: now } });
            *asked = now;
        }
    }

    async fn handle(&mut self, kind: InputKind) {
        self.handle_at(self.clock.now(), kind).await;
    }

    /// Tells the conversation, then does what it asks for.
    async fn handle_at(&mut self, at: CallTime, kind: InputKind) {
        self.note_lateness(at);
        // What comes while it is open whether the bot has begun to speak must not let the time pass that waits for that.
        let due = self.wake.map(|(due, _)| due).filter(|due| at >= *due);
        // A digit or a transfer comes when it comes.
        let about_speech = matches!(
            kind,
            InputKind::RemoteSpeech(_) | InputKind::Transcript { .. } | InputKind::Untranscribed { .. } | InputKind::Fits { .. }
        );
        let open = self.held.or_else(|| due.filter(|_| about_speech && self.may_hear_speech(at)));
        let at = open.map_or(at, |due| CallTime::from_nanos(due.as_nanos() - 1));
        let input = Input { at, kind };
        self.emit(Event::Input { call: self.evidence.result.call, input: input.clone() });
        self.conversation.handle(input);
        while let Some(output) = self.conversation.poll() {
            self.perform(output).await;
        }
    }

    fn end(&mut self, cause: EndCause) {
        self.ending.get_or_insert(cause);
    }

    fn emit(&self, event: Event) {
        // Without a listener the event is lost, which is fine.
        let _nobody = self.services.events.send(event);
    }

    async fn finish(mut self) -> CallEvidence {
        // Idempotent: whatever ended the call, it is torn down.
        self.call.control.hang_up().await;
        if let Some(stream) = self.stream.take() {
            self.evidence.lateness = stream.close().await;
            let sending = self.evidence.lateness.stalls().iter().map(|(due, sent)| Stall {
                kind: StallKind::Sending,
                span: Span { start: self.clock.at(*due), end: self.clock.at(*sent) },
            });
            self.evidence.result.stalls.extend(sending);
        }
        // A goodbye that went wrong is noted after the end.
        while let Ok(event) = self.incoming.try_recv() {
            if let CallEvent::Note(note) = event {
                self.evidence.note(note);
            }
        }
        if self.ending == Some(EndCause::Cancelled) {
            self.evidence.failure.get_or_insert(Failure::Interrupted);
        }
        let mut evidence = self.evidence;
        evidence.ended(self.clock.now());
        evidence.zero_unix_ns = self.clock.zero_unix_nanos();
        evidence.round_trip = self.call.control.round_trip();
        evidence.send_lag = self.call.control.send_lag();
        let result = &mut evidence.result;
        result.call_id = Some(std::mem::take(&mut self.call.call_id));
        result.codec = Some(std::mem::take(&mut self.call.codec));
        result.reception = self.call.control.reception();
        let ignored = self.call.control.ignored();
        if result.reception.packets == 0 && ignored.is_empty() {
            result.notes.push("no audio came from the bot; over SIP and WebRTC, check its media address and the firewall".to_owned());
        }
        result.notes.extend(ignored);
        result.notes.extend(evidence.timeline.discarded());
        result.turns.sort_by_key(|turn| turn.step);
        evidence
    }
}

/// Waits for a reply where one is due, forever where none is.
async fn maybe<T>(receiver: &mut Option<oneshot::Receiver<T>>) -> Result<T, oneshot::error::RecvError> {
    match receiver {
        Some(receiver) => receiver.await,
        None => std::future::pending().await,
    }
}
