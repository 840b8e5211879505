//! Originate targets as files write them.

use std::net::SocketAddr;
use std::time::Duration;

use super::originate::{Credentials, OriginateProvider, OriginateTarget, e164};
use super::web_file::{needed, pairs, secret};
use super::{Target, uri};
use crate::scenario::decode::{Decoder, Fields};
use crate::scenario::problem::Problem;
use crate::scenario::secrets::Secret;
use crate::scenario::yaml::Node;

pub(in crate::scenario) const ORIGINATE_KEYS: &[&str] =
    &["provider", "to", "from", "account", "auth_token", "api_key", "listen", "url", "api", "ring_timeout", "parameters"];

/// Twilio's own limit of `Timeout` is ten minutes.
const LONGEST_RING: Duration = Duration::from_secs(600);
const RING_TIMEOUT: Duration = Duration::from_secs(45);

pub(super) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Option<Target> {
    let fields = decoder.fields(node, "an originate target", ORIGINATE_KEYS)?;
    let providers = OriginateProvider::ALL.map(|provider| (provider.name(), provider));
    let missing = "an originate target needs a `provider`";
    let provider = needed(decoder, &fields, "provider", missing, "add `provider: twilio` or `provider: teler`")?;
    let provider = decoder.choice(provider, &providers)?;
    foreign_keys(decoder, &fields, provider);
    let to = number(decoder, &fields, "to", "the bot's phone number");
    let from = number(decoder, &fields, "from", "the number of your account that calls");
    let credentials = match provider {
        OriginateProvider::Twilio => twilio(decoder, &fields),
        OriginateProvider::Teler => {
            let api_key = credential(decoder, &fields, "api_key", "TELER_API_KEY", provider);
            api_key.map(|api_key| Credentials::Teler { api_key })
        }
    };
    let listen = listen(decoder, &fields);
    let missing = "an originate target needs the public `url` of its listener";
    let url =
        needed(decoder, &fields, "url", missing, "add the address at which the provider reaches you: `url: \"https://ci.example.com\"`");
    let url = url.and_then(|node| base_url(decoder, node));
    let api = match fields.get("api") {
        Some(node) => base_url(decoder, node),
        None => Some(provider.api().to_owned()),
    };
    let ring_timeout = ring_timeout(decoder, &fields);
    let parameters = pairs(decoder, &fields, "parameters");
    let target = OriginateTarget {
        credentials: credentials?,
        to: to?,
        from: from?,
        listen: listen?,
        url: url?,
        api: api?,
        ring_timeout: ring_timeout?,
        parameters,
    };
    Some(Target::Originate(Box::new(target)))
}

/// Keys that mean something to the other provider only.
fn foreign_keys(decoder: &mut Decoder<'_>, fields: &Fields<'_>, provider: OriginateProvider) {
    let (foreign, help): (&[&str], &str) = match provider {
        OriginateProvider::Twilio => (&["api_key"], "remove it; Twilio takes `account` and `auth_token`"),
        OriginateProvider::Teler => (&["account", "auth_token", "parameters"], "remove it; Teler takes an `api_key`"),
    };
    for (name, location) in fields.present(foreign) {
        decoder.problem(Problem::new(location, format!("`{name}` is not a setting of `provider: {}`", provider.name())).help(help));
    }
}

fn twilio(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<Credentials> {
    let missing = "a twilio target needs an `account`";
    let node = needed(decoder, fields, "account", missing, "add `account: \"${TWILIO_ACCOUNT_SID}\"`");
    let account = node.and_then(|node| {
        let account = decoder.text(node)?;
        // It becomes part of a URL's path.
        if account.starts_with("AC") && account.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Some(account);
        }
        let problem = Problem::new(node.location, "not the SID of a Twilio account");
        decoder.problem(problem.help("an account's SID begins with AC; the console shows it beside the auth token"));
        None
    });
    let auth_token = credential(decoder, fields, "auth_token", "TWILIO_AUTH_TOKEN", OriginateProvider::Twilio);
    Some(Credentials::Twilio { account: account?, auth_token: auth_token? })
}

fn credential(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str, variable: &str, provider: OriginateProvider) -> Option<Secret> {
    let missing = format!("a {} target needs an `{name}`", provider.name());
    needed(decoder, fields, name, &missing, &format!("add `{name}: \"${{{variable}}}\"`"))?;
    secret(decoder, fields, name)
}

fn number(decoder: &mut Decoder<'_>, fields: &Fields<'_>, name: &str, whose: &str) -> Option<String> {
    let missing = format!("an originate target needs `{name}`: {whose}");
    let node = needed(decoder, fields, name, &missing, &format!("add `{name}: \"+15550100\"`"))?;
    let number = decoder.text(node)?;
    match e164(&number) {
        Ok(()) => Some(number),
        Err(help) => {
            decoder.problem(Problem::new(node.location, format!("`{number}` is not a phone number")).help(help));
            None
        }
    }
}

fn listen(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<SocketAddr> {
    let help = "add the address to listen on, which `url` leads to: `listen: \"0.0.0.0:8443\"`";
    let node = needed(decoder, fields, "listen", "an originate target needs `listen`", help)?;
    let text = decoder.text(node)?;
    match text.parse::<SocketAddr>() {
        Ok(address) if address.port() != 0 => Some(address),
        _ => {
            let problem = Problem::new(node.location, format!("`{text}` is not an address to listen on"));
            decoder
                .problem(problem.help("write an IP address and a port: \"0.0.0.0:8443\", or \"127.0.0.1:8443\" behind a proxy or tunnel"));
            None
        }
    }
}

/// An HTTP URL that paths are appended to.
fn base_url(decoder: &mut Decoder<'_>, node: &Node) -> Option<String> {
    let url = decoder.text(node)?;
    let plain = url::Url::parse(&url).map_or(true, |parsed| parsed.query().is_none() && parsed.fragment().is_none());
    let checked = uri::check(&url, "http")
        .and_then(|()| if plain { Ok(()) } else { Err("paths are appended to it: leave out everything from `?` or `#` on".to_owned()) });
    match checked {
        Ok(()) => Some(url.trim_end_matches('/').to_owned()),
        Err(why) => {
            if let Ok(parsed) = url::Url::parse(&url) {
                decoder.secrets.add(parsed.password().unwrap_or_default());
            }
            decoder.problem(Problem::new(node.location, "not a base URL").help(why));
            None
        }
    }
}

fn ring_timeout(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<Duration> {
    let Some(node) = fields.get("ring_timeout") else { return Some(RING_TIMEOUT) };
    let time = decoder.positive(node)?;
    if (Duration::from_secs(1)..=LONGEST_RING).contains(&time) {
        return Some(time);
    }
    decoder.problem(Problem::new(node.location, "`ring_timeout` must be between 1s and 10m").help("write for instance 45s"));
    None
}
