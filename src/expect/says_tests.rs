//! Tables for `says`: what a recogniser makes of a reply must match, another reply must not.
//!
//! Each line is `expected | heard`. Lines marked `--` are headings.

use super::recogniser_tests::{check, pairs, says};
use super::{Doubt, Ear, Fit, Leniency};

#[test]
fn says_forgives_the_recogniser() {
    check(
        "
        -- heard by the recogniser on telephone speech of two voices
        Hello, thank you for calling Riverside Dental. How can I help you today? | Hello thank you for calling River Side Dental. How can I help you today?
        Welcome to Acme Bank. How may I help you? | Welcome to acme bank how may i help you
        Sure, I can help you book an appointment. Which day works best for you? | Sure, I can help you book an appointment, which day works best for you.
        You are booked for Tuesday at 3 PM. Your confirmation number is 4829. Is there anything else I can help you with? | You are booked for Tuesday at 3:00 p.m. Your confirmation number is 4829. Is there anything else I can help you with?
        You are booked for Tuesday at 3 PM. | You're booked for Tuesday at three p.m.
        Great, you're all set for Friday, June 21st at 10:15 AM with Doctor Patel. | 1. Great. You're all set for Friday, June 21st at 10.15 a.m. with Dr. Patel.
        I have an opening on Tuesday, March 14th at 3:30 PM. Would that work for you? | I have an opening on Tuesday March fourteenth at three thirty p.m. Would that work for you?
        Your order number 48291 has shipped and will arrive on Thursday. | Your order number four eight two nine one has shipped and will arrive on Thursday
        I'm sorry, I didn't catch that. Could you please repeat it? | I'm sorry I didn't catch that could you please repeat it
        Your checking account balance is $1,254.37. | You're checking account balances $1,254.37.
        Your checking account balance is $1,254.37. | Your checking account balance is one thousand two hundred fifty-four dollars and thirty-seven cents
        Your payment of $89.99 was received on October 3rd. | Your payment of eighty nine dollars and ninety nine cents was received on October third.
        For verification, please tell me the last four digits of your account number. | For verification please tell me the last four digits of your account number
        Thank you, Jennifer. Is there anything else I can help you with? | Thank you Jennifer is there anything else I can help you with
        Yes. | Yes,
        Yes. | Yeah.
        No. | No,
        No. | Nope.
        Okay. | Ok.
        Okay. | O.K.
        Goodbye. | Good-bye.
        Goodbye. | Bye.
        Got it. | Okay, got it.
        The phone number we have on file is 415-555-0132. Is that correct? | The phone number we have on file is 415 555 0132. Is that correct?
        The phone number we have on file is 415-555-0132. Is that correct? | The phone number we have on file is 4155550132 is that correct
        Our office is open Monday through Friday from 9 AM to 5 PM. | Our offices open Monday through Friday from 9:00 a.m. to 5:00 p.m.
        Our office is open Monday through Friday from 9 AM to 5 PM. | Our office is open Monday through Friday from nine to five.
        Your appointment with Michael O'Brien has been cancelled. | Your appointment with Michael Obrien has been canceled.
        You can reach our billing department at 1-800-555-0199. | You can reach our billing department at one eight hundred, five five five, zero one nine nine.
        Your table for four is booked for 7:45 this evening. | Your table for four is booked for seven forty five this evening.
        That will be $19.95 per month, plus tax. | That will be 19 dollars and 95 cents per month plus tacks
        Your prescription for amoxicillin is ready for pick up. | Your prescription for a moxicillin is ready for pickup.
        Your flight UA 2317 departs at 6:05 AM from gate C22. | Your flight UA 2317 departs at 6:05 am from Gate C 22.
        Your flight departs at 6:05 AM from gate C22. Goodbye. | Your flight departs at six oh five a.m. from gate c22. Good bye.
        I've updated your address to 1600 Pennsylvania Avenue, Apartment 12B. | I've updated your address to sixteen hundred Pennsylvania Avenue, apartment 12B,
        To continue in English, press one. For Spanish, press two. | To continue in English, press 1 for Spanish, press 2.
        The email address on file is john.smith@example.com. | The email address on file is john.smith at example.com.
        The email address on file is john.smith@example.com. | The email address on file is John Smith at example dot com.
        Alright, I'll send you a text message with the details. Have a nice day! | All right, I'll send you a text message with the details. Have a nice day.
        The meeting is scheduled for 2:00 PM Eastern time on January 5th, 2026. | The meeting is scheduled for 2 p.m. Eastern Time on January 5, 2026.
        Sorry, something went wrong on our end. Please try again later. | \"'Sorry, something went wrong on our end. Please try again later.'
        I found three flights from Boston to Denver tomorrow morning. Would you like the earliest one? | i found 3 flights from boston to denver tomorrow morning would you like the earliest one
        -- fillers, courtesies, small words
        Which day works best for you? | Um, which day works best for you?
        Which day works best for you? | Okay, well, what day works best for you?
        What is your order number? | Sure. What's your order number, please?
        Hello, you've reached Acme Store. What can I do for you? | Hi, you have reached the Acme store. What can I do for you?
        One moment, please. | One moment.
        You're welcome. Have a nice day! | You are welcome have a nice day
        Your appointment has been confirmed. | Great, your appointment has been confirmed. Thank you.
        How can I help you today? | How can I help you?
        Please hold while I transfer you to an agent. | please hold while i transfer you to a agent
        Your table is ready. | Your tables ready.
        We can not find that reservation. | We can't find that reservation.
        Your refund was approved on the third of May. | Your refund was approved on May 3rd.
        ",
        true,
        says,
    );
}

