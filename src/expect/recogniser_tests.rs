//! Tables for `similar` and `contains`, reasons, and what must hold for any reply.
//!
//! Each line is `expected | heard`. Lines marked `--` are headings.

use super::{Doubt, Ear, Fit, Leniency, Matcher};
use proptest::prelude::*;

pub(super) fn pairs(table: &str) -> Vec<(&str, &str)> {
    let lines = table.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("--"));
    lines.map(|l| l.split_once(" | ").expect("a line has ` | `")).collect()
}

/// Every line must be judged `met`.
pub(super) fn check(table: &str, met: bool, matcher: fn(&str) -> Matcher) {
    let mut wrong = Vec::new();
    for (expected, heard) in pairs(table) {
        let judgement = matcher(expected).judge(heard, &Leniency::default());
        if judgement.met != met {
            wrong.push(format!("{expected} | {heard}\n      {:?}: {}", judgement.score, judgement.reason));
        }
    }
    assert!(wrong.is_empty(), "{} not {}:\n{}", wrong.len(), if met { "met" } else { "failed" }, wrong.join("\n"));
}

pub(super) fn says(text: &str) -> Matcher {
    Matcher::Says(text.to_owned())
}

fn similar(text: &str) -> Matcher {
    Matcher::Similar(text.to_owned())
}

fn contains(text: &str) -> Matcher {
    Matcher::Contains(text.split(" + ").map(str::to_owned).collect())
}

#[test]
fn similar_allows_other_order_and_small_changes() {
    check(
        "
        You are booked for Tuesday at 3 PM. | You're booked in at 3 PM on Tuesday.
        You are booked for Tuesday at 3 PM. | Okay, I have booked you for Tuesday at three p.m. Your code is 4829.
        Is there anything else I can help you with? | Anything else I can help you with today?
        The total is forty two dollars. | That's a total of $42.
        Your flight leaves at six in the morning. | Your flight is leaving at 6 AM.
        What is your account number? | Could you give me your account number?
        You have 2 new and 3 old messages. | You have 3 old and 2 new messages.
        I'm sorry, I didn't understand that. | Sorry, I did not understand.
        Your card has been blocked. | We have blocked your card.
        Please hold while I transfer you to an agent. | Hold on please, I will transfer you to an agent.
        Our office is closed on Sundays. | We're closed on Sunday at our office.
        I have rescheduled your appointment. | Your appointment has been rescheduled.
        Would you like a confirmation by text message? | Do you want a text message confirmation?
        Yes. | Yeah.
        ",
        true,
        similar,
    );
}

#[test]
fn similar_never_forgives_another_fact() {
    check(
        "
        You are booked for Tuesday at 3 PM. | You're booked at 3 PM on Thursday.
        You are booked for Tuesday at 3 PM. | You're booked on Tuesday at 4 PM.
        You are booked for Tuesday at 3 PM. | You're booked on Tuesday at 3 AM.
        You are booked for Tuesday at 3 PM. | You're booked on Tuesday.
        You are booked for Tuesday at 3 PM. | You are booked for Tuesday at 3 PM or Wednesday at 3 PM.
        You are booked for Tuesday at 3 PM. | You are not booked for Tuesday at 3 PM.
        I have rescheduled your appointment. | I have cancelled your appointment.
        The total is forty two dollars. | The total is twenty four dollars.
        The total is forty two dollars. | The delivery takes two days.
        Our office is closed on Sundays. | Our office is open on Sundays.
        Our office is closed on Sundays. | Our office is open every day until nine.
        I'm sorry, I didn't understand that. | Great, I've booked that for you.
        Please hold while I transfer you to an agent. | Thank you for calling, goodbye.
        What is your account number? | What is your date of birth?
        Your card has been blocked. | Your card has been activated.
        I can't find that reservation. | I found your reservation.
        Your order has shipped. | Your refund has been issued.
        The doctor is not available this week. | The doctor can see you tomorrow.
        Yes. | No.
        Your order has shipped. | ...
        Which size would you like? | Which colour would you like?
        No. | I'm sorry, I didn't catch that. Could you please repeat it?
        No. | Unfortunately, that time slot is no longer available. How about Wednesday at noon?
        ",
        false,
        similar,
    );
}

