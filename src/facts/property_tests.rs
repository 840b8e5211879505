//! What must hold for any text.

use super::normalise;
use proptest::prelude::*;

/// `n` in words, "and" only when asked for.
fn spell(n: u64, and: bool) -> String {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let rest = |scale: u64, name: &str| match n % scale {
        0 => format!("{} {name}", spell(n / scale, and)),
        r if and && r < 100 => format!("{} {name} and {}", spell(n / scale, and), spell(r, and)),
        r => format!("{} {name} {}", spell(n / scale, and), spell(r, and)),
    };
    match n {
        0..20 => SMALL[n as usize].to_owned(),
        20..100 if n.is_multiple_of(10) => TENS[n as usize / 10 - 2].to_owned(),
        20..100 => format!("{}-{}", TENS[n as usize / 10 - 2], SMALL[n as usize % 10]),
        100..1000 => rest(100, "hundred"),
        1000..1_000_000 => rest(1000, "thousand"),
        _ => rest(1_000_000, "million"),
    }
}

proptest! {
    #[test]
    fn any_text_gives_tokens_with_valid_spans(text in any::<String>()) {
        let normalised = normalise(&text);
        let mut last = 0;
        for token in normalised.tokens() {
            prop_assert!(normalised.source().get(token.span.clone()).is_some());
            prop_assert!(token.span.start >= last);
            last = token.span.start;
        }
    }

    #[test]
    fn any_likely_text_survives(text in "([a-z0-9 .,:$%@/'-]|one |twenty |hundred |thousand |pm |a\\.m\\. |dollars |cents |march |th |oh |point |past |double ){0,60}") {
        normalise(&text);
    }

    #[test]
    fn words_of_a_number_are_its_figures(n in 0_u64..20_000_000, and: bool) {
        prop_assert_eq!(normalise(&spell(n, and)).to_string(), format!("num:{n}"));
    }

    #[test]
    fn digits_one_by_one_are_the_number(code in "[0-9]{4,12}") {
        let spoken: Vec<String> = code.bytes().map(|b| spell(u64::from(b - b'0'), false)).collect();
        prop_assert_eq!(normalise(&spoken.join(" ")).to_string(), format!("num:{code}"));
        prop_assert_eq!(normalise(&spoken.join(", ")).to_string(), format!("num:{code}"));
    }

    #[test]
    fn amounts_spoken_are_amounts_written(dollars in 1_u64..100_000, cents in 1_u64..100) {
        let spoken = format!("{} dollars and {} cents", spell(dollars, false), spell(cents, false));
        prop_assert_eq!(normalise(&spoken).to_string(), format!("money:{dollars}.{cents:02}"));
        prop_assert_eq!(normalise(&format!("${dollars}.{cents:02}")).to_string(), format!("money:{dollars}.{cents:02}"));
    }

    #[test]
    fn clock_times_agree_and_halves_differ(hour in 1_u64..=12, minute in 0_u64..60) {
        let spoken_minute = match minute {
            0 => String::new(),
            1..10 => format!("oh {}", spell(minute, false)),
            _ => spell(minute, false),
        };
        let pm = normalise(&format!("{} {spoken_minute} p.m.", spell(hour, false)));
        let same = |written: String| pm.same(&normalise(&written));
        let (plain, padded) = (same(format!("{hour}:{minute:02} PM")), same(format!("{hour:02}:{minute:02} pm")));
        let other_half = same(format!("{hour}:{minute:02} AM"));
        prop_assert!(plain && padded && !other_half);
    }
}