/// What the recogniser made of what the bot really said: the audio allows it, the text alone does not.
const MISHEARD: &str = "
        Thanks for calling Acme Dental. How can I help you today? | thanks for calling acne dental how can i help you today
        Great, you're all set for Friday, June 21st at 10:15 AM with Doctor Patel. | Great! You're all set for Friday, June 21st at 10:15 a.m. with Dr. Padel.
        I see two reservations under the name Nguyen. Which one would you like to change? | I see two reservations under the naming iron. Which one would you like to change?
        I see two reservations under the name Nguyen. Which one would you like to change? | I see two reservations under the name Win. Which one would you like to change?
        I see two reservations under the name Nguyen. Which one would you like to change? | I see two reservations under the name Nuin. Which would you like to change?
        Your prescription for amoxicillin is ready for pick up. | Your prescription for a mox a cillin is ready for pickup.
        We have a single room available for $129 per night, breakfast included. | We have a single room available for $129 per night, reckless included.
        Your credit score is 742, up 15 points since last month. | Your credit score 742, up 15 points since last month.
        I found three flights from Boston to Denver tomorrow morning. Would you like the earliest one? | I found three flights from Austin to Denver tomorrow morning. Would you like the earliest?
        ";

#[test]
fn words_misheard_are_for_the_audio_to_decide() {
    check(MISHEARD, false, says);
    let fit = |advantage| move |_: &Doubt| Some(Fit { advantage, confidence: 0.4 });
    for (expected, heard) in pairs(MISHEARD) {
        let judge = |ear: Ear<'_>| says(expected).judge(heard, &Leniency { ear, heard_as: None });
        let open = judge(Ear::Audio(&|_| None));
        assert!(!open.met && !open.doubts.is_empty(), "{heard}: {}", open.reason);
        assert!(judge(Ear::Audio(&fit(-1.0))).met, "{heard}");
        let refused = judge(Ear::Audio(&fit(-6.0)));
        assert!(!refused.met && refused.reason.contains("the audio fits"), "{heard}: {}", refused.reason);
        assert!(!judge(Ear::Strict).met, "{heard}");
    }
}

#[test]
fn the_audio_is_never_asked_about_a_fact() {
    for (expected, heard) in [
        ("You are booked for Tuesday at 3 PM.", "You are booked for Thursday at 3 PM."),
        ("Your order has shipped.", "Your order has not shipped."),
        ("Your total is $20.", "Your total is $30."),
        ("Your code is B7K4.", "Your code is B7K5."),
        ("Please call us.", "Please call us before the end of the month."),
    ] {
        let judged = says(expected).judge(heard, &Leniency { ear: Ear::Audio(&|_| None), heard_as: None });
        assert!(!judged.met && judged.doubts.is_empty(), "{heard}");
    }
}

#[test]
fn a_doubt_names_its_place() {
    let judged = says("Thanks for calling Acme Dental today.")
        .judge("Thanks for calling acne dental today", &Leniency { ear: Ear::Audio(&|_| None), heard_as: None });
    assert_eq!(judged.doubts, [Doubt { heard: 19..23, expected: "Acme".to_owned() }]);
}