#[test]
fn similar_keeps_what_belongs_to_what() {
    check(
        "
        You have 2 new and 3 old messages. | You have 3 new and 2 old messages.
        You are flying from Boston to Denver. | You are flying from Denver to Boston.
        The red car costs 50 dollars and the blue car costs 60 dollars. | The blue car costs 50 dollars and the red car costs 60 dollars.
        The car is insured, the boat is not. | The boat is insured, the car is not.
        Transfer 50 dollars from savings to checking. | Transfer 50 dollars to savings from checking.
        I will send you the invoice by email tomorrow. | You will send me the invoice by email tomorrow.
        The package was delivered to your neighbor. | The package will be delivered to your neighbor.
        Your appointment is at 3 PM. | Your appointment is before 3 PM.
        Your subscription was renewed for another year. | Your subscription was removed for another year.
        You are booked with Dr. Smith. | You are booked with Dr. Jones.
        Your claim is approved. | Your claim might be approved.
        You owe Mark 20 dollars. | Mark owes you 20 dollars.
        ",
        false,
        similar,
    );
}

#[test]
fn names_are_for_the_audio_to_decide() {
    let fit = |advantage: f64| move |_: &Doubt| Some(Fit { advantage, confidence: 0.4 });
    for (matcher, heard) in [
        (similar("You are booked with Doctor Patel on Tuesday."), "On Tuesday you are booked with Doctor Padel."),
        (contains("Dr. Patel"), "You are booked with doctor Padel."),
        (contains("confirmation"), "Your confrmation number"),
    ] {
        let judge = |ear: Ear<'_>| matcher.judge(heard, &Leniency { ear, heard_as: None });
        assert!(!judge(Ear::Text).met && !judge(Ear::Strict).met);
        assert_eq!(judge(Ear::Audio(&|_| None)).doubts.len(), 1, "{heard}: {}", judge(Ear::Audio(&|_| None)).reason);
        assert!(judge(Ear::Audio(&fit(-1.0))).met && !judge(Ear::Audio(&fit(-8.0))).met);
    }
    let other = contains("Dr. Patel").judge("Yes.", &Leniency { ear: Ear::Audio(&|_| None), heard_as: None });
    assert!(other.doubts.is_empty());
}

#[test]
fn contains_wants_whole_phrases() {
    check(
        "
        appointment + which day | Sure, I can help you book an appointment. Which day works best for you?
        Tuesday + 3 PM | You are booked for Tuesday at three p.m.
        at 3 | Booked for Tuesday at 3 PM.
        4829 | Your confirmation number is four eight two nine.
        $1,254.37 | It is one thousand two hundred fifty four dollars and thirty seven cents
        B7K4 | The code is B seven K four.
        March | I have an opening on March 14th.
        March 14 | I have an opening on the fourteenth of March, 2026
        goodbye | Thank you for calling. Good-bye.
        pick up | It is ready for pickup.
        did not catch | I'm sorry, I didn't catch that.
        amoxicillin | Your prescription for amoxicilin is ready
        Dr. Patel | with doctor Patel
        gate C22 | from gate C twenty two
        three flights | I found 3 flights
        星期二 | 您的预约是星期二下午三点。
        नहीं हुआ | आपका भुगतान नहीं हुआ है।
        nicht bestätigt | Ihr Termin ist nicht bestätigt.
        ",
        true,
        contains,
    );
    check(
        "
        art | Let us start
        art + start | Let us start
        Tuesday | You are booked for Thursday.
        3 PM | You are booked at 3 AM.
        3 | You are booked at 3:30 PM.
        4829 | Your number is 48291.
        twenty | That is twenty five dollars
        $25 | That is $25.50
        March 14 | on March 15
        March 1 | on March 14
        which day | which nice day
        day which | which day
        available | It is unavailable.
        available + Tuesday | It is available on Monday.
        approved | It was improved
        cat | cut
        sorry | Great, thanks
        sorry | ...
        ... | anything
        星期二 | 您的预约是星期四下午三点。
        नहीं हुआ | आपका भुगतान हुआ है।
        nicht bestätigt | Ihr Termin ist bestätigt.
        ",
        false,
        contains,
    );
}

