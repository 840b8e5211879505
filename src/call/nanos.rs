//! Signed times as whole nanoseconds in JSON, for `#[serde(with = ...)]`.

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub fn serialize<S: Serializer>(time: &Option<SignedDuration>, to: S) -> Result<S::Ok, S::Error> {
    time.and_then(|time| i64::try_from(time.as_nanos()).ok()).serialize(to)
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SignedDuration>, D::Error> {
    Ok(Option::<i64>::deserialize(from)?.map(SignedDuration::from_nanos))
}