#[test]
fn says_never_forgives_another_fact() {
    check(
        "
        -- weekdays, dates, months, parts of the day
        You are booked for Tuesday at 3 PM. | You are booked for Thursday at 3 PM.
        You are booked for Tuesday at 3 PM. | You are booked for today at 3 PM.
        You are booked for Tuesday at 3 PM. Your confirmation number is 4829. Is there anything else I can help you with? | You are booked for Thursday at 3:00 p.m. Your confirmation number is 4829. Is there anything else I can help you with?
        I have an opening on Tuesday, March 14th at 3:30 PM. Would that work for you? | I have an opening on Tuesday, March 15th at 3:30 PM. Would that work for you?
        I have an opening on Tuesday, March 14th at 3:30 PM. Would that work for you? | I have an opening on Tuesday, May 14th at 3:30 PM. Would that work for you?
        I have an opening on March 13th. | I have an opening on March 30th.
        The meeting is on January 5th, 2026. | The meeting is on January 5th, 2025.
        The office reopens in January. | The office reopens in June.
        I found three flights tomorrow morning. | I found three flights tomorrow evening.
        I found three flights tomorrow morning. | I found three flights tomorrow.
        Your package should arrive tonight. | Your package should arrive tomorrow.
        How can I help you today? | How can I help you tomorrow?
        Good morning, Acme Dental. | Good afternoon, Acme Dental.
        The third floor is closed. | The fourth floor is closed.
        -- times
        You are booked for Tuesday at 3 PM. | You are booked for Tuesday at 3 AM.
        You are booked for Tuesday at 3 PM. | You are booked for Tuesday at 4 PM.
        You are booked for Tuesday at 3 PM. | You are booked for Tuesday at 3:30 PM.
        You are booked for Tuesday at 3 PM. | You are booked for Tuesday at 2.
        You are booked for Tuesday at 3 PM. | You are booked for Tuesday.
        Your table is booked for 7:45 this evening. | Your table is booked for 7:15 this evening.
        Your table is booked for 7:15 this evening. | Your table is booked for 7:50 this evening.
        How about Wednesday at noon? | How about Wednesday at midnight?
        Our office is open from 9 AM to 5 PM. | Our office is open from 5 AM to 9 PM.
        Your flight departs at 6:05 AM from gate C22. | Your flight departs at 6:50 AM from gate C22.
        -- amounts, numbers, codes
        Your checking account balance is $1,254.37. | Your checking account balance is $1,245.37.
        Your checking account balance is $1,254.37. | Your checking account balance is $1,254.
        Your payment of $89.99 was received on October 3rd. | Your payment of $98.99 was received on October 3rd.
        That will be $15 per month. | That will be $50 per month.
        That will be fifteen dollars per month. | That will be fifty dollars per month.
        Your order number 48291 has shipped. | Your order number 48219 has shipped.
        Your order number 48291 has shipped. | Your order number for 8291 has shipped.
        Your order number 48291 has shipped. | Your order number has shipped.
        Your order has shipped. | Your order number 48291 has shipped.
        The phone number we have on file is 415-555-0132. | The phone number we have on file is 415-555-132.
        The phone number we have on file is 415-555-0132. | The phone number we have on file is 415-555-0123.
        You can reach our billing department at 1-800-555-0199. | You can reach our billing department at 1-800-555-199.
        Your confirmation code is B7K4Q9. | Your confirmation code is p7k4q9.
        Your confirmation code is B7K4Q9. | Your confirmation code is B7K4Q5.
        Your confirmation number is 4829. | Your confirmation number is 4830.
        Your flight UA 2317 departs soon. | Your flight UA 2370 departs soon.
        Please go to gate C22. | Please go to gate D22.
        Apartment 12B. | Apartment 12D.
        I found three flights from Boston to Denver. | I found thirteen flights from Boston to Denver.
        The current wait time is approximately thirteen minutes. | The current wait time is approximately thirty minutes.
        The current wait time is approximately twelve minutes. | The current wait time is approximately twelve hours.
        Press one for sales. | Press two for sales.
        To continue in English, press one. For Spanish, press two. | To continue in English, press two. For Spanish, press one.
        Your credit score is 742. | Your credit score is 724.
        You get a 15% discount. | You get a 50% discount.
        The email address on file is john.smith@example.com. | The email address on file is john.smith@example.org.
        -- negations
        I'm sorry, I didn't catch that. | I'm sorry, I did catch that.
        Your order has shipped. | Your order has not shipped.
        We can deliver to that address. | We can't deliver to that address.
        We cannot find that reservation. | We can now find that reservation.
        That time slot is no longer available. | That time slot is available.
        Your payment was received. | Your payment was never received.
        You will be charged a fee. | You won't be charged a fee.
        There are rooms available. | There are no rooms available.
        I can book but not cancel. | I can not book but cancel.
        I can find your reservation. | I am unable to find your reservation.
        You can pay with a card. | You can pay without a card.
        Please say yes or no. | Please say yes or number.
        Nobody is available to take your call. | Somebody is available to take your call.
        ",
        false,
        says,
    );
}