#[test]
fn reasons_are_sentences_for_people() {
    let lines = [
        ("You are booked for Tuesday at 3 PM.", "You are booked for Thursday at three p.m."),
        ("You are booked for Tuesday at 3 PM.", "You are booked for Tuesday at 4 PM."),
        ("You are booked for Tuesday at 3 PM.", "You are booked for Tuesday."),
        ("Your order has shipped.", "Your order hasn't shipped."),
        ("I didn't catch that.", "I did catch that."),
        ("Your order has shipped.", "Your order 48291 has shipped."),
        ("Your claim has been accepted.", "Your claim has been declined."),
        ("Your payment was received.", "Your payment was discussed."),
        ("Which day works best for you?", "Which day works best for you? Our dentists are popular and slots fill quickly."),
        ("Please tell me the last digits of your account number and the name of your bank.", "Please tell me your account."),
        ("Which day works best for you?", ""),
        ("Goodbye.", "Good-bye."),
    ];
    let shown: Vec<String> = lines.iter().map(|(expected, heard)| says(expected).judge(heard, &Leniency::default()).reason).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    heard `Thursday` where `Tuesday` was expected
    heard `4 PM` where `3 PM` was expected
    `3 PM` was expected but not heard
    heard `hasn't`, which was not expected
    `didn't` was expected but not heard
    heard `48291`, which was not expected; use `contains` when the reply may say more
    heard `declined` where `accepted` was expected
    heard `discussed` where `received` was expected
    heard `Our dentists are popular and slots fill quickly`, which was not expected; use `contains` when the reply may say more
    `last digits of` was expected but not heard
    no words were heard
    similarity 1.00
    ");
    let phrases = Matcher::Contains(vec!["appointment".into(), "which day".into()]);
    assert_eq!(phrases.judge("Hello there", &Leniency::default()).reason, "`appointment` and `which day` were not heard");
    assert_eq!(similar("Goodbye").judge("Lovely", &Leniency::default()).reason, "heard `Lovely` where `Goodbye` was expected");
    assert_eq!(similar("").judge("Hello", &Leniency::default()).reason, "no words were expected, but some were heard");
}

proptest! {
    // Two long random texts, four matchers: slow where nothing is optimised.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_reply_says_itself(text in any::<String>()) {
        for matcher in [says(&text), similar(&text), Matcher::Exact(text.clone())] {
            prop_assert!(matcher.judge(&text, &Leniency::default()).met, "{}", matcher.judge(&text, &Leniency::default()).reason);
        }
    }

    #[test]
    fn no_pair_of_texts_panics_and_scores_stay_in_range(a in "([a-zA-Z0-9 .,$%@:'-]|one |pm |not |Tuesday ){0,40}", b in "([a-zA-Z0-9 .,$%@:'-]|one |pm |not |Tuesday ){0,40}") {
        for matcher in [says(&a), similar(&a), contains(&a)] {
            let score = matcher.judge(&b, &Leniency::default()).score.unwrap_or(0.0);
            prop_assert!((0.0..=1.0).contains(&score));
        }
    }

    #[test]
    fn another_number_never_says_the_same(a in 0_u32..100_000, b in 0_u32..100_000) {
        prop_assume!(a != b);
        let reply = |n: u32| format!("Your order number {n} has shipped and will arrive soon.");
        prop_assert!(!says(&reply(a)).judge(&reply(b), &Leniency::default()).met);
        prop_assert!(!similar(&reply(a)).judge(&reply(b), &Leniency::default()).met);
    }

    #[test]
    fn the_other_half_of_the_day_never_says_the_same(hour in 1_u32..=12, minute in 0_u32..60) {
        let reply = |half: &str| format!("You are booked for Tuesday at {hour}:{minute:02} {half}.");
        prop_assert!(!says(&reply("AM")).judge(&reply("PM"), &Leniency::default()).met);
        prop_assert!(!similar(&reply("PM")).judge(&reply("AM"), &Leniency::default()).met);
    }
}
