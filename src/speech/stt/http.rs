//! The HTTP engine: any server with the `/v1/audio/transcriptions` API.

use std::io::Read;
use std::time::Duration;

use reqwest::blocking::multipart::{Form, Part};
use reqwest::blocking::{Client, Response};

use super::error::SttError;
use super::transcriber::{Batch, OneByOne, Parallelism, Transcriber};
use super::wav;
use crate::loopback::is_loopback;

/// Characters of a server's answer that an error quotes.
const QUOTED: usize = 300;
/// Bytes of an answer that are read.
const MOST_ANSWER: u64 = 1 << 20;
/// Another machine does the work: here a call costs its detection only.
const CALLS_PER_CORE: usize = 8;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where and how to ask.
#[derive(Clone)]
pub struct HttpConfig {
    /// Base address, for instance `http://localhost:8000`; with or without `/v1` at its end.
    pub base: String,
    /// Model to ask for.
    pub model: String,
    /// Language code such as `en`, when the server should not guess.
    pub language: Option<String>,
    /// Bearer key, when the server wants one. Never printed.
    pub key: Option<String>,
    /// Longest time for one request.
    pub timeout: Duration,
}

impl std::fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpConfig")
            .field("base", &self.base)
            .field("model", &self.model)
            .field("language", &self.language)
            .field("key", &self.key.as_ref().map(|_| "***"))
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Asks a transcription server. Make, use and drop it outside asynchronous tasks: it blocks.
#[derive(Debug)]
pub struct HttpTranscriber {
    config: HttpConfig,
    url: String,
    client: Client,
}

impl HttpTranscriber {
    /// Sets the client up; nothing is sent yet.
    ///
    /// # Errors
    /// [`SttError::Setup`] when the address or the TLS set-up is unusable.
    pub fn new(config: HttpConfig) -> Result<Self, SttError> {
        // One provider serves the whole process; an error means that another part was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = config.base.trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base);
        let url = format!("{base}/v1/audio/transcriptions");
        let local = is_loopback(&reqwest::Url::parse(&url).map_err(|e| SttError::Setup(e.to_string()))?);
        let builder = || {
            let builder = Client::builder().connect_timeout(CONNECT_TIMEOUT.min(config.timeout)).timeout(config.timeout);
            if local { builder.no_proxy() } else { builder }
        };
        // Without a certificate authority on the machine the only client that can be built trusts no authority.
        let built = builder().build().or_else(|_| builder().tls_certs_only([]).build());
        let client = built.map_err(|e| SttError::Setup(e.to_string()))?;
        Ok(Self { config, url, client })
    }

    fn ask(&self, audio: &[f32]) -> Result<Response, SttError> {
        let file =
            Part::bytes(wav::encode(audio)?).file_name("speech.wav").mime_str("audio/wav").map_err(|e| SttError::Setup(e.to_string()))?;
        let mut form = Form::new().part("file", file).text("model", self.config.model.clone()).text("response_format", "json");
        if let Some(language) = &self.config.language {
            form = form.text("language", language.clone());
        }
        let mut request = self.client.post(&self.url).multipart(form);
        if let Some(key) = &self.config.key {
            request = request.bearer_auth(key);
        }
        request.send().map_err(|e| self.unreachable(e))
    }

    fn unreachable(&self, error: reqwest::Error) -> SttError {
        let reason = if error.is_timeout() { format!("nothing within {:?}", self.config.timeout) } else { innermost(&error) };
        SttError::Unreachable { url: self.url.clone(), reason }
    }

    fn quote(&self, body: &str) -> String {
        let body = match self.config.key.as_deref() {
            // Some servers repeat the key that they refuse.
            Some(key) if !key.is_empty() => body.replace(key, "***"),
            _ => body.to_owned(),
        };
        body.trim().chars().take(QUOTED).collect()
    }
}

/// The cause at the bottom: the layers above only say that the request failed.
fn innermost(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => error.to_string(),
    }
}

#[derive(serde::Deserialize)]
struct Answer {
    text: String,
}

impl Transcriber for HttpTranscriber {
    fn name(&self) -> String {
        format!("http {}", self.config.model)
    }

    fn parallelism(&self, cores: usize, _sample: &[f32]) -> Result<Parallelism, SttError> {
        Ok(Parallelism { segments: cores * CALLS_PER_CORE, calls: cores * CALLS_PER_CORE })
    }

    fn batch(&self) -> Box<dyn Batch + '_> {
        Box::new(OneByOne::new(self))
    }

    fn transcribe(&self, audio: &[f32]) -> Result<String, SttError> {
        let response = self.ask(audio)?;
        let status = response.status();
        let mut body = Vec::new();
        let read = response.take(MOST_ANSWER).read_to_end(&mut body);
        read.map_err(|error| SttError::Unreachable { url: self.url.clone(), reason: error.to_string() })?;
        let body = String::from_utf8_lossy(&body).into_owned();
        if !status.is_success() {
            let (url, status, body) = (self.url.clone(), status.as_u16(), self.quote(&body));
            return Err(SttError::Refused { url, status, body });
        }
        let answer: Answer =
            serde_json::from_str(&body).map_err(|_| SttError::Answer { url: self.url.clone(), body: self.quote(&body) })?;
        Ok(answer.text.trim().to_owned())
    }
}
