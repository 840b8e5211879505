//! The trace that a call belongs to (W3C Trace Context), by which a bot's spans are distinguished from those of other calls.

/// A trace and the span of the call in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    /// The run that the call belongs to; 0: none.
    run: u64,
}

/// The name of the header field.
pub const TRACEPARENT: &str = "traceparent";
/// The header field by which a bot's logs can be joined to a run.
pub const RUN: &str = "X-Goldencall-Run";

/// A run's number as headers and reports write it.
pub fn run_id(run: u64) -> String {
    format!("{run:016x}")
}

impl TraceContext {
    /// A trace of its own. Zero is not a valid id.
    pub fn random() -> Self {
        Self { trace: rand::random::<u128>().max(1), span: rand::random::<u64>().max(1), run: 0 }
    }

    /// The same, as a call of this run.
    pub fn in_run(self, run: u64) -> Self {
        Self { run, ..self }
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

    /// Puts `traceparent` and the run among header fields, unless the user has set them.
    pub fn add_to(&self, headers: &mut Vec<(String, String)>) {
        let mut add = |name: &str, value: String| {
            if !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                headers.push((name.to_owned(), value));
            }
        };
        add(TRACEPARENT, self.header());
        if self.run != 0 {
            add(RUN, run_id(self.run));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_that_of_w3c_and_the_users_own_stays() {
        let trace = TraceContext { trace: 0xab, span: 0xcd, run: 0 };
        assert_eq!(trace.header(), "00-000000000000000000000000000000ab-00000000000000cd-01");
        assert!(trace.header().contains(&trace.trace_id()));
        let mut headers = vec![("Traceparent".to_owned(), "mine".to_owned())];
        trace.add_to(&mut headers);
        assert_eq!(headers.len(), 1);
        trace.in_run(0xef).add_to(&mut headers);
        assert_eq!(headers.last(), Some(&(RUN.to_owned(), "00000000000000ef".to_owned())));
    }
}