#[test]
fn says_never_forgives_an_opposite_or_another_word() {
    check(
        "
        -- opposites
        Your appointment with Michael O'Brien has been cancelled. | Your appointment with Michael O'Brien has been confirmed.
        I have rescheduled your appointment. | I have cancelled your appointment.
        You are booked for Tuesday. | You are canceled for Tuesday.
        Our office is open on Sunday. | Our office is closed on Sunday.
        The doctor is available this week. | The doctor is unavailable this week.
        Your claim has been accepted. | Your claim has been declined.
        Your application was approved. | Your application was rejected.
        Please call us before Friday. | Please call us after Friday.
        Your bill will increase next month. | Your bill will decrease next month.
        The alarm is on. | The alarm is off.
        Two-factor login is enabled. | Two-factor login is disabled.
        Your account has been locked due to too many failed attempts. | Your account has been unlocked due to too many failed attempts.
        Your flight has been delayed. | Your flight has departed.
        Yes. | No.
        No. | Yes.
        Yes, that is correct. | Yes, that is incorrect.
        -- other words
        Yes. | Us.
        Goodbye. | Good morning.
        Okay. | Thank you.
        Got it. | Good day.
        Your payment was received. | Your payment was refunded.
        Your order has shipped. | Your refund has been issued.
        Your order has shipped and will arrive on Thursday. | Your order is lost and will arrive on Thursday.
        I found three flights from Boston to Denver tomorrow morning. | I found three flights from Boston to Dallas tomorrow morning.
        I found three flights from Boston to Denver tomorrow morning. | I found three flights from Denver to Boston tomorrow morning.
        Your appointment with Doctor Patel has been confirmed. | Your appointment with Doctor Smith has been confirmed.
        Press one to confirm or two to cancel. | Press one to cancel or two to confirm.
        Press one to confirm or two to cancel. | Press two to confirm or one to cancel.
        Would you like the earliest one? | Would you like the latest one?
        Thank you for waiting. | Thank you for calling.
        Thank you, Jennifer. | Thank you, Robert.
        Which day works best for you? | What is your order number?
        How can I help you today? | Is there anything else today?
        What is your account number? | What is your date of birth?
        Please hold while I transfer you to an agent. | Thank you for calling, goodbye.
        Would you like a confirmation by text message? | Would you like to cancel your subscription?
        -- more than was expected
        Your balance is $20. | Your balance is $20. Your next payment of $5 is due on Monday.
        Which day works best for you? | Which day works best for you? Our dentists are very popular and slots fill up quickly this season.
        -- nothing heard
        Which day works best for you? | ...
        ",
        false,
        says,
    );
}

#[test]
fn says_joins_what_pauses_cut() {
    check(
        "
        Your checking account balance is $1,254.37. | Your checking account balance is one thousand, two hundred fifty four dollars. And thirty seven cents.
        Your checking account balance is $1,254.37. | Your checking account balance is one thousand. Two hundred fifty four dollars. And thirty seven cents.
        I have an opening on Tuesday, March 14th at 3:30 PM. Would that work for you? | I have an opening on Tuesday, March 14th. At 3:30 p.m. Would that work for you?
        You're all set for Friday at 10:15 AM. | You're all set for Friday at ten. Fifteen a.m.
        The phone number we have on file is 415-555-0132. Is that correct? | The phone number we have on file is four one five. Five five five. Zero one three two. Is that correct?
        Your confirmation code is B7K4. Is there anything else? | Your confirmation code is B. Seven. K. Four. Is there anything else?
        Your order number 48291 has shipped and will arrive on Thursday. | Your order number 4, 8, 2, 9, 1. Has shipped. And will arrive on Thursday.
        Order number 5 has shipped. | Order No. 5 has shipped.
        Great, you're all set for Friday. | 8. Great, you're all set for Friday.
        5. Anything else? | 5. Anything else?
        Five. Anything else? | 5. Anything else?
        No. | No.
        ",
        true,
        says,
    );
    check(
        "
        Your checking account balance is $1,254.37. | Your checking account balance is one thousand, two hundred fifty four dollars. And thirty eight cents.
        You're all set for Friday at 10:15 AM. | You're all set for Friday at ten. Fifty a.m.
        You're all set for Friday at 10:15 AM. | You're all set for Friday at ten. Fifteen p.m.
        The phone number we have on file is 415-555-0132. Is that correct? | The phone number we have on file is four one five. Five five five. Zero one two three. Is that correct?
        Your confirmation code is B7K4. Is there anything else? | Your confirmation code is B. Seven. K. Five. Is there anything else?
        Five. Anything else? | 6. Anything else?
        Your total is $8. | 8. Your total is $9.
        8 people are waiting. | 8. No people are waiting.
        Number 5 is free. | No. 5 is not free.
        No. | No. 5.
        Number. | No.
        ",
        false,
        says,
    );
}
