//! Pairs of texts that must come out equal, and pairs that must not.

use super::normalise;

/// `left = right` lines must be equal after normalisation, `left ! right` must differ.
pub(super) fn check(table: &str) {
    let mut wrong = Vec::new();
    for line in table.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("--")) {
        let (equal, parts) = match line.split_once(" = ") {
            Some(parts) => (true, parts),
            None => (false, line.split_once(" ! ").expect("a line has ` = ` or ` ! `")),
        };
        let (left, right) = (normalise(parts.0.trim()), normalise(parts.1.trim()));
        if left.same(&right) != equal {
            wrong.push(format!("{line}\n      left  {left}\n      right {right}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn words() {
    check(
        "
        -- case, punctuation, contractions
        Hello, World! = hello world
        I'm sorry = I am sorry
        I’m sorry = I am sorry
        I didn't catch that. = i did not catch that
        You can't do that = you cannot do that
        You can't do that = you can not do that
        It won't work = it will not work
        Let's try again = let us try again
        You've reached Acme = you have reached Acme
        We'll call = we will call
        They're here = they are here
        What's your name? = What is your name
        It's = it is
        I'd like that = I would like that
        Doesn't = does not
        dont = don't
        You can do that ! You can't do that
        It will work ! It won't work
        I did catch that ! I didn't catch that
        -- one word or two, spellings
        Okay = ok
        O.K. = okay
        OK! = Okay.
        Alright = all right
        Good-bye. = Goodbye
        good bye = goodbye
        ready for pick up = ready for pickup
        pick-up = pickup
        Doctor Patel = Dr. Patel
        Mr. Smith = mister Smith
        cancelled = canceled
        cancelling = canceling
        apartment 12 = apt 12
        e-mail = email
        check-in = check in
        voice mail = voicemail
        O'Brien = OBrien
        Café = cafe
        A & B = A and B
        Bob's = Bobs
        appointment ! appointments
        cancelled ! cancel
        one more ! two more
        ",
    );
}

#[test]
fn numbers() {
    check(
        "
        twelve = 12
        twenty five = 25
        twenty-five = 25
        one hundred = 100
        a hundred = 100
        one hundred five = 105
        one hundred and five = 105
        seven hundred forty two = 742
        one thousand two hundred fifty four = 1254
        one thousand, two hundred and fifty-four = 1,254
        sixteen hundred = 1600
        two thousand = 2000
        three million = 3,000,000
        5 thousand = 5000
        fifteen hundred people = 1,500 people
        three point five = 3.5
        twenty twenty six = 2026
        two thousand twenty six = 2026
        nineteen ninety nine = 1999
        forty eight twenty nine = 4829
        four eight two nine = 4829
        four eight two nine one = 48291
        48 29 = 4829
        7-7-3-1 = seven, seven, three, one
        3rd = third
        the 21st = the twenty first
        the twenty-first = the 21st
        12th = twelfth
        15% = fifteen percent
        15 % = 15 per cent
        3.5% = three point five percent
        one second = 1 second
        5-7 business days = five to seven business days
        thirteen ! thirty
        13 ! 30
        fifteen ! fifty
        15 ! 50
        sixteen ! sixty
        4829 ! 4892
        4829 ! 4830
        3 ! third
        15% ! 15
        15% ! 50%
        742 ! 724
        one hundred ! one thousand
        100 ! 1000
        zero one three two ! one three two
        2nd ! one second
        ",
    );
}

#[test]
fn money() {
    check(
        "
        $25 = twenty five dollars
        $25 = 25 dollars
        $25.00 = $25
        $ 25 = 25 dollars
        a hundred dollars = $100
        $1,254.37 = one thousand two hundred fifty four dollars and thirty seven cents
        $1,254.37 = 1254 dollars 37 cents
        $1,254.37 = 1,254 dollars and 37 cents
        $1254.37 = $1,254.37
        $89.99 = eighty nine dollars and ninety nine cents
        $19.95 = 19 dollars and 95 cents
        forty two dollars and fifty cents = $42.50
        forty-two dollars and fifty cents = 42.50 dollars
        $129 per night = one hundred twenty nine dollars per night
        fifty cents = $0.50
        £20 = twenty pounds
        €9.50 = nine euros and fifty cents
        $5.5 = $5.50
        5€ = five euros
        20$ = $20
        $25 ! $25.37
        $25 ! $52
        $15 ! $50
        $25 ! £25
        $25 ! 25
        $25 ! 25%
        $1,254.37 ! $1,245.37
        forty two dollars ! forty two
        ",
    );
}

#[test]
fn times() {
    check(
        "
        3 PM = three p.m.
        3 PM = 15:00
        3 PM = 3:00 pm
        3 PM = 3pm
        3 PM = 3 p m
        3 PM = three P M
        3:00 p.m. = 15:00
        10:15 AM = ten fifteen a m
        10:15 AM = ten fifteen a.m.
        10:15 AM = 10.15 a.m.
        9.30 am = nine thirty AM
        6:05 AM = six oh five a m
        6:05 AM = six o five a.m.
        6:05 am = 06:05 AM
        330 pm = 3:30 PM
        three thirty = 3:30
        seven forty five = 7:45
        six oh five = 6:05
        quarter past three = 3:15
        a quarter past three pm = 3:15 PM
        quarter to four = three forty five
        half past three = 3:30
        half past three p.m. = 15:30
        ten past nine = 9:10
        ten minutes to five = 4:50
        quarter to one pm = 12:45 PM
        noon = 12 pm
        noon = twelve p.m.
        12 noon = 12:00 PM
        midnight = 12 AM
        midnight = 00:00
        three o'clock = 3 o'clock
        three o'clock = 3:00
        3 o'clock pm = 3 PM
        six in the morning = 6 AM
        3 in the afternoon = 3 PM
        eight in the evening = 20:00
        9 AM to 5 PM = nine A.M. to five P.M.
        by 8 PM tonight = by 8pm tonight
        3:30 p.m. Would that work = 3:30 PM would that work
        25:00 ! 26:00
        3 PM ! 3 AM
        3 PM ! 4 PM
        3 PM ! 2 PM
        3:30 PM ! 3:30 AM
        3:30 ! 3:30 PM
        3:30 ! 3:13
        3:15 PM ! 3:50 PM
        13:00 ! 1 AM
        noon ! midnight
        12 AM ! 12 PM
        quarter past three ! quarter to three
        nine to five ! 4:51
        three thirty ! three thirteen
        three ! 3 PM
        ",
    );
}

#[test]
fn dates() {
    check(
        "
        March fourteenth = March 14th
        March 14th = March 14
        March 14 = 14 March
        March 14 = the 14th of March
        March the fourteenth = March 14
        14th of March = March 14
        Mar 14 = March 14
        Mar. 14th = March 14
        Tuesday, March 14th at 3:30 PM = Tuesday March fourteenth at three thirty p.m.
        October third = October 3rd
        Oct 3 = October third
        June twenty first = June 21st
        January 5th, 2026 = January 5, 2026
        January 5th, 2026 = January fifth, twenty twenty six
        January 5th, 2026 = January fifth two thousand twenty six
        January 5th, 2026 = the fifth of January 2026
        1/5/2026 = January 5, 2026
        2026-01-05 = January 5th, 2026
        March 2026 = March twenty twenty six
        May 5th = 5th of May
        Sept 9 = September ninth
        14/3/2026 = March 14, 2026
        in march = in March
        March 14 ! March 15
        March 14 ! May 14
        March 14 ! March 40
        March 14 ! April 14
        March 14, 2026 ! March 14, 2025
        March 14 ! March 14, 2026
        January ! June
        March 13th ! March 30th
        the 14th ! the 15th
        Tuesday ! Thursday
        you may call = you may call
        ",
    );
}

#[test]
fn codes_phones_addresses() {
    check(
        "
        B seven K four = B7K4
        B7K4 = B-7-K-4
        B7K4 = b 7 k 4
        B7K4 = B, 7, K, 4
        B seven K four Q nine = B7K4Q9
        b7k4q9 = B 7 K 4 Q 9
        gate C twenty two = gate C22
        Gate C 22 = gate c22
        apartment twelve B = apartment 12B
        UA 2317 = U A two three one seven
        UA2317 = UA 2317
        seat 12 A = seat 12A
        B seven A four = B7A4
        A5 = a-5
        415-555-0132 = four one five, five five five, zero one three two
        415-555-0132 = 415 555 0132
        415-555-0132 = (415) 555-0132
        415-555-0132 = 415.555.0132
        415-555-0132 = 4155550132
        415-555-0132 = four one five five five five oh one three two
        415-555-0132 = four one five, triple five, zero one three two
        1-800-555-0199 = one eight hundred, five five five, zero one nine nine
        double five = 55
        room one oh seven zero = room 1070
        john dot smith at example dot com = john.smith@example.com
        john.smith at example.com = john.smith@example.com
        John.Smith@Example.com. = john.smith@example.com
        mary underscore jones at mail dot example dot org = mary_jones@mail.example.org
        example dot com = example.com
        S-M-I-T-H = S M I T H
        P.O. Box 12 = P O box twelve
        B O seven = B07
        B7K4 ! B7K5
        B7K4 ! P7K4
        B7K4 ! BK74
        C22 ! C2
        C22 ! 22
        gate C22 ! gate D22
        12A ! 12B
        415-555-0132 ! 415-555-0123
        415-555-0132 ! 415-555-132
        john.smith@example.com ! john.smith@example.org
        john.smith@example.com ! jon.smith@example.com
        a 7 day trial ! A7 day trial
        1. Great. = Great.
        1. Your flight = Your flight
        ",
    );
}

#[test]
fn whole_replies() {
    let heard = "You are booked for Tuesday at three p.m. Your confirmation number is four eight two nine.";
    assert_eq!(normalise(heard).to_string(), "you are booked for tuesday at time:15:00 your confirmation number is num:4829");
    let flight = normalise("Your flight UA 2317 departs at 6:05 AM from gate C22.");
    assert_eq!(flight.to_string(), "your flight ua num:2317 departs at time:06:05 from gate code:c22");
    assert_eq!(flight.original(6), "6:05 AM");
}
