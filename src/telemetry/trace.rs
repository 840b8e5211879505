//! The trace that a call belongs to (W3C Trace Context), so that a bot's spans can be told from those of other calls.

/// A trace and the span of the call in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
}

/// The name of the header field.
pub const TRACEPARENT: &str = "traceparent";

impl TraceContext {
    /// A trace of its own. Zero is no legal id.
    pub fn random() -> Self {
        Self { trace: rand::random::<u128>().max(1), span: rand::random::<u64>().max(1) }
    }

    /// The trace id, 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The id of the call's span in it, 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }

    /// The value of `traceparent`, version 00, sampled.
    pub fn header(&self) -> String {
        format!("00-{:032x}-{:016x}-01", self.trace, self.span)
    }

    /// Puts `traceparent` among header fields, unless the user has set one.
    pub fn add_to(&self, headers: &mut Vec<(String, String)>) {
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TRACEPARENT)) {
            headers.push((TRACEPARENT.to_owned(), self.header()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_that_of_w3c_and_the_users_own_stays() {
        let trace = TraceContext { trace: 0xab, span: 0xcd };
        assert_eq!(trace.header(), "00-000000000000000000000000000000ab-00000000000000cd-01");
        assert!(trace.header().contains(&trace.trace_id()));
        let mut headers = vec![("Traceparent".to_owned(), "mine".to_owned())];
        trace.add_to(&mut headers);
        assert_eq!(headers.len(), 1);
    }
}
